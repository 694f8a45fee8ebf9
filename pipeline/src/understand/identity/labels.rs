//! The labels that identity documents print, in the languages of our users, and the numbers that licences print instead.

/// What a label asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Surname,
    /// The second of two surnames that have a label each.
    SecondSurname,
    Given,
    /// Surname and given names, or only the latter where the surname has a label of its own.
    Name,
    Number,
    /// A number of the holder, not of the document: taken where the document shows none of its own.
    Person,
    Birth,
    Expiry,
    Sex,
    Nationality,
    /// Names of father and mother.
    Parents,
    /// Something that is no field of ours.
    Other,
}

impl What {
    /// Whether a person's name is its value.
    pub(super) fn is_name(self) -> bool {
        matches!(self, Self::Surname | Self::SecondSurname | Self::Given | Self::Name)
    }
}

/// Labels, folded. Of two that begin at one place the longer counts.
#[rustfmt::skip]
pub(super) const LABELS: &[(What, &[&str])] = &[
    (What::Surname, &[
        "surname", "surnames", "apellidos", "apellido", "primer apellido", "1er apellido", "apellido paterno",
        "sobrenome", "apelidos", "apelido", "last name", "family name", "cognome", "nachname", "familienname",
        "nom", "nom de famille", "ln", "achternaam", "nazwisko", "family name(s)", "surname(s)", "last name(s)",
        "apelido(s)", "apellido(s)",
    ]),
    (What::SecondSurname, &[
        "segundo apellido", "2do apellido", "apellido materno", "second surname", "second last name",
    ]),
    (What::Parents, &[
        "filiacao", "filiation", "nome dos pais",
    ]),
    (What::Given, &[
        "given names", "given name", "given name(s)", "nombres", "nomes proprios", "nomes", "first name",
        "first names", "prenoms", "prenom", "prenom(s)", "vornamen", "vorname", "fn", "forenames", "other names",
        "voornamen", "imiona", "pre nombres", "prenombres", "nome(s)", "nombre(s)", "first name(s)",
        "given names(s)", "first and middle name", "first and middle names", "first middle",
        "given name and middle name",
    ]),
    (What::Name, &[
        "name", "full name", "nombre", "nombre completo", "nome", "nama", "nombres y apellidos",
        "apellidos y nombres", "apellido y nombre", "apellidos y nombre", "apellidos nombres", "cognome e nome",
        "nome e sobrenome", "2 e 1 nome e sobrenome",
        "nome e cognome", "nome completo", "name and surname", "holder's name", "nom et prenoms", "nom et prenom",
    ]),
    (What::Number, &[
        "passport no", "passport number", "passport card no", "no du passeport", "no de pasaporte", "passeport no",
        "pasaporte no", "numero de pasaporte", "document no", "document number", "card number", "card no",
        "id number", "id no", "identity no", "license no", "licence no", "license number", "licence number",
        "lic no", "lic", "dl no", "dl number", "dln", "number", "customer identifier", "numero de documento",
        "num documento", "no documento", "no de documento", "n documento", "numero do documento", "num soporte",
        "dni", "dni num", "cedula no", "numero de cedula", "numero", "registro geral", "no registro", "nuip", "run",
        "cui", "uscis", "clave de elector", "carte nationale d'identite no", "identite no", "carta n",
        "ausweisnummer", "personalausweis nr", "your aadhaar no", "documento no", "no de licencia", "licencia no",
        "no de licencia de conducir", "documento", "documento document", "numero documento", "n du document",
        "no du document", "numero du document", "n de documento", "no documento document no", "nie", "nie no",
        "n de identificacion", "numero de identificacion", "n de registro", "no de cedula", "dl", "id", "no",
        "dln no", "ol no", "oln", "cdl", "cdl no", "driver license no", "driver license number",
        "drivers license no", "drivers license number", "driver's license no", "driver's license number",
        "driver licence no", "operator license no", "identification no", "identification number",
        "identification card no", "id card no", "id card number", "cust id", "customer id", "permit no",
        "lic number", "documentnummer", "dokumentnummer", "kartennummer", "rijbewijsnummer",
    ]),
    (What::Person, &[
        "curp", "cpf", "registro geral cpf", "clave unica de registro de poblacion",
    ]),
    (What::Birth, &[
        "date of birth", "fecha de nacimiento", "data de nascimento", "data nascimento", "date de naissance",
        "birth date", "birthdate", "dob", "geburtsdatum", "data di nascita", "nacimiento", "fec nacimiento",
        "nascimento", "geburtstag", "geburtstag und ort", "nato il", "nata il", "ne(e) le", "ne le", "nee le",
        "fec nac", "date and place of birth", "fecha y lugar de nacimiento", "tarikh lahir", "born",
        "year of birth", "date de naiss", "fecha de nac", "f nacimiento", "data de nasc",
        "data local e uf de nascimento", "data e local de nascimento",
    ]),
    (What::Expiry, &[
        "date of expiry", "date of expiration", "expiry date", "expiration date", "expiration", "expiry",
        "fecha de caducidad", "fecha de vencimiento", "fecha de expiracion", "fecha expiracion", "fecha de validez",
        "fec vencimiento", "fecha caducidad", "fecha de venc", "date d'expir", "date de validite", "data scadenza",
        "data di scadenza", "valida fino al", "scade il", "data validade", "vigente hasta", "valid through",
        "vence el", "valido hasta", "valida hasta", "validez", "data de validade", "validade", "date d'expiration",
        "gultig bis", "scadenza", "expires", "expires on", "exp", "card expires", "valid until", "valid to",
        "vigencia", "valid thru", "caducidad", "vencimiento", "vence", "fecha vencimiento",
        "carte valable jusqu'au", "valable jusqu'au", "tarikh tamat", "geldig tot", "data de expiracao",
    ]),
    (What::Sex, &[
        "sex", "sexo", "sexe", "geschlecht", "sesso", "gender", "jantina", "genero",
    ]),
    (What::Nationality, &[
        "nationality", "nacionalidad", "nacionalidade", "nationalite", "staatsangehorigkeit", "cittadinanza",
        "warganegara",
    ]),
    (What::Other, &[
        "documento nacional de identidad", "documento nacional identidad", "driver license", "drivers license",
        "driver's license", "driver licence", "driving licence", "operator license", "identification card",
        "identity card", "id card", "passport card", "licencia de conducir", "permiso de conducir",
        "cedula de ciudadania", "cedula de identidad", "tipo de documento", "tipo documento", "nom d'usage",
        "nom d'epouse", "edad", "age", "date of issue", "issue date", "date delivrance", "date de deliv",
        "fecha exp", "fecha de inscripcion", "fecha y lugar de expedicion", "data expedicao", "data de expedicao",
        "data da expedicao", "data da primeira habilitacao", "primeira habilitacao", "doc origem",
        "orgao expedidor", "cat hab", "acc", "altura", "tramite no", "ejemplar", "vid", "enrolment no", "mobile no",
        "dups", "issued on", "issued", "iss", "fecha de expedicion", "fecha expedicion", "fecha de emision",
        "emision", "data de emissao", "date de delivrance", "delivree le", "emissione", "data emissao",
        "ausstellungsdatum", "place of birth", "lugar de nacimiento", "lieu de naissance", "luogo di nascita",
        "naturalidade", "geburtsort", "luogo e data di nascita", "place and date of birth", "country of birth",
        "address", "domicilio", "domicile", "adresse", "endereco", "residence", "indirizzo", "anschrift", "height",
        "hgt", "estatura", "taille", "grosse", "statura", "tinggi", "weight", "wgt", "eyes", "hair",
        "colour of eyes", "couleur des yeux", "class", "clase", "categoria", "vehicle classifications", "rest",
        "restr", "restrictions", "end", "endorsements", "dd", "previous type", "rev", "authority", "autorite",
        "autoridad", "issuing authority", "issuing office", "type", "tipo", "code", "codigo", "country code",
        "code du pays", "issuing country", "pays emetteur", "signature", "firma", "assinatura", "unterschrift",
        "profession", "profesion", "blood type", "rh", "gs rh", "donor", "veteran", "filiacion", "rg",
        "doc identidade", "seccion", "estado", "municipio", "localidad", "ano de registro", "resident since",
        "category", "group", "municipality", "comune di", "codice fiscale", "fiscal code", "father's name",
        "identity no", "no pengenalan", "endorsements and limitations", "amendments", "observacoes", "local",
        "1a habilitacao", "permissao", "grupo sanguineo", "estado civil", "soltero", "passport", "passeport",
        "pasaporte", "enrollment no",
    ]),
];

/// Labels too short to count but right before digits, on American cards.
pub(super) const BEFORE_DIGITS: &[&str] = &["dl", "id", "no", "cdl"];

/// The numbered fields of driving licences: AAMVA DL/ID Card Design Standard §D.6 in America, ISO/IEC 18013-1 and
/// Directive 2006/126/EC elsewhere. They differ in where the licence's number stands.
pub(super) const CODES: &[(&str, What, What)] = &[
    ("1", What::Surname, What::Surname),
    ("2", What::Given, What::Given),
    ("3", What::Birth, What::Birth),
    ("4a", What::Other, What::Other),
    ("4b", What::Expiry, What::Expiry),
    ("4c", What::Other, What::Other),
    ("4d", What::Number, What::Other),
    ("5", What::Other, What::Number),
    ("7", What::Other, What::Other),
    ("8", What::Other, What::Other),
    ("9", What::Other, What::Other),
    ("9a", What::Other, What::Other),
    ("10", What::Other, What::Other),
    ("11", What::Other, What::Other),
    ("12", What::Other, What::Other),
    ("15", What::Sex, What::Other),
    ("16", What::Other, What::Other),
    ("17", What::Other, What::Other),
    ("18", What::Other, What::Other),
    ("19", What::Other, What::Other),
];
