//! Names in which a paper speaks: who thanks or welcomes issued it. `Thank you for shopping at Nube Roja`, `Nube Roja wishes
//! you a pleasant journey`.

use super::{
    blocks::is_others,
    candidates::{Candidate, Page},
    names::{core, ends_in_form, kin, plausible, tokens},
    tidy::tidy,
    words::{ARTICLES, SPEAKER, SPEECH, STAFF, VOICE},
};
use crate::understand::{
    places::cities::is_city,
    sheet::{Cell, find_phrase, fold},
};

/// Weight of a greeting that names a line's own name, and of one that alone says it.
const VOICED: f32 = 0.5;
const ALONE: f32 = 0.6;
/// Words of the longest name that a greeting says.
const WORDS: usize = 5;
/// Letters of the shortest one.
const LETTERS: usize = 3;

/// A name that a greeting says, and where.
struct Voiced {
    name: String,
    /// Row and cell of the greeting.
    at: (usize, usize),
    /// It ends the greeting's own line; else it is the line below.
    inside: bool,
}

/// Notes the candidates in whose name the paper speaks, and adds the names that only a greeting says; they are not sorted.
pub(super) fn add(page: &Page<'_>, found: &mut Vec<Candidate>) {
    for said in greetings(page) {
        let own = squeezed(&said.name);
        let mut known = false;
        for candidate in found.iter_mut().filter(|c| kin(&squeezed(&c.name), &own)) {
            known = true;
            if !candidate.voiced {
                candidate.voiced = true;
                candidate.score += VOICED;
                candidate.proofs += 1;
            }
        }
        let Some(cell) = page.sheet.rows.get(said.at.0).and_then(|r| r.cells.get(said.at.1)) else {
            continue;
        };
        if !known && said.inside {
            let alone = Candidate::within(said.name, said.at, cell.bbox, ALONE);
            found.push(Candidate { voiced: true, ..alone });
        }
    }
}

/// [`core()`] of a name without the article that greetings leave out or put in.
fn squeezed(name: &str) -> String {
    let words = tokens(name);
    let [first, next, ..] = words.as_slice() else { return core(name) };
    core(if ARTICLES.contains(&first.plain.as_str()) { &name[next.start..] } else { name })
}

fn greetings(page: &Page<'_>) -> Vec<Voiced> {
    let mut found = Vec::new();
    for (r, row) in page.sheet.rows.iter().enumerate().filter(|(_, row)| row.page == 1) {
        for (c, cell) in row.cells.iter().enumerate() {
            if is_others(page.blocks, (r, c)) {
                continue;
            }
            let behind = behind_greeting(cell);
            let inside = behind.as_deref().and_then(named);
            if let Some(name) = inside.or_else(|| ahead_of_greeting(cell).as_deref().and_then(named)) {
                found.push(Voiced { name, at: (r, c), inside: true });
            } else if behind.is_some_and(|behind| !behind.chars().any(char::is_alphanumeric)) {
                let below = page.below((r, c), 1);
                let name = below.first().and_then(|c| named(&c.text));
                found.extend(name.map(|name| Voiced { name, at: (r, c), inside: false }));
            }
        }
    }
    found
}

/// What stands behind a greeting in its cell, if it greets.
fn behind_greeting(cell: &Cell) -> Option<String> {
    let ends = VOICE.iter().filter_map(|words| Some(find_phrase(&cell.folded, words)? + words.len()));
    let skip = cell.folded[..ends.max()?].chars().count();
    Some(cell.text.chars().skip(skip).collect())
}

/// What stands in a cell ahead of a greeting that follows whose it is: the end of its last sentence.
fn ahead_of_greeting(cell: &Cell) -> Option<String> {
    let at = SPEAKER.iter().filter_map(|words| find_phrase(&cell.folded, words)).min()?;
    let most = cell.folded[..at].chars().count();
    let ahead: String = cell.text.chars().take(most).collect();
    ahead.rsplit(['!', '?', ';', ':', '¡']).next().map(str::to_owned)
}

/// The name that a greeting goes on with or begins with: it ends where the sentence does, and speaks to nobody.
fn named(behind: &str) -> Option<String> {
    let sentence = behind.split(['!', '?', ';', '¡']).find(|part| part.chars().any(char::is_alphanumeric))?;
    let sentence = sentence.split(". ").next().unwrap_or(sentence).trim();
    let name = tidy(if ends_in_form(sentence) { sentence } else { sentence.trim_end_matches('.') });
    let words = tokens(&name);
    let letters = name.chars().filter(|c| c.is_alphabetic()).count();
    let speaks =
        words.iter().any(|w| SPEECH.contains(&w.plain.as_str()) || STAFF.contains(&w.plain.as_str()));
    let is_name = (1..=WORDS).contains(&words.len())
        && letters >= LETTERS
        && !speaks
        && !name.starts_with(char::is_lowercase)
        && plausible(&name)
        && !is_city(&fold(&name));
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::{
        parties::{Options, issuer},
        scorer::Scorers,
        sheet::drawn,
    };

    fn voiced(lines: &[&[(f32, &str)]]) -> Vec<String> {
        let sheet = drawn(lines);
        let page = Page::of(&sheet, sheet.blocks(), &[], &[]);
        greetings(&page).into_iter().map(|v| v.name).collect()
    }

    #[test]
    fn who_thanks_or_welcomes() {
        for (line, name) in [
            ("Thank you for choosing Nube Roja.", "Nube Roja"),
            ("THANK YOU FOR SHOPPING AT NUBE ROJA!", "NUBE ROJA"),
            ("Welcome to The Nube Roja", "The Nube Roja"),
            ("Bienvenidos a NUBE ROJA", "NUBE ROJA"),
            ("Gracias por comprar en Nube Roja", "Nube Roja"),
            ("Vielen Dank für Ihren Einkauf bei Nube Roja", "Nube Roja"),
            ("Merci de votre visite chez Nube Roja !", "Nube Roja"),
            ("Obrigado por comprar na Nube Roja", "Nube Roja"),
            ("NUBE wishes you a pleasant journey", "NUBE"),
            ("Eine gute Fahrt wünscht Ihnen NUBE ROJA!", "NUBE ROJA"),
            ("Nube Roja wünscht Ihnen einen schönen Tag", "Nube Roja"),
            ("¡Nube Roja le agradece su visita!", "Nube Roja"),
            ("Nube Roja vous remercie de votre visite", "Nube Roja"),
            ("A Nube Roja agradece a sua visita", "A Nube Roja"),
        ] {
            assert_eq!(voiced(&[&[(0.1, line)]]), [name], "{line}");
        }
        for line in [
            "Thank you for shopping at our store",
            "Thank you for your business!",
            "Welcome to Las Vegas",
            "Thanks for visiting us",
            "Nube Roja Shopping",
            "Thank you for choosing quality",
            "La direction vous remercie",
            "Unser Team wünscht Ihnen einen schönen Tag",
            "wishes you a pleasant journey",
        ] {
            assert!(voiced(&[&[(0.1, line)]]).is_empty(), "{line}");
        }
    }

    #[test]
    fn the_line_below_a_greeting() {
        assert_eq!(voiced(&[&[(0.1, "Bienvenidos a")], &[(0.1, "NUBE ROJA")]]), ["NUBE ROJA"]);
        assert!(voiced(&[&[(0.1, "Bienvenidos")], &[(0.1, "NUBE ROJA")]]).is_empty());
        let buyer = [(0.1, "Bill to: Thank you for choosing Nube Roja")];
        assert!(voiced(&[&buyer]).is_empty());
    }

    #[test]
    fn a_greeting_tells_whose_the_only_name_is() {
        let lines = |thanks| {
            drawn(&[
                &[(0.1, "Monte Verde Inc.")],
                &[(0.1, "987 Alta Blvd, Springfield, IL 62701")],
                &[(0.1, "INVOICE 17")],
                &[(0.1, "Deck Repair"), (0.7, "85.00")],
                &[(0.1, thanks)],
            ])
        };
        let most = |thanks| issuer(&lines(thanks), &[], Scorers::committed()).unwrap().most();
        assert!(most("Thank you for choosing Monte Verde.") > 0.9);
        assert!(most("Thank you for your business.") < 0.75);
    }

    #[test]
    fn a_name_that_only_a_greeting_says() {
        let sheet =
            drawn(&[&[(0.1, "Thank you for shopping at Nube Roja")], &[(0.1, "Total"), (0.7, "4.50")]]);
        assert!(Options::of(&sheet, &[], false).iter().any(|n| n.name == "Nube Roja"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,60}") {
            let _ = named(&text);
            let _ = voiced(&[&[(0.1, text.as_str())]]);
        }
    }
}
