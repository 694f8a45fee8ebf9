//! A name with its address on one line: `Muster AG, Bahnhofstr. 1, 8001 Zürich`, `Acme, Inc., 1 Road`.

use super::{
    looks::{looks_like_address, says_contact},
    names::{ends_in_form, firm, only_ending, tokens},
    words::BIND,
};
use crate::understand::sheet::{fold, has_phrase};

/// What parts a name from its address.
const BY: [&str; 8] = [",", ";", " · ", " • ", " | ", " - ", " – ", " / "];
/// Words of a legal form at most.
const FORM: usize = 4;
/// Letters that a name has at least.
const LETTERS: usize = 3;

/// The name at the head of a line that goes on with a street, a postal code, a tax id or a telephone; `None` where it does
/// not go on so, or begins with no name. A mark within the name stays: `Foo, S.A. de C.V.`, `Smith, Jones LLP`.
#[must_use]
pub fn before_address(text: &str) -> Option<&str> {
    let text = without_code(text.trim());
    BY.iter().find_map(|by| parted(text, by))
}

/// The same where the name is a firm's, by its legal form.
#[must_use]
pub fn firm_before_address(text: &str) -> Option<&str> {
    before_address(text).filter(|name| firm(name) > 0.9)
}

/// The same where a way to reach whoever it names, or a number of his, follows by its label: `Nube Roja · NIF: B12345674`.
#[must_use]
pub fn before_contact(text: &str) -> Option<&str> {
    let name = before_address(text)?;
    let behind = text.find(name).map(|at| &text[at + name.len()..])?;
    says_contact(&fold(behind)).then_some(name)
}

fn parted<'a>(text: &'a str, by: &str) -> Option<&'a str> {
    let ends: Vec<usize> =
        text.match_indices(by).map(|(at, _)| at).filter(|at| !within_number(text, *at)).collect();
    let part = |n: usize| -> &str {
        let from = n.checked_sub(1).and_then(|n| ends.get(n)).map_or(0, |at| at + by.len());
        text[from..ends.get(n).copied().unwrap_or(text.len())].trim()
    };
    let address = (1..=ends.len()).find(|n| is_address(part(*n)))?;
    let head = |n: usize| text[..ends[n]].trim();
    let last = match (0..address).find(|n| ends_in_form(head(*n))) {
        Some(formed) => (formed + 1..address).take_while(|n| only_ending(part(*n))).last().unwrap_or(formed),
        // "Nube Roja, S.A. A-58818501, Calle 1": what stands behind the form on its part is cut elsewhere.
        None if (1..address).any(|n| begins_with_form(part(n))) => {
            (1..address).find(|n| begins_with_form(part(*n))).unwrap_or(0)
        }
        None if address > 1 && (tokens(part(0)).len() < 2 || (1..address).any(|n| binds(part(n)))) => {
            address - 1
        }
        None => 0,
    };
    is_name(head(last)).then(|| head(last))
}

/// A mark between two digits is a number's.
fn within_number(text: &str, at: usize) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    digit(text[..at].chars().next_back()) && digit(text[at..].chars().nth(1))
}

/// What a name does not go on with: a number of any kind, words of an address, a way to reach somebody.
fn is_address(part: &str) -> bool {
    let folded = fold(part);
    let numbered = folded.contains(|c: char| c.is_ascii_digit());
    firm(part) < 0.9
        && !begins_with_form(part)
        && (numbered || looks_like_address(&folded) || says_contact(&folded))
}

/// Whether a part begins with the legal form of the name before it; two letters without points may begin a street, too.
fn begins_with_form(part: &str) -> bool {
    let forms = tokens(part).into_iter().take(FORM);
    let mut forms = forms.map(|word| &part[..word.end]).filter(|form| form.contains('.') || form.len() > 2);
    forms.any(only_ending)
}

fn binds(part: &str) -> bool {
    let folded = fold(part);
    BIND.iter().any(|word| has_phrase(&folded, word))
}

fn is_name(head: &str) -> bool {
    let folded = fold(head);
    let numbered = folded.contains(|c: char| c.is_ascii_digit()) || looks_like_address(&folded);
    folded.chars().filter(|c| c.is_alphabetic()).count() >= LETTERS
        && !head.contains(':')
        && (!numbered || firm(head) > 0.9)
}

/// "1023 - Muster AG": the customer's number before his name.
fn without_code(text: &str) -> &str {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let behind = rest.trim_start();
    let name = behind.strip_prefix(['-', '–', '/']).map(str::trim_start);
    name.filter(|n| text.len() - rest.len() >= 2 && n.starts_with(char::is_alphabetic)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::{
        parties::{blocks::Side, recipient},
        sheet::drawn,
    };

    #[test]
    fn the_name_ends_before_the_street_and_not_within_itself() {
        for (text, name) in [
            ("Muster AG, Bahnhofstr. 1, 8001 Zürich", "Muster AG"),
            ("Nombre SL, Calle 1", "Nombre SL"),
            ("Acme Ltd, 1 Road", "Acme Ltd"),
            ("Acme, Inc., 1 Road", "Acme, Inc."),
            ("Acme, Inc., 500 Main St, 12345 Springfield", "Acme, Inc."),
            ("Foo, S.A. de C.V., Av. Reforma 100", "Foo, S.A. de C.V."),
            ("Foo - Bar SL, Calle 1", "Foo - Bar SL"),
            ("Muster AG - Bahnhofstr. 1, 8001 Zürich", "Muster AG"),
            ("Nube Roja, S.L.U., C/ Luna 4", "Nube Roja, S.L.U."),
            ("Smith, Jones & Partners, 1 Road", "Smith, Jones & Partners"),
            ("Smith, Jones LLP, 1 Road", "Smith, Jones LLP"),
            ("Hans Muster, Abteilung Einkauf, Bahnhofstr. 1", "Hans Muster"),
            ("Pérez, Juan, Calle Mayor 1", "Pérez, Juan"),
            ("Monte Verde SARL, 5 rue de la Paix, 75002 Paris", "Monte Verde SARL"),
            ("Monte Verde Lda, Rua Alta 3, 1000-001 Lisboa", "Monte Verde Lda"),
            ("Monte Verde s.r.l., Via Roma 5/b, 20121 Milano (MI)", "Monte Verde s.r.l."),
            ("Monte Verde B.V., Keizersgracht 1, 1015 CJ Amsterdam", "Monte Verde B.V."),
            ("Monte Verde Sp. z o.o., ul. Długa 5, 00-001 Warszawa", "Monte Verde Sp. z o.o."),
            ("Grünberg GmbH & Co. KG, Postfach 12 34, 1010 Wien", "Grünberg GmbH & Co. KG"),
            ("Muster AG; Bahnhofstr. 1; 8001 Zürich", "Muster AG"),
            ("Muster AG · Bahnhofstr. 1", "Muster AG"),
            ("Muster AG,Bahnhofstr. 1,8001 Zürich", "Muster AG"),
            ("Nombre SL, NIF B12345674, Calle 1", "Nombre SL"),
            ("NUBE ROJA, S.A. A-58818501, Calle 1", "NUBE ROJA, S.A. A-58818501"),
            ("1023 - Muster AG, Bahnhofstr. 1", "Muster AG"),
            ("Muster AG, Plaza Mayor s/n", "Muster AG"),
        ] {
            assert_eq!(before_address(text), Some(name), "{text}");
        }
        for text in [
            "Acme, Inc.",
            "NUBE ROJA, S.A. A-58818501",
            "Foo, S.A. de C.V.",
            "Calle Mayor 3, 41001 Sevilla",
            "1.250,00",
            "Muster AG",
            "Servicios, obras y montajes",
            "24-7 Fitness",
        ] {
            assert_eq!(before_address(text), None, "{text}");
        }
    }

    #[test]
    fn a_name_with_its_number_or_telephone_on_one_line() {
        for (text, name) in [
            ("Panadería Nube & Roja · NIF: X1234567Z", "Panadería Nube & Roja"),
            ("Café Nube - Tel. 020 7946 0018", "Café Nube"),
            ("Nube Roja | info@nuberoja.es", "Nube Roja"),
        ] {
            assert_eq!(before_contact(text), Some(name), "{text}");
            let sheet = drawn(&[&[(0.1, text)], &[(0.1, "Cliente: Monte Verde S.L.")]]);
            let names = crate::understand::parties::Options::of(&sheet, &[], true);
            assert!(names.iter().any(|n| n.name == name), "{text}");
        }
        for text in ["Tel: 020 7946 0018 - Fax: 020 7946 0019", "Nube - Roja", "NIF B12345674, Calle 1"] {
            assert_eq!(before_contact(text), None, "{text}");
        }
    }

    #[test]
    fn whom_a_label_names_on_one_line_with_his_address() {
        for (line, name) in [
            ("Kunde: Muster AG, Bahnhofstr. 1, 8001 Zürich", "Muster AG"),
            ("Kunde: Anna Muster, Bahnhofstr. 1", "Anna Muster"),
            ("Cliente: Nombre SL, Calle 1", "Nombre SL"),
            ("Cliente: Ana Campo Ruiz, Avda. Paz 1, 41013 Sevilla", "Ana Campo Ruiz"),
            ("Bill to: Acme Ltd, 1 Road", "Acme Ltd"),
            ("Bill to Acme, Inc., 1 Road, 12345 Springfield", "Acme, Inc."),
            ("Receptor: Foo, S.A. de C.V., Av. Reforma 100, CDMX", "Foo, S.A. de C.V."),
            ("Client : Monte Verde SARL, 5 rue de la Paix, 75002 Paris", "Monte Verde SARL"),
            ("Tomador: Monte Verde Ltda, Rua Alta 3, São Paulo", "Monte Verde Ltda"),
            ("Odběratel: Monte Verde s.r.o., Dlouhá 5, 110 00 Praha", "Monte Verde s.r.o."),
            ("Nabywca: Monte Verde Sp. z o.o., ul. Długa 5, 00-001 Warszawa", "Monte Verde Sp. z o.o."),
        ] {
            let sheet = drawn(&[
                &[(0.1, "Nube Roja GmbH")],
                &[(0.1, "Uferweg 3, 63999 Neustadt")],
                &[(0.1, "Rechnung 17")],
                &[(0.1, line)],
                &[(0.1, "Objekt: Werkstatt Nord")],
            ]);
            let blocks: Vec<Side> = sheet.blocks().iter().map(|b| b.side).collect();
            assert_eq!(recipient(&sheet).map(|r| r.name).as_deref(), Some(name), "{line}: {blocks:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,60}") {
            let _ = (before_address(&text), firm_before_address(&text));
        }
    }
}
