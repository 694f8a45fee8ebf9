//! What kind of identity document a page calls itself.

use crate::understand::sheet::{Sheet, fold, has_phrase};

/// What stands between number and name of an American social security card, and nowhere else.
pub(super) const ESTABLISHED_FOR: &str = "this number has been established for";

/// Type of document, by its words, surest first.
const TYPES: &[(&str, &[&str])] = &[
    ("passport", &["passport", "pasaporte", "passaporte", "passeport", "reisepass", "passaporto", "pasport"]),
    (
        "driver_license",
        &[
            "driver license",
            "driver's license",
            "drivers license",
            "driving licence",
            "driver licence",
            "driving license",
            "operator license",
            "operator's license",
            "commercial license",
            "learner permit",
            "permiso de conducir",
            "permiso de conduccion",
            "permis de conduire",
            "licencia nacional de conducir",
            "licencia para conducir",
            "licencia de manejo",
            "rijbewijs",
            "prawo jazdy",
            "licencia de conducir",
            "licencia de conduccion",
            "carteira nacional de habilitacao",
            "permissao para dirigir",
            "carta de conducao",
            "fuhrerschein",
            "patente di guida",
            "dl no",
            "driver",
            "driver's",
        ],
    ),
    (
        "residence_permit",
        &[
            "permanent resident",
            "residence permit",
            "permiso de residencia",
            "titre de sejour",
            "aufenthaltstitel",
            "autorizacao de residencia",
        ],
    ),
    ("social_security", &["social security", ESTABLISHED_FOR]),
    (
        "national_id",
        &[
            "identity card",
            "identification card",
            "id card",
            "documento nacional de identidad",
            "cedula",
            "carteira de identidade",
            "cartao de cidadao",
            "identite",
            "carta d'identita",
            "carta di identita",
            "personalausweis",
            "aadhaar",
            "government of india",
            "credencial para votar",
            "registro geral",
            "registro de identidade civil",
            "unique identification",
            "documento de identidad",
            "documento de identidade",
            "registro nacional de identificacion",
            "tarjeta de identidad",
            "dni",
            "identidad",
            "identidade",
            "identity",
            "id",
        ],
    ),
];

/// What cards print besides titles, labels and values, folded.
const CARD_WORDS: &[&str] = &[
    "republica",
    "republique",
    "republic",
    "repubblica",
    "republik",
    "estados unidos",
    "united states",
    "united kingdom",
    "reino de espana",
    "instituto nacional",
    "ministerio",
    "ministry",
    "department of",
    "government",
    "federal",
    "limits apply",
    "organ donor",
    "donor",
    "veteran",
    "real id",
    "license",
    "licence",
    "credencial",
    "ciudadania",
    "identificacion",
    "signature",
    "firma del titular",
    "social security",
    "commercial",
    "under 21",
    "under 18",
    "usa",
    "class",
    "none",
];

/// Words of [`TYPES`] that alone do not tell.
const WEAK: &[&str] = &["id", "identity"];

/// What a card of the United States says that is no licence, though it names one.
const NO_LICENCE: &[&str] = &[
    "not a driver license",
    "not a driver's license",
    "not a drivers license",
    "not a license to drive",
    "not a driver",
    "not valid to drive",
];

/// The type of document by its words.
#[must_use]
pub fn document_type(sheet: &Sheet) -> Option<&'static str> {
    let bare = squeezed(&sheet.folded);
    let says = |word: &&str| sheet.says(&[word]) || runs_together(&bare, word);
    let found = TYPES.iter().find(|(_, words)| words.iter().any(says)).map(|(kind, _)| *kind);
    if found == Some("driver_license") && NO_LICENCE.iter().any(says) {
        return Some("national_id");
    }
    found
}

/// How sure the type is: some cards say no more than `ID`, as do papers of other kinds.
pub(super) fn confidence(sheet: &Sheet, kind: &str) -> f32 {
    let bare = squeezed(&sheet.folded);
    let words = TYPES.iter().filter(|(k, _)| *k == kind).flat_map(|(_, words)| words.iter());
    let strong = |word: &&str| !WEAK.contains(word) && (sheet.says(&[word]) || runs_together(&bare, word));
    if words.copied().any(|word| strong(&word)) { 0.9 } else { 0.7 }
}

/// Whether a run of words is the title of a document, or the name of its authority, rather than of its holder.
pub(super) fn is_title(text: &str) -> bool {
    let folded = fold(text);
    let bare = squeezed(&folded);
    let words = TYPES.iter().flat_map(|(_, words)| words.iter()).chain(CARD_WORDS);
    words.into_iter().any(|w| (w.len() >= 4 && has_phrase(&folded, w)) || runs_together(&bare, w))
}

/// A long phrase is itself also where OCR lost its blanks.
fn runs_together(bare: &str, phrase: &str) -> bool {
    let phrase = squeezed(phrase);
    phrase.len() >= 11 && bare.contains(&phrase)
}

fn squeezed(folded: &str) -> String {
    folded.chars().filter(|c| c.is_alphanumeric() || *c == '\n').collect()
}
