//! Where the labels of an identity document stand.
//!
//! Labels are small, in several languages, glued to numbers and values, and OCR slips in them most: they are compared
//! without blanks, accents and marks, long ones with a letter or two amiss. All labels are looked for, also of fields
//! that nobody wants: a value ends where the next label begins.

use crate::{
    reading::Word,
    understand::sheet::{Row, Sheet, fold},
};

/// What a label asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Surname,
    Given,
    /// Surname and given names, or only the latter where the surname has a label of its own.
    Name,
    Number,
    Birth,
    Expiry,
    Sex,
    Nationality,
    /// Something that is no field of ours.
    Other,
}

/// A label on a row: words and characters from (`word`, `char`) to `end`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub what: What,
    pub row: usize,
    pub start: (usize, usize),
    pub end: (usize, usize),
    /// Left end on the page.
    pub x0: f32,
    /// Letter by letter as it should be.
    pub exact: bool,
    /// Nothing but the number of a licence's field.
    pub code: bool,
}

/// Labels, folded. Of two that begin at one place the longer counts.
const LABELS: &[(What, &[&str])] = &[
    (
        What::Surname,
        &[
            "surname",
            "surnames",
            "apellidos",
            "apellido",
            "primer apellido",
            "segundo apellido",
            "sobrenome",
            "apelidos",
            "apelido",
            "last name",
            "family name",
            "cognome",
            "nachname",
            "familienname",
            "nom",
            "nom de famille",
            "ln",
            "achternaam",
            "nazwisko",
        ],
    ),
    (
        What::Given,
        &[
            "given names",
            "given name",
            "given name(s)",
            "nombres",
            "nomes proprios",
            "nomes",
            "first name",
            "first names",
            "prenoms",
            "prenom",
            "prenom(s)",
            "vornamen",
            "vorname",
            "fn",
            "forenames",
            "other names",
            "voornamen",
            "imiona",
        ],
    ),
    (
        What::Name,
        &[
            "name",
            "full name",
            "nombre",
            "nombre completo",
            "nome",
            "nama",
            "nombres y apellidos",
            "apellidos y nombres",
            "nome e sobrenome",
        ],
    ),
    (
        What::Number,
        &[
            "passport no",
            "passport number",
            "passport card no",
            "no du passeport",
            "no de pasaporte",
            "passeport no",
            "pasaporte no",
            "numero de pasaporte",
            "document no",
            "document number",
            "card number",
            "card no",
            "id number",
            "id no",
            "identity no",
            "license no",
            "licence no",
            "license number",
            "licence number",
            "lic no",
            "lic",
            "dl no",
            "dl number",
            "dln",
            "number",
            "customer identifier",
            "numero de documento",
            "num documento",
            "no documento",
            "no de documento",
            "n documento",
            "numero do documento",
            "num soporte",
            "dni",
            "dni num",
            "cedula no",
            "numero de cedula",
            "numero",
            "registro geral",
            "no registro",
            "nuip",
            "run",
            "cui",
            "uscis",
            "clave de elector",
            "carte nationale d'identite no",
            "identite no",
            "carta n",
            "ausweisnummer",
            "personalausweis nr",
            "your aadhaar no",
            "documento no",
            "no de licencia",
            "licencia no",
            "no de licencia de conducir",
        ],
    ),
    (
        What::Birth,
        &[
            "date of birth",
            "fecha de nacimiento",
            "data de nascimento",
            "data nascimento",
            "date de naissance",
            "birth date",
            "birthdate",
            "dob",
            "geburtsdatum",
            "data di nascita",
            "nacimiento",
            "fec nacimiento",
            "nascimento",
            "geburtstag",
            "geburtstag und ort",
            "nato il",
            "nata il",
            "ne(e) le",
            "ne le",
            "nee le",
            "fec nac",
            "date and place of birth",
            "fecha y lugar de nacimiento",
            "tarikh lahir",
            "born",
        ],
    ),
    (
        What::Expiry,
        &[
            "date of expiry",
            "date of expiration",
            "expiry date",
            "expiration date",
            "expiration",
            "expiry",
            "fecha de caducidad",
            "fecha de vencimiento",
            "fecha de expiracion",
            "fecha de expiracion",
            "valido hasta",
            "valida hasta",
            "validez",
            "data de validade",
            "validade",
            "date d'expiration",
            "gultig bis",
            "scadenza",
            "expires",
            "expires on",
            "exp",
            "card expires",
            "valid until",
            "valid to",
            "vigencia",
            "valid thru",
            "caducidad",
            "vencimiento",
            "vence",
            "fecha vencimiento",
            "carte valable jusqu'au",
            "valable jusqu'au",
            "tarikh tamat",
            "geldig tot",
            "data de expiracao",
        ],
    ),
    (What::Sex, &["sex", "sexo", "sexe", "geschlecht", "sesso", "gender", "jantina", "genero"]),
    (
        What::Nationality,
        &[
            "nationality",
            "nacionalidad",
            "nacionalidade",
            "nationalite",
            "staatsangehorigkeit",
            "cittadinanza",
            "warganegara",
        ],
    ),
    (
        What::Other,
        &[
            "date of issue",
            "issue date",
            "issued on",
            "issued",
            "iss",
            "fecha de expedicion",
            "fecha expedicion",
            "fecha de emision",
            "emision",
            "data de emissao",
            "date de delivrance",
            "delivree le",
            "emissione",
            "data emissao",
            "ausstellungsdatum",
            "place of birth",
            "lugar de nacimiento",
            "lieu de naissance",
            "luogo di nascita",
            "naturalidade",
            "geburtsort",
            "luogo e data di nascita",
            "place and date of birth",
            "country of birth",
            "address",
            "domicilio",
            "domicile",
            "adresse",
            "endereco",
            "residence",
            "indirizzo",
            "anschrift",
            "height",
            "hgt",
            "estatura",
            "taille",
            "grosse",
            "statura",
            "tinggi",
            "weight",
            "wgt",
            "eyes",
            "hair",
            "colour of eyes",
            "couleur des yeux",
            "class",
            "clase",
            "categoria",
            "vehicle classifications",
            "rest",
            "restr",
            "restrictions",
            "end",
            "endorsements",
            "dd",
            "previous type",
            "rev",
            "authority",
            "autorite",
            "autoridad",
            "issuing authority",
            "issuing office",
            "type",
            "tipo",
            "code",
            "codigo",
            "country code",
            "code du pays",
            "issuing country",
            "pays emetteur",
            "signature",
            "firma",
            "assinatura",
            "unterschrift",
            "profession",
            "profesion",
            "blood type",
            "rh",
            "gs rh",
            "donor",
            "veteran",
            "filiacao",
            "filiacion",
            "curp",
            "cpf",
            "rg",
            "doc identidade",
            "seccion",
            "estado",
            "municipio",
            "localidad",
            "ano de registro",
            "resident since",
            "category",
            "group",
            "municipality",
            "comune di",
            "codice fiscale",
            "fiscal code",
            "father's name",
            "identity no",
            "no pengenalan",
            "endorsements and limitations",
            "amendments",
            "observacoes",
            "local",
            "1a habilitacao",
            "permissao",
            "grupo sanguineo",
            "estado civil",
            "soltero",
            "passport",
            "passeport",
            "pasaporte",
            "enrollment no",
        ],
    ),
];

/// The numbered fields of driving licences: AAMVA DL/ID Card Design Standard §D.6 in America, ISO/IEC 18013-1 and
/// Directive 2006/126/EC elsewhere. They differ in where the licence's number stands.
const CODES: &[(&str, What, What)] = &[
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

/// Whose numbering a licence follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbering {
    None,
    America,
    Europe,
}

/// One letter or digit of a row, folded, and where it stands.
#[derive(Clone, Copy)]
struct Letter {
    char: char,
    word: usize,
    at: usize,
    /// Nothing, or a mark, stands before it.
    first: bool,
}

fn letters(words: &[Word]) -> Vec<Letter> {
    let mut out: Vec<Letter> = Vec::new();
    for (word, w) in words.iter().enumerate() {
        let mut first = true;
        for (at, c) in w.text.chars().enumerate() {
            let mut folded =
                fold(c.encode_utf8(&mut [0; 4])).chars().filter(|c| c.is_alphanumeric()).collect::<Vec<_>>();
            if folded.is_empty() {
                first = true;
            }
            for char in folded.drain(..) {
                out.push(Letter { char, word, at, first });
                first = false;
            }
        }
    }
    out
}

/// Letters and digits of a label; `rn` and `m` are one, as OCR has it.
fn squash(text: impl Iterator<Item = char>) -> String {
    text.filter(|c| c.is_alphanumeric()).collect::<String>().replace("rn", "m")
}

/// All labels, row by row, left to right.
pub(super) fn spans(sheet: &Sheet, numbering: Numbering) -> Vec<Span> {
    let labels: Vec<(What, String)> =
        LABELS.iter().flat_map(|(what, texts)| texts.iter().map(|t| (*what, squash(t.chars())))).collect();
    let mut out = Vec::new();
    for (row, r) in sheet.rows.iter().enumerate() {
        let letters = letters(&r.words);
        let mut i = 0;
        while let Some(letter) = letters.get(i) {
            let after_code = out
                .last()
                .is_some_and(|s: &Span| s.row == row && s.code && s.end == (letter.word, letter.at));
            let fresh = letter.first || after_code;
            let found = if fresh { label_at(&letters[i..], &labels) } else { None };
            let coded =
                if letter.at == 0 && found.is_none() { code_at(&letters, i, r, numbering) } else { None };
            let Some((what, length, exact)) = found.or(coded) else {
                i += 1;
                continue;
            };
            let end = letters.get(i + length - 1).map_or((letter.word, letter.at), |l| (l.word, l.at + 1));
            let span = Span {
                what,
                row,
                start: (letter.word, letter.at),
                end,
                x0: x_of(r, letter.word, letter.at),
                exact,
                code: coded.is_some(),
            };
            push(&mut out, span, r);
            i += length;
        }
    }
    out
}

/// Two labels of one field, one behind the other, are one label in two languages.
fn push(out: &mut Vec<Span>, span: Span, row: &Row) {
    if let Some(last) = out.last_mut()
        && last.row == span.row
        && last.what == span.what
        && nothing_between(&text_between(row, last.end, span.start))
    {
        last.end = span.end;
        last.exact |= span.exact;
        last.code &= span.code;
        return;
    }
    // `4b EXP`: the number and the word say the same, or the word says it better.
    if let Some(last) = out.last_mut()
        && last.row == span.row
        && last.code
        && !span.code
        && text_between(row, last.end, span.start).trim_matches(|c: char| !c.is_alphanumeric()).is_empty()
    {
        let what = if span.what == What::Other { span.what } else { last.what };
        *last = Span { what, end: span.end, code: false, exact: span.exact, ..*last };
        return;
    }
    out.push(span);
}

/// Marks and the number of a footnote, as in `Nom/Surname (1)`.
fn nothing_between(text: &str) -> bool {
    !text.contains(char::is_alphabetic) && text.chars().filter(char::is_ascii_digit).count() <= 2
}

/// What stands on a row between two places.
pub(super) fn text_between(row: &Row, from: (usize, usize), to: (usize, usize)) -> String {
    let mut text = String::new();
    for (i, word) in row.words.iter().enumerate().skip(from.0).take((to.0 + 1).saturating_sub(from.0)) {
        let skip = if i == from.0 { from.1 } else { 0 };
        let stop = if i == to.0 { to.1 } else { usize::MAX };
        text.extend(word.text.chars().take(stop).skip(skip));
        text.push(' ');
    }
    text
}

fn x_of(row: &Row, word: usize, at: usize) -> f32 {
    row.words.get(word).map_or(row.bbox[0], |w| {
        let share = at as f32 / w.text.chars().count().max(1) as f32;
        w.bbox[0] + share * (w.bbox[2] - w.bbox[0])
    })
}

/// The longest label that begins here: what it asks for, its letters on the row, whether it is exact.
fn label_at(letters: &[Letter], labels: &[(What, String)]) -> Option<(What, usize, bool)> {
    let mut best: Option<(What, usize, bool)> = None;
    for (what, label) in labels {
        let size = label.chars().count();
        let slips = match size {
            0..=5 => 0,
            6..=11 => 1,
            _ => 2,
        };
        // `rn` read as `m` and the other way round changes the length too.
        for length in size.saturating_sub(slips)..=size + slips + 1 {
            let Some(part) = letters.get(..length) else { break };
            if part.is_empty() || !ends_well(letters, length, size) {
                continue;
            }
            let read = squash(part.iter().map(|l| l.char));
            let exact = read == *label;
            if (exact || (slips > 0 && close(&read, label, slips)))
                && best.is_none_or(|(_, n, e)| (exact, length) > (e, n))
            {
                best = Some((*what, length, exact));
            }
        }
    }
    best
}

fn close(read: &str, label: &str, slips: usize) -> bool {
    // The first letter is read well more often than any other.
    read.chars().next() == label.chars().next() && strsim::osa_distance(read, label) <= slips
}

/// A label ends at a mark or a blank, or before a number; a long one may run into what follows.
fn ends_well(letters: &[Letter], length: usize, size: usize) -> bool {
    match (letters.get(length - 1), letters.get(length)) {
        (_, None) => true,
        (Some(last), Some(next)) => {
            next.first
                || next.word != last.word
                || (next.char.is_ascii_digit() && !last.char.is_ascii_digit())
                || size >= 12
        }
        (None, _) => false,
    }
}

/// The number of a licence's field here.
fn code_at(letters: &[Letter], i: usize, row: &Row, numbering: Numbering) -> Option<(What, usize, bool)> {
    if numbering == Numbering::None {
        return None;
    }
    let letter = letters.get(i)?;
    let rest = letters.iter().skip(i).take_while(|l| l.word == letter.word).count();
    let text = row.words.get(letter.word)?.text.to_lowercase();
    let (code, america, europe) = CODES
        .iter()
        .rev()
        .find(|(code, ..)| text.strip_prefix(code).is_some_and(|after| ends_code(code, after, numbering)))?;
    // A bare number counts at the start of a column, or before a word; not within an address.
    let alone = rest == code.len();
    let starts = letter.at == 0 && column_starts(row, letter.word);
    let next_is_word =
        row.words.get(letter.word + 1).is_some_and(|w| w.text.starts_with(|c: char| c.is_uppercase()));
    if code.len() == 1 && !starts && !(alone && next_is_word && matches!(*code, "1" | "2" | "3")) {
        return None;
    }
    let what = if numbering == Numbering::America { *america } else { *europe };
    Some((what, code.chars().count(), true))
}

/// Whether a field's number ends before `after`: `1SOUZA`, `4b31.12`, `3.14.07.1981` in Europe; not `15-239`, `12.345`.
fn ends_code(code: &str, after: &str, numbering: Numbering) -> bool {
    let lettered = code.ends_with(|c: char| c.is_alphabetic());
    let mut after = after.chars();
    match (after.next(), after.next()) {
        (None, _) => true,
        (Some('.'), Some(next)) if next.is_ascii_digit() => {
            lettered || (numbering == Numbering::Europe && matches!(code, "3" | "5"))
        }
        (Some('.' | ':' | ')' | '#'), _) => true,
        (Some(c), _) if c.is_ascii_digit() => lettered,
        (Some(c), _) => c.is_alphabetic(),
    }
}

fn column_starts(row: &Row, word: usize) -> bool {
    let (Some(before), Some(this)) =
        (word.checked_sub(1).and_then(|i| row.words.get(i)), row.words.get(word))
    else {
        return true;
    };
    let height = this.bbox[3] - this.bbox[1];
    this.bbox[0] - before.bbox[2] > 0.5 * height
}
