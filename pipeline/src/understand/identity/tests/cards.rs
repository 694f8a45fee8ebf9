//! Cards of many countries and states, invented but laid out as the real ones are.

use super::*;

/// What a card says, and that all of it is sure enough to file.
#[track_caller]
fn surely(rows: &[&[(f32, &str)]], wanted: &[(FieldName, &str)]) {
    let fields = read(rows);
    for (name, value) in wanted {
        says(&fields, *name, value);
        let sure = fields[name].confidence;
        assert!(sure >= 0.9, "{name} {sure}");
    }
}

use FieldName::{
    BirthDate, DocumentNumber, DocumentType, ExpiryDate, GivenNames, IssuingCountry, Sex, SupportNumber,
    Surname,
};

#[test]
fn a_californian_licence_by_its_letters() {
    let card = |number, last, first| {
        surely(
            &[
                &[(0.05, "CALIFORNIA USA"), (0.7, "DRIVER LICENSE")],
                &[(0.35, number), (0.75, "CLASS C")],
                &[(0.35, "EXP 08/31/2031"), (0.75, "END NONE")],
                &[(0.35, last)],
                &[(0.35, first)],
                &[(0.35, "2570 24TH STREET")],
                &[(0.35, "ANYTOWN, CA 95818")],
                &[(0.35, "DOB 08/31/1977"), (0.75, "RSTR NONE")],
                &[(0.5, "SEX F"), (0.65, "HAIR BRN"), (0.8, "EYES BRN")],
                &[(0.35, "DD 00/00/0000NNNAN/ANFD/YY")],
            ],
            &[
                (DocumentType, "driver_license"),
                (DocumentNumber, "Y1234567"),
                (Surname, "MARSH"),
                (GivenNames, "IDA ROSE"),
                (BirthDate, "1977-08-31"),
                (ExpiryDate, "2031-08-31"),
                (IssuingCountry, "USA"),
            ],
        );
    };
    card("DL Y1234567", "LN MARSH", "FN IDA ROSE");
    card("DLY1234567", "LNMARSH", "FNIDA ROSE");
}

#[test]
fn american_numbers_in_groups() {
    let card = |number, wanted| {
        surely(
            &[
                &[(0.05, "OREGON"), (0.5, "DRIVER LICENSE")],
                &[(0.35, number), (0.75, "9 CLASS D")],
                &[(0.35, "3 DOB: 06/09/1985"), (0.7, "4b EXP: 10/01/2028")],
                &[(0.35, "1 MARSH")],
                &[(0.35, "2 IDA ROSE")],
                &[(0.35, "8 12 ELM ST")],
                &[(0.35, "BEND, OR 97701-0000")],
                &[(0.35, "15 SEX: F 18 EYES: BRO")],
                &[(0.35, "5 DD: 0123456789012345678901234")],
            ],
            &[
                (DocumentNumber, wanted),
                (Surname, "MARSH"),
                (GivenNames, "IDA ROSE"),
                (ExpiryDate, "2028-10-01"),
            ],
        );
    };
    card("4d DLN: 12 345 678 DUPS: 000", "12345678");
    card("4d LIC NO M 123 456 789 012", "M123456789012");
    card("4d DL: 12345678", "12345678");
    card("4d ID 012 345 678", "012345678");
    card("4d DL NO. 123456789", "123456789");
    card("4dDLNM620-540-65-500-0", "M620-540-65-500-0");
    card("4d DL A1234 56789 01235", "A12345678901235");
    card("4d CUSTOMER IDENTIFIER T64235789", "T64235789");
    card("4d K00-09-7443", "K00-09-7443");
}

#[test]
fn names_without_numbers_stand_over_the_address() {
    let card = |first, second| {
        read(&[
            &[(0.05, "NEW YORK STATE"), (0.5, "DRIVER LICENSE")],
            &[(0.35, "4d ID 012 345 678"), (0.75, "9 CLASS D")],
            &[(0.35, first)],
            &[(0.35, second)],
            &[(0.35, "12 ELM ST")],
            &[(0.35, "APT 2")],
            &[(0.35, "ALBANY, NY 12201")],
            &[(0.35, "15 SEX F"), (0.5, "18 EYES BRO")],
            &[(0.35, "4b EXPIRES 10/01/2028")],
        ])
    };
    let fields = card("MARSH", "IDA ROSE");
    says(&fields, Surname, "MARSH");
    says(&fields, GivenNames, "IDA ROSE");
    assert!(fields[&Surname].confidence >= 0.9);
    let fields = card("CLASS D", "MARSH, IDA ROSE");
    says(&fields, GivenNames, "IDA ROSE");
    // Either may come first where nothing says which.
    let fields = card("CLASS D", "IDA MARSH");
    says(&fields, Surname, "MARSH");
    assert!(fields[&Surname].confidence < 0.9);
}

#[test]
fn a_states_identity_card_is_no_licence() {
    surely(
        &[
            &[(0.05, "OHIO"), (0.5, "IDENTIFICATION CARD")],
            &[(0.5, "NOT A DRIVER LICENSE")],
            &[(0.35, "4d ID NO. UV123456")],
            &[(0.35, "1 MARSH")],
            &[(0.35, "2 IDA ROSE")],
            &[(0.35, "3 DOB 06/09/1985"), (0.7, "4b EXP 10/01/2028")],
        ],
        &[
            (DocumentType, "national_id"),
            (DocumentNumber, "UV123456"),
            (Surname, "MARSH"),
            (ExpiryDate, "2028-10-01"),
        ],
    );
}

#[test]
fn the_social_security_card() {
    let card = |number, names: &[&str]| {
        let mut rows: Vec<&[(f32, &str)]> = vec![&[(0.3, "SOCIAL SECURITY")]];
        let number = [(0.35, number)];
        rows.push(&number);
        rows.push(&[(0.2, "THIS NUMBER HAS BEEN ESTABLISHED FOR")]);
        let names: Vec<[(f32, &str); 1]> = names.iter().map(|n| [(0.38, *n)]).collect();
        rows.extend(names.iter().map(<[(f32, &str); 1]>::as_slice));
        rows.push(&[(0.45, "SIGNATURE")]);
        let mut fields = read(&rows);
        (checked(&mut fields).is_some(), fields)
    };
    let (broken, fields) = card("219-09-8888", &["IDA MARSH"]);
    says(&fields, DocumentType, "social_security");
    says(&fields, DocumentNumber, "219-09-8888");
    says(&fields, Surname, "MARSH");
    assert!(!broken && fields[&Surname].confidence >= 0.9);
    let (_, fields) = card("219-09-8888", &["IDA ROSE ANN", "MARSH"]);
    says(&fields, GivenNames, "IDA ROSE ANN");
    let (_, fields) = card("219-09-8888", &["IDA ROSE MARSH"]);
    assert!(fields[&Surname].confidence < 0.9);
    assert!(card("000-09-8888", &["IDA MARSH"]).0);
}

#[test]
fn aadhaar_prints_the_name_over_the_birth() {
    let rows: &[&[(f32, &str)]] = &[
        &[(0.3, "Government of India")],
        &[(0.4, "Mira Sen")],
        &[(0.4, "DOB: 04/05/1990")],
        &[(0.4, "FEMALE")],
        &[(0.35, "2345 6789 0124")],
        &[(0.3, "VID : 9123 4567 8901 2345")],
    ];
    let mut fields = read(rows);
    says(&fields, DocumentType, "national_id");
    says(&fields, DocumentNumber, "234567890124");
    says(&fields, Surname, "Sen");
    says(&fields, BirthDate, "1990-05-04");
    assert!(checked(&mut fields).is_none());
    assert!(fields[&DocumentNumber].confidence > 0.95);
}

#[test]
fn mexicos_voter_card() {
    surely(
        &[
            &[(0.2, "INSTITUTO NACIONAL ELECTORAL")],
            &[(0.2, "CREDENCIAL PARA VOTAR")],
            &[(0.35, "NOMBRE"), (0.75, "FECHA DE NACIMIENTO")],
            &[(0.35, "RIOS"), (0.75, "04/05/1990")],
            &[(0.35, "LUNA"), (0.75, "SEXO M")],
            &[(0.35, "EVA MARIA")],
            &[(0.35, "DOMICILIO")],
            &[(0.35, "C MAR 12")],
            &[(0.35, "COL SOL 01000")],
            &[(0.35, "CLAVE DE ELECTOR RSLNEV90050409M100")],
            &[(0.35, "CURP RILE900504MDFSNV07"), (0.75, "AÑO DE REGISTRO 2010 01")],
            &[(0.35, "ESTADO 09 MUNICIPIO 002"), (0.75, "SECCIÓN 0123")],
            &[(0.35, "LOCALIDAD 0001 EMISIÓN 2021"), (0.75, "VIGENCIA 2031")],
        ],
        &[
            (DocumentType, "national_id"),
            (DocumentNumber, "RILE900504MDFSNV07"),
            (Surname, "RIOS LUNA"),
            (GivenNames, "EVA MARIA"),
            (BirthDate, "1990-05-04"),
            (Sex, "F"),
            (ExpiryDate, "2031-12-31"),
            (IssuingCountry, "MEX"),
        ],
    );
}

#[test]
fn spanish_cards() {
    surely(
        &[
            &[(0.1, "ESPAÑA"), (0.3, "DOCUMENTO NACIONAL DE IDENTIDAD")],
            &[(0.4, "PRIMER APELLIDO")],
            &[(0.4, "LAGO")],
            &[(0.4, "SEGUNDO APELLIDO")],
            &[(0.4, "MONTE")],
            &[(0.4, "NOMBRE")],
            &[(0.4, "IRIS")],
            &[(0.4, "SEXO"), (0.6, "NACIONALIDAD")],
            &[(0.4, "F"), (0.6, "ESP")],
            &[(0.4, "FECHA DE NACIMIENTO")],
            &[(0.4, "01 02 1990")],
            &[(0.4, "IDESP"), (0.7, "VÁLIDO HASTA")],
            &[(0.4, "AAA000001"), (0.7, "03 04 2032")],
            &[(0.1, "DNI NÚM. 12345678Z")],
        ],
        &[
            (Surname, "LAGO MONTE"),
            (GivenNames, "IRIS"),
            (DocumentNumber, "12345678Z"),
            (ExpiryDate, "2032-04-03"),
            (IssuingCountry, "ESP"),
        ],
    );
    surely(
        &[
            &[(0.1, "ESPAÑA"), (0.4, "PERMISO DE RESIDENCIA")],
            &[(0.4, "APELLIDOS / SURNAMES")],
            &[(0.4, "LAGO")],
            &[(0.4, "NOMBRE / NAME")],
            &[(0.4, "IRIS")],
            &[(0.4, "SEXO / SEX"), (0.55, "NACIONALIDAD"), (0.75, "FECHA DE NACIMIENTO")],
            &[(0.4, "F"), (0.55, "COL"), (0.75, "01 02 1990")],
            &[(0.4, "NIE X1234567L"), (0.75, "VÁLIDO HASTA")],
            &[(0.75, "03-04-2032")],
        ],
        &[
            (DocumentType, "residence_permit"),
            (DocumentNumber, "X1234567L"),
            (Surname, "LAGO"),
            (GivenNames, "IRIS"),
            (ExpiryDate, "2032-04-03"),
        ],
    );
}

#[test]
fn south_american_cards() {
    surely(
        &[
            &[(0.1, "REPÚBLICA ARGENTINA - MERCOSUR")],
            &[(0.1, "REGISTRO NACIONAL DE LAS PERSONAS")],
            &[(0.4, "Apellido / Surname")],
            &[(0.4, "LAGO")],
            &[(0.4, "Nombre / Name")],
            &[(0.4, "IRIS")],
            &[(0.4, "Sexo / Sex"), (0.55, "Nacionalidad / Nationality"), (0.85, "Ejemplar")],
            &[(0.4, "F"), (0.55, "ARGENTINA"), (0.85, "A")],
            &[(0.4, "Fecha de nacimiento / Date of birth")],
            &[(0.4, "01 FEB/ FEB 1990")],
            &[(0.4, "Fecha de emisión / Date of issue")],
            &[(0.4, "03 MAR/ MAR 2020")],
            &[(0.4, "Fecha de vencimiento / Date of expiry")],
            &[(0.4, "03 MAR/ MAR 2035")],
            &[(0.05, "Documento / Document"), (0.5, "Trámite N° / Of. ident.")],
            &[(0.05, "12.345.678"), (0.5, "00012345678")],
        ],
        &[
            (DocumentNumber, "12.345.678"),
            (Surname, "LAGO"),
            (GivenNames, "IRIS"),
            (BirthDate, "1990-02-01"),
            (ExpiryDate, "2035-03-03"),
        ],
    );
    surely(
        &[
            &[(0.3, "CÉDULA DE IDENTIDAD"), (0.7, "REPÚBLICA DE CHILE")],
            &[(0.4, "APELLIDOS")],
            &[(0.4, "LAGO")],
            &[(0.4, "MONTE")],
            &[(0.4, "NOMBRES")],
            &[(0.4, "IRIS")],
            &[(0.4, "NACIONALIDAD"), (0.7, "SEXO")],
            &[(0.4, "CHILENA"), (0.7, "F")],
            &[(0.4, "FECHA DE NACIMIENTO"), (0.7, "NÚMERO DOCUMENTO")],
            &[(0.4, "01 FEB 1990"), (0.7, "123.456.789")],
            &[(0.4, "FECHA DE EMISIÓN"), (0.7, "FECHA DE VENCIMIENTO")],
            &[(0.4, "03 MAR 2020"), (0.7, "03 MAR 2030")],
            &[(0.05, "RUN 12.345.678-5")],
        ],
        &[
            (Surname, "LAGO MONTE"),
            (GivenNames, "IRIS"),
            (DocumentNumber, "12.345.678-5"),
            (SupportNumber, "123.456.789"),
            (ExpiryDate, "2030-03-03"),
        ],
    );
    surely(
        &[
            &[(0.1, "REPÚBLICA DEL PERÚ")],
            &[(0.1, "DOCUMENTO NACIONAL DE IDENTIDAD"), (0.7, "DNI 12345678 - 9")],
            &[(0.3, "Primer Apellido"), (0.7, "Fecha Inscripción")],
            &[(0.3, "LAGO"), (0.7, "01 02 2008")],
            &[(0.3, "Segundo Apellido"), (0.7, "Fecha Emisión")],
            &[(0.3, "MONTE"), (0.7, "03 03 2022")],
            &[(0.3, "Pre Nombres"), (0.7, "Fecha Caducidad")],
            &[(0.3, "IRIS"), (0.7, "03 03 2030")],
            &[(0.3, "Nacimiento: Fecha y Ubigeo")],
            &[(0.3, "01 02 1990 140101")],
        ],
        &[
            (DocumentNumber, "12345678"),
            (Surname, "LAGO MONTE"),
            (GivenNames, "IRIS"),
            (ExpiryDate, "2030-03-03"),
        ],
    );
    surely(
        &[
            &[(0.1, "REPÚBLICA DE COLOMBIA"), (0.7, "CÉDULA DE CIUDADANÍA")],
            &[(0.35, "NUIP"), (0.5, "1.000.222.333")],
            &[(0.35, "Apellidos")],
            &[(0.35, "RIOS LUNA")],
            &[(0.35, "Nombres")],
            &[(0.35, "EVA MARIA")],
            &[(0.35, "Nacionalidad"), (0.55, "Estatura"), (0.75, "Sexo")],
            &[(0.35, "COL"), (0.55, "1.60"), (0.75, "F")],
            &[(0.35, "Fecha de nacimiento"), (0.75, "G.S.")],
            &[(0.35, "04 MAY 1990"), (0.75, "O+")],
            &[(0.35, "Fecha y lugar de expedición")],
            &[(0.35, "05 JUN 2021, BOGOTA D.C.")],
            &[(0.35, "Fecha de expiración")],
            &[(0.35, "05 JUN 2031")],
        ],
        &[
            (DocumentNumber, "1.000.222.333"),
            (Surname, "RIOS LUNA"),
            (GivenNames, "EVA MARIA"),
            (ExpiryDate, "2031-06-05"),
        ],
    );
}

#[test]
fn portuguese_and_brazilian_cards() {
    surely(
        &[
            &[(0.1, "REPÚBLICA PORTUGUESA"), (0.6, "CARTÃO DE CIDADÃO")],
            &[(0.35, "APELIDO(S) / SURNAME")],
            &[(0.35, "LAGO MONTE")],
            &[(0.35, "NOME(S) / GIVEN NAME(S)")],
            &[(0.35, "IRIS ANA")],
            &[(0.35, "SEXO"), (0.45, "ALTURA"), (0.55, "NACIONALIDADE"), (0.75, "DATA DE NASCIMENTO")],
            &[(0.35, "F"), (0.45, "1,60"), (0.55, "PRT"), (0.75, "01 02 1990")],
            &[(0.35, "Nº DOCUMENTO"), (0.75, "DATA DE VALIDADE")],
            &[(0.35, "12345678 9 ZZ4"), (0.75, "03 04 2031")],
        ],
        &[
            (DocumentNumber, "123456789ZZ4"),
            (Surname, "LAGO MONTE"),
            (GivenNames, "IRIS ANA"),
            (ExpiryDate, "2031-04-03"),
        ],
    );
    surely(
        &[
            &[(0.1, "REPÚBLICA FEDERATIVA DO BRASIL")],
            &[(0.1, "CARTEIRA NACIONAL DE HABILITAÇÃO")],
            &[(0.3, "NOME")],
            &[(0.3, "RUI BRITO SILVA")],
            &[(0.3, "DOC. IDENTIDADE / ÓRG. EMISSOR / UF")],
            &[(0.3, "1234567 SSP SP")],
            &[(0.3, "CPF"), (0.6, "DATA NASCIMENTO")],
            &[(0.3, "111.444.777-35"), (0.6, "01/02/1990")],
            &[(0.3, "FILIAÇÃO")],
            &[(0.3, "JOSE SILVA")],
            &[(0.3, "ANA BRITO")],
            &[(0.3, "Nº REGISTRO"), (0.55, "VALIDADE"), (0.75, "1ª HABILITAÇÃO")],
            &[(0.3, "01234567890"), (0.55, "03/04/2031"), (0.75, "05/06/2010")],
        ],
        &[
            (DocumentType, "driver_license"),
            (DocumentNumber, "01234567890"),
            (Surname, "BRITO SILVA"),
            (GivenNames, "RUI"),
            (BirthDate, "1990-02-01"),
            (ExpiryDate, "2031-04-03"),
        ],
    );
    surely(
        &[
            &[(0.1, "REPÚBLICA FEDERATIVA DO BRASIL")],
            &[(0.1, "CARTEIRA DE IDENTIDADE")],
            &[(0.1, "REGISTRO GERAL 12.345.678-9"), (0.6, "DATA DE EXPEDIÇÃO 05/06/2015")],
            &[(0.1, "NOME RUI BRITO SILVA")],
            &[(0.1, "FILIAÇÃO JOSE SILVA")],
            &[(0.22, "ANA BRITO")],
            &[(0.1, "NATURALIDADE S.PAULO - SP"), (0.6, "DATA DE NASCIMENTO 01/02/1990")],
            &[(0.1, "CPF 111.444.777-35")],
        ],
        &[
            (DocumentNumber, "111.444.777-35"),
            (Surname, "BRITO SILVA"),
            (GivenNames, "RUI"),
            (BirthDate, "1990-02-01"),
        ],
    );
}

#[test]
fn european_licences_glued_and_spaced() {
    surely(
        &[
            &[(0.2, "PERMIS DE CONDUIRE"), (0.6, "RÉPUBLIQUE FRANÇAISE")],
            &[(0.3, "1.DURAND")],
            &[(0.3, "2.Odile, Rose")],
            &[(0.3, "3.04.05.1980 (Lyon)")],
            &[(0.3, "4a.01.02.2020"), (0.6, "4c.Préfet 69")],
            &[(0.3, "4b.31.01.2035"), (0.6, "4d.")],
            &[(0.3, "5.20AB12345")],
            &[(0.3, "7.")],
            &[(0.05, "9.B")],
        ],
        &[
            (Surname, "DURAND"),
            (GivenNames, "Odile Rose"),
            (DocumentNumber, "20AB12345"),
            (BirthDate, "1980-05-04"),
            (ExpiryDate, "2035-01-31"),
            (IssuingCountry, "FRA"),
        ],
    );
    surely(
        &[
            &[(0.2, "DRIVING LICENCE"), (0.6, "UK")],
            &[(0.3, "1. MARSH")],
            &[(0.3, "2. MISS IDA ROSE")],
            &[(0.3, "3. 04.05.1980 UNITED KINGDOM")],
            &[(0.3, "4a. 01.02.2020"), (0.55, "4c. DVLA")],
            &[(0.3, "4b. 31.01.2030")],
            &[(0.3, "5. MARSH855040IR9AB 35")],
            &[(0.3, "8. 12 ELM STREET, YORK, YO1 1AA")],
            &[(0.3, "9. AM/A/B1/B")],
        ],
        &[
            (Surname, "MARSH"),
            (DocumentNumber, "MARSH855040IR9AB"),
            (ExpiryDate, "2030-01-31"),
            (IssuingCountry, "GBR"),
        ],
    );
}

#[test]
fn one_value_under_two_labels_is_parted_at_its_comma() {
    let card = |name| {
        read(&[
            &[(0.2, "REPUBLIC OF THE PHILIPPINES")],
            &[(0.2, "DRIVER'S LICENSE")],
            &[(0.3, "Last Name. First Name. Middle Name")],
            &[(0.3, name)],
            &[(0.3, "License No."), (0.6, "Expiration Date")],
            &[(0.3, "N01-12-123456"), (0.6, "2031/12/24")],
        ])
    };
    let fields = card("RIOS LUNA, ALMA");
    says(&fields, Surname, "RIOS LUNA");
    says(&fields, GivenNames, "ALMA");
    says(&fields, DocumentNumber, "N01-12-123456");
    says(&fields, ExpiryDate, "2031-12-24");
    assert!(card("RIOS LUNA ALMA")[&Surname].confidence < 0.9);
}

#[test]
fn an_address_is_no_name() {
    let fields = read(&[
        &[(0.1, "OREGON"), (0.5, "DRIVER LICENSE")],
        &[(0.35, "1 MARSH")],
        &[(0.35, "8 12 ELM ST")],
        &[(0.35, "2 BEND OR 97701-0000")],
    ]);
    says(&fields, Surname, "MARSH");
    assert_eq!(fields.get(&GivenNames), None);
}

#[test]
fn the_new_brazilian_licence_numbers_its_labels() {
    surely(
        &[
            &[(0.1, "REPÚBLICA FEDERATIVA DO BRASIL")],
            &[(0.1, "CARTEIRA NACIONAL DE HABILITAÇÃO / DRIVER LICENSE")],
            &[(0.3, "2 e 1 NOME E SOBRENOME"), (0.75, "1ª HABILITAÇÃO")],
            &[(0.3, "RUI BRITO SILVA"), (0.75, "05/06/2010")],
            &[(0.3, "3 DATA, LOCAL E UF DE NASCIMENTO")],
            &[(0.3, "01/02/1990, CAMPINAS, SP")],
            &[(0.3, "4a DATA EMISSÃO"), (0.6, "4b VALIDADE")],
            &[(0.3, "03/04/2021"), (0.6, "03/04/2031")],
            &[(0.3, "4c DOC IDENTIDADE / ORG EMISSOR / UF")],
            &[(0.3, "1234567 SSP SP")],
            &[(0.3, "4d CPF"), (0.55, "5 Nº REGISTRO"), (0.8, "9 CAT HAB")],
            &[(0.3, "111.444.777-35"), (0.55, "01234567890"), (0.8, "AB")],
            &[(0.3, "FILIAÇÃO")],
            &[(0.3, "JOSE SILVA")],
            &[(0.3, "ANA BRITO")],
        ],
        &[
            (DocumentType, "driver_license"),
            (DocumentNumber, "01234567890"),
            (Surname, "BRITO SILVA"),
            (GivenNames, "RUI"),
            (BirthDate, "1990-02-01"),
            (ExpiryDate, "2031-04-03"),
            (IssuingCountry, "BRA"),
        ],
    );
}

#[test]
fn a_french_card_and_its_second_name() {
    surely(
        &[
            &[(0.1, "RÉPUBLIQUE FRANÇAISE")],
            &[(0.1, "CARTE NATIONALE D'IDENTITÉ / IDENTITY CARD")],
            &[(0.35, "NOM / Surname")],
            &[(0.35, "DURAND")],
            &[(0.35, "Prénoms / Given names")],
            &[(0.35, "Odile, Rose")],
            &[
                (0.35, "SEXE / Sex"),
                (0.5, "NATIONALITÉ / Nationality"),
                (0.78, "DATE DE NAISS. / Date of birth"),
            ],
            &[(0.35, "F"), (0.5, "FRA"), (0.78, "04 05 1980")],
            &[(0.35, "LIEU DE NAISSANCE / Place of birth")],
            &[(0.35, "LYON")],
            &[(0.35, "NOM D'USAGE / Alternate name")],
            &[(0.35, "ép. MARTIN")],
            &[(0.35, "N° DU DOCUMENT / Document No"), (0.72, "DATE D'EXPIR. / Expiry date")],
            &[(0.35, "X4RTBPFW4"), (0.72, "11 02 2030")],
        ],
        &[
            (Surname, "DURAND"),
            (GivenNames, "Odile Rose"),
            (DocumentNumber, "X4RTBPFW4"),
            (BirthDate, "1980-05-04"),
            (ExpiryDate, "2030-02-11"),
            (IssuingCountry, "FRA"),
        ],
    );
}

#[test]
fn labels_in_columns_as_in_massachusetts() {
    surely(
        &[
            &[(0.05, "MASSACHUSETTS"), (0.6, "DRIVER'S")],
            &[(0.6, "LICENSE")],
            &[(0.5, "4a ISS"), (0.75, "4d NUMBER")],
            &[(0.52, "01/12/2021"), (0.77, "S12345678")],
            &[(0.5, "4b EXP"), (0.75, "3 DOB")],
            &[(0.52, "01/12/2031"), (0.77, "01/12/1959")],
            &[(0.5, "9 CLASS"), (0.62, "12 REST"), (0.75, "9a END")],
            &[(0.52, "D"), (0.64, "NONE"), (0.77, "NONE")],
            &[(0.42, "MARSH")],
            &[(0.42, "IDA ROSE")],
            &[(0.42, "12 ELM STREET")],
            &[(0.42, "QUINCY, MA 02171-1748")],
            &[(0.42, "15 SEX F"), (0.6, "16 HGT 5'-04\"")],
            &[(0.42, "5 DD 01/12/2021 Rev 02/22/2016")],
        ],
        &[
            (DocumentNumber, "S12345678"),
            (Surname, "MARSH"),
            (GivenNames, "IDA ROSE"),
            (BirthDate, "1959-01-12"),
            (ExpiryDate, "2031-01-12"),
        ],
    );
}
