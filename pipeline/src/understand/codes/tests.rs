use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Option<Code> {
    let symbology = "qr_code".to_owned();
    find(&[Barcode { page: 1, symbology, text: text.to_owned(), bbox: [0.0, 0.0, 1.0, 1.0] }])
}

fn value(code: &Code, name: FieldName) -> &str {
    code.fields.get(&name).map_or("", |f| f.value.as_str())
}

#[test]
fn payment_codes() {
    let c = read("BCD\n002\n1\nSCT\nBIC\nMuster GmbH\nDE02\nEUR12.3\n\n\nR-1").expect("EPC");
    assert_eq!((value(&c, FieldName::Total), c.payee.as_deref()), ("12.30", Some("Muster GmbH")));
    assert!(!c.fields.contains_key(&FieldName::IssuerName), "the payee is not the issuer");
    let swiss =
        "SPC\n0200\n1\nCH44\nS\nRobert Muster AG\nGasse\n1\n2501\nBiel\nCH\n\n\n\n\n\n\n\n1949.75\nCHF\nS";
    let c = read(swiss).expect("Swiss");
    assert_eq!((value(&c, FieldName::Total), value(&c, FieldName::Currency)), ("1949.75", "CHF"));
}

#[test]
fn fiscal_codes() {
    let c = read("https://verificacfdi.facturaelectronica.sat.gob.mx/default.aspx?id=5803EB8D-81CD-4557-8719-26632D2FA434&re=XAXX010101000&rr=XEXX010101000&tt=0000014300.000000&fe=rH8")
        .expect("CFDI");
    assert_eq!(
        (value(&c, FieldName::Total), value(&c, FieldName::IssuerTaxId)),
        ("14300.00", "XAXX010101000")
    );
    let c = read("https://verificacfdi.facturaelectronica.sat.gob.mx/default.aspx?id=5803EB8D-81CD-4557-8719-26632D2FA434&re=XAXX010101000&rr=XEXX010101000&tt=0000000000.500000&fe=rH8")
        .expect("CFDI");
    assert_eq!(value(&c, FieldName::Total), "0.50");
    let c = read("NumFac: A323\nFecFac: 2024-01-16\nNitFac: 700085371\nDocAdq: 800199436\nValFac: 1500000.00\nValIva: 285000.00\nValOtroIm: 0.00\nValTolFac: 1785000.00\nCUFE: ab")
        .expect("DIAN");
    assert_eq!((value(&c, FieldName::Number), value(&c, FieldName::Total)), ("A323", "1785000.00"));
    let json = r#"{"ver":1,"fecha":"2024-10-13","cuit":30000000007,"ptoVta":10,"tipoCmp":1,"nroCmp":94,"importe":12100,"moneda":"PES"}"#;
    let p = base64::engine::general_purpose::STANDARD.encode(json);
    let c = read(&format!("https://www.afip.gob.ar/fe/qr/?p={p}")).expect("AFIP");
    assert_eq!((value(&c, FieldName::Number), value(&c, FieldName::Total)), ("00010-00000094", "12100.00"));
}

fn says(text: &str, wanted: &[(FieldName, &str)]) {
    let code = read(text).expect("a code");
    for (name, said) in wanted {
        assert_eq!(value(&code, *name), *said, "{name} of {}", code.what);
    }
}

#[test]
fn a_credit_note_is_money_back_in_its_code_too() {
    let json = |kind: u8| {
        let json = format!(
            r#"{{"ver":1,"fecha":"2024-10-13","cuit":30000000007,"ptoVta":10,"tipoCmp":{kind},"nroCmp":94,"importe":"121.50","moneda":"PES"}}"#
        );
        let p = base64::engine::general_purpose::STANDARD.encode(json);
        format!("https://www.afip.gob.ar/fe/qr/?p={p}")
    };
    says(&json(3), &[(FieldName::Type, "credit_note"), (FieldName::Total, "-121.50")]);
    says(&json(2), &[(FieldName::Type, "debit_note"), (FieldName::Total, "121.50")]);
    says(&json(4), &[(FieldName::Type, ""), (FieldName::Total, "121.50")]);
    let ted = |kind: u8| {
        format!(
            "<TED version=\"1.0\"><DD><RE>97975000-5</RE><TD>{kind}</TD><F>60</F><FE>2026-10-13</FE><RR>66666666-6</RR><MNT>119000</MNT></DD></TED>"
        )
    };
    says(
        &ted(33),
        &[(FieldName::Total, "119000.00"), (FieldName::Currency, "CLP"), (FieldName::RecipientTaxId, "")],
    );
    says(
        &ted(61),
        &[(FieldName::Type, "credit_note"), (FieldName::Total, "-119000.00"), (FieldName::Number, "60")],
    );
    says(&ted(52), &[(FieldName::Total, ""), (FieldName::IssuerTaxId, "97975000-5")]);
    says(
        "20100070970|07|FC01|15|18.00|118.00|2026-10-13|6|20100070970|",
        &[(FieldName::Total, "-118.00"), (FieldName::Tax, "-18.00"), (FieldName::Number, "FC01-15")],
    );
    let pt = |kind: &str| {
        format!(
            "A:123456789*B:999999990*C:PT*D:{kind}*E:N*F:20261012*G:{kind} A/35*H:0*I1:PT*I7:100.00*I8:23.00*N:23.00*O:123.00*Q:YhGV*R:9999"
        )
    };
    says(
        &pt("FT"),
        &[
            (FieldName::Total, "123.00"),
            (FieldName::Tax, "23.00"),
            (FieldName::IssueDate, "2026-10-12"),
            (FieldName::Number, "FT A/35"),
        ],
    );
    says(&pt("NC"), &[(FieldName::Total, "-123.00"), (FieldName::RecipientTaxId, "")]);
    says(&pt("GT"), &[(FieldName::Total, "")]);
}

#[test]
fn codes_of_spain() {
    says(
        "https://www2.agenciatributaria.gob.es/wlpl/TIKE-CONT/ValidarQR?nif=89890001K&numserie=12345678%26G33&fecha=01-09-2024&importe=-241.40",
        &[
            (FieldName::IssuerTaxId, "89890001K"),
            (FieldName::Number, "12345678&G33"),
            (FieldName::IssueDate, "2024-09-01"),
            (FieldName::Total, "-241.40"),
        ],
    );
    assert_eq!(read("https://agenciatributaria.gob.es.example.com/ValidarQR?nif=1&fecha=01-09-2024"), None);
    says(
        "https://tbai.egoitza.gipuzkoa.eus/qr/?id=TBAI-00000006Y-251019-btFpwP8dcLGAF-237&s=T&nf=27174&i=4.70&cr=007",
        &[
            (FieldName::IssuerTaxId, "00000006Y"),
            (FieldName::Number, "T-27174"),
            (FieldName::IssueDate, "2019-10-25"),
            (FieldName::Total, "4.70"),
        ],
    );
}

#[test]
fn codes_of_brazil_and_ecuador() {
    let key = crate::understand::formats::einvoice::keys::with_check(
        "3526101122233300018165001000000780187654321",
        9,
    );
    says(
        &format!("https://www.nfce.fazenda.sp.gov.br/qrcode?p={key}|2|1|14|19.90|64696776616c|1|AB12"),
        &[
            (FieldName::IssuerTaxId, "11222333000181"),
            (FieldName::Number, "780"),
            (FieldName::IssueDate, "2026-10-14"),
            (FieldName::Total, "19.90"),
        ],
    );
    says(
        &format!("https://www.sefaz.rs.gov.br/NFCE/NFCE-COM.aspx?p={key}%7C2%7C1%7C1%7CAB12"),
        &[(FieldName::Total, ""), (FieldName::Number, "780")],
    );
    says(
        &format!("http://x.gov.br/nfce?chNFe={key}&nVersao=100&tpAmb=1&vNF=60.90"),
        &[(FieldName::Total, "60.90")],
    );
    let key = crate::understand::formats::einvoice::keys::with_check(
        "211020260117922611040012001001000000123123456781",
        7,
    );
    says(
        &key,
        &[
            (FieldName::IssuerTaxId, "1792261104001"),
            (FieldName::Number, "001-001-000000123"),
            (FieldName::IssueDate, "2026-10-21"),
        ],
    );
}

#[test]
fn access_keys_need_their_check_digit() {
    // From the NF-e manual's own example of the check digit.
    let key = "52060433009911002506550120000007800267301615";
    let c = read(key).expect("NF-e");
    assert_eq!((value(&c, FieldName::IssuerTaxId), value(&c, FieldName::Number)), ("33009911002506", "780"));
    assert!(read("52060433009911002506550120000007800267301614").is_none());
}

#[test]
fn licences() {
    let text = "@\n\u{1e}\rANSI 636000090002DL00410278ZV03190008DLDAQT64235789\nDCSSAMPLE\nDACMICHAEL\nDADJOHN\nDBC1\nDBB06061986\nDBA12102024\nDCGUSA\r";
    let c = read(text).expect("AAMVA");
    assert_eq!(value(&c, FieldName::DocumentNumber), "T64235789");
    assert_eq!(value(&c, FieldName::GivenNames), "MICHAEL JOHN");
    assert_eq!(
        (value(&c, FieldName::BirthDate), value(&c, FieldName::ExpiryDate)),
        ("1986-06-06", "2024-12-10")
    );
}

proptest! {
    #[test]
    fn never_panics(text in "\\PC{0,80}", head in "(BCD\n|SPC\n0200\n1\n|ANSI DAQ|NumFac|https://www.afip.gob.ar/fe/qr/\\?p=|<TED><RE>|A:|https://x\\?id=TBAI-|https://x\\?p=|)") {
        let _ = read(&format!("{head}{text}"));
    }
}

#[test]
fn an_access_key_in_figures() {
    use crate::understand::sheet::drawn;
    let key = "52060433009911002506550120000007800267301615";
    let grouped: String = key.as_bytes().chunks(4).map(|c| String::from_utf8_lossy(c) + " ").collect();
    let (first, rest) = grouped.split_at(30);
    for lines in [vec![format!("CHAVE DE ACESSO {grouped}")], vec![first.to_owned(), rest.to_owned()]] {
        let lines: Vec<[(f32, &str); 1]> = lines.iter().map(|l| [(0.1, l.as_str())]).collect();
        let rows: Vec<&[(f32, &str)]> = lines.iter().map(<[_; 1]>::as_slice).collect();
        let code = printed(&drawn(&rows)).expect("a key");
        assert_eq!(code.fields[&FieldName::Number].value, "780");
        assert_eq!(code.fields[&FieldName::Currency].value, "BRL");
    }
    // On a note of transport it is that of the goods.
    let freight: &[&[(f32, &str)]] = &[&[(0.1, "DACTE")], &[(0.1, grouped.as_str())]];
    assert!(printed(&drawn(freight)).is_none());
    let wrong = grouped.replace("1615", "1614");
    assert!(printed(&drawn(&[&[(0.1, wrong.as_str())]])).is_none());
}
