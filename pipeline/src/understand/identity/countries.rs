//! Which country an identity document is of, and what nationalities are called on it.

use super::states;
use crate::understand::sheet::{Sheet, fold, has_phrase};

/// ISO 3166-1 alpha-3; what the authority calls itself, folded; what a national is called, by first letters.
type Country = (&'static str, &'static [&'static str], &'static [&'static str]);

const COUNTRIES: &[Country] = &[
    (
        "USA",
        &["united states", "united states of america", "department of homeland security", "uscis"],
        &["american", "united states"],
    ),
    ("MEX", &["estados unidos mexicanos", "instituto nacional electoral", "mexico", "curp"], &["mexican"]),
    ("COL", &["republica de colombia", "colombia"], &["colombian"]),
    ("ARG", &["republica argentina", "argentina", "mercosur registro nacional"], &["argentin"]),
    ("CHL", &["republica de chile", "chile"], &["chilen"]),
    ("PER", &["republica del peru", "peru", "reniec"], &["peruan", "peruvian"]),
    ("ECU", &["republica del ecuador", "ecuador"], &["ecuatorian"]),
    ("BOL", &["estado plurinacional de bolivia", "bolivia"], &["bolivian"]),
    ("URY", &["republica oriental del uruguay", "uruguay"], &["uruguay"]),
    ("PRY", &["republica del paraguay", "paraguay"], &["paraguay"]),
    ("VEN", &["republica bolivariana de venezuela", "venezuela"], &["venezolan"]),
    ("CRI", &["republica de costa rica", "costa rica"], &["costarricense"]),
    ("PAN", &["republica de panama", "panama"], &["panamen"]),
    ("GTM", &["republica de guatemala", "guatemala"], &["guatemaltec"]),
    ("SLV", &["republica de el salvador", "el salvador"], &["salvadoren"]),
    ("HND", &["republica de honduras", "honduras"], &["honduren"]),
    ("NIC", &["republica de nicaragua", "nicaragua"], &["nicaraguen"]),
    ("DOM", &["republica dominicana"], &["dominican"]),
    ("CUB", &["republica de cuba"], &["cuban"]),
    ("BRA", &["republica federativa do brasil", "brasil", "brazil"], &["brasileir", "brazilian"]),
    ("ESP", &["reino de espana", "espana", "documento nacional de identidad"], &["espanol", "spanish"]),
    ("PRT", &["republica portuguesa", "portugal", "cartao de cidadao"], &["portugues"]),
    ("FRA", &["republique francaise", "french republic"], &["francais", "french"]),
    ("ITA", &["repubblica italiana", "ministero dell'interno"], &["italian"]),
    ("DEU", &["bundesrepublik deutschland", "federal republic of germany"], &["deutsch", "german"]),
    ("AUT", &["republik osterreich", "republic of austria"], &["osterreich", "austrian"]),
    ("CHE", &["schweizerische eidgenossenschaft", "confederation suisse"], &["schweiz", "suisse", "swiss"]),
    ("NLD", &["koninkrijk der nederlanden", "kingdom of the netherlands"], &["nederland", "dutch"]),
    ("BEL", &["royaume de belgique", "koninkrijk belgie", "belgium"], &["belg"]),
    ("GBR", &["united kingdom", "dvla", "great britain"], &["british"]),
    ("IRL", &["eire", "ireland"], &["irish"]),
    ("POL", &["rzeczpospolita polska", "republic of poland"], &["polsk", "polish"]),
    ("CAN", &["canada"], &["canad"]),
    ("AUS", &["australia", "commonwealth of australia"], &["australian"]),
    ("NZL", &["new zealand"], &["new zealand"]),
    ("IND", &["government of india", "republic of india", "unique identification authority"], &["indian"]),
    ("MYS", &["malaysia"], &["malaysia", "warganegara"]),
    ("PHL", &["republic of the philippines"], &["filipin", "philippine"]),
    ("SGP", &["republic of singapore"], &["singapor"]),
    ("ZAF", &["republic of south africa"], &["south african"]),
];

/// What a card of one of the United States is called that is no licence.
const STATE_CARD: &[&str] = &[
    "identification card",
    "id card",
    "identification",
    "not a driver license",
    "not a driver's license",
    "not a drivers license",
];

/// The lines in which an authority names itself, folded.
pub(super) fn head(sheet: &Sheet) -> String {
    sheet.rows.iter().take(4).map(|r| r.folded.as_str()).collect::<Vec<_>>().join("\n")
}

/// The document's country (alpha-3) and how sure that is.
pub(super) fn issuing(sheet: &Sheet, kind: Option<&str>) -> Option<(&'static str, f32)> {
    // An authority names itself at the top; places of birth and nationalities stand further down.
    let full =
        |names: &[&str]| names.iter().filter(|n| n.contains(' ')).any(|n| has_phrase(&sheet.folded, n));
    let head = head(sheet);
    let state = || states::state(&head).is_some();
    match kind {
        Some("driver_license") if state() || has_phrase(&head, "usa") => return Some(("USA", 0.93)),
        Some("national_id") if state() && sheet.says(STATE_CARD) => return Some(("USA", 0.93)),
        // No other country's card says so.
        Some("social_security") => return Some(("USA", 0.9)),
        _ => {}
    }
    if let Some((code, ..)) = COUNTRIES.iter().find(|(_, names, _)| full(names)) {
        return Some((code, 0.93));
    }
    let named = |(_, names, _): &&Country| names.iter().any(|n| has_phrase(&head, n));
    COUNTRIES.iter().find(named).map(|(code, ..)| (*code, 0.85))
}

/// The alpha-3 code that a printed nationality means.
pub(super) fn nationality(text: &str) -> Option<&'static str> {
    let folded = fold(text);
    let folded = folded.trim();
    COUNTRIES
        .iter()
        .find(|(code, names, nationals)| {
            code.eq_ignore_ascii_case(folded)
                || names.iter().any(|n| has_phrase(folded, n))
                || nationals
                    .iter()
                    .any(|n| folded.split_whitespace().any(|w| w.starts_with(n)) || folded.starts_with(n))
        })
        .map(|(code, ..)| *code)
}
