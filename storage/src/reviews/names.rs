//! Who is meant by what somebody types: senders, customers and parties of what waits, by their words in any order, with
//! or without accents, by the beginning of a word, and with a small typing error.

use uuid::Uuid;

use super::list::ReviewFilter;
use crate::{documents::plain_letters, error::CatalogError, sql::Tx};

/// Most that is found by names; more are told apart by another word.
const MOST: usize = 1_000;
/// Most names that are looked through.
const LOOKED_THROUGH: i64 = 50_000;

/// The words of a text without accents, in small letters.
fn words(text: &str) -> Vec<String> {
    let plain = plain_letters(text);
    plain.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

/// Errors that are let pass in a word: none in a short one, where another word is an error away, nor in a number.
fn errors_in(word: &str) -> usize {
    match word.chars().count() {
        _ if word.chars().any(|c| c.is_ascii_digit()) => 0,
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    }
}

/// Whether a word as it was typed means one as it stands: its beginning, or with few errors.
fn means(typed: &str, stands: &str) -> bool {
    if stands.starts_with(typed) {
        return true;
    }
    let most = errors_in(typed);
    if most == 0 {
        return false;
    }
    let letters: Vec<char> = stands.chars().collect();
    let typed: Vec<char> = typed.chars().collect();
    // The whole word, or as much of it as was typed.
    let lengths = [letters.len().min(typed.len()), letters.len().min(typed.len() + 1), letters.len()];
    lengths.into_iter().any(|length| errors_between(&typed, &letters[..length], most) <= most)
}

/// Letters to add, drop, change or swap; more than `most` where it is more.
fn errors_between(a: &[char], b: &[char], most: usize) -> usize {
    if a.len().abs_diff(b.len()) > most {
        return most + 1;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut cost = (row[j] + usize::from(x != y)).min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                cost = cost.min(before[j - 1] + 1);
            }
            next.push(cost);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

/// Whether all words that were typed are meant by some of the names.
fn all_mean(typed: &[String], names: &[String]) -> bool {
    typed.iter().all(|word| names.iter().any(|name| means(word, name)))
}

/// The documents of a filter whose names are meant by `q`. Those of the same names are looked at once.
pub(super) async fn meant(tx: &mut Tx, filter: &ReviewFilter, q: &str) -> Result<Vec<Uuid>, CatalogError> {
    let typed = words(q);
    if typed.is_empty() {
        return Ok(Vec::new());
    }
    let (from, query) = filter.documents(tx);
    let ids = tx.pick("GROUP_CONCAT(HEX(d.id))", "STRING_AGG(CAST(d.id AS TEXT), ',')");
    let text = format!(
        "SELECT n.ids, k.name, k.phone, c.name, CASE WHEN {} THEN n.issuer END FROM \
         (SELECT d.contact_id, d.customer_id, d.issuer, d.sensitivity, {ids} AS ids FROM {from} WHERE {} \
          GROUP BY d.contact_id, d.customer_id, d.issuer, d.sensitivity LIMIT {LOOKED_THROUGH}) n \
         LEFT JOIN contacts k ON k.id = n.contact_id LEFT JOIN customers c ON c.id = n.customer_id",
        filter.access.told("n"),
        query.all()
    );
    type Names = (String, Option<String>, Option<String>, Option<String>, Option<String>);
    let rows = all_of!(tx, Names, text, query.binds)?;
    let fits = |(ids, sender, phone, customer, party): Names| {
        let names: Vec<String> =
            [sender, phone, customer, party].into_iter().flatten().flat_map(|name| words(&name)).collect();
        all_mean(&typed, &names).then_some(ids)
    };
    let found: Vec<String> = rows.into_iter().filter_map(fits).collect();
    let ids = found.iter().flat_map(|ids| ids.split(','));
    Ok(ids.filter_map(|id| Uuid::parse_str(id).ok()).take(MOST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(typed: &str, name: &str) -> bool {
        all_mean(&words(typed), &words(name))
    }

    #[test]
    fn words_are_found_in_any_order_without_accents_and_with_small_errors() {
        for typed in
            ["zapateria", "ZAPATERÍA única", "unica zapat", "zapatreia", "zapaterai unica", "zaptería"]
        {
            assert!(found(typed, "Zapatería Única S.L."), "{typed}");
        }
        for typed in ["papelería", "zapatería dos", "sal", "unico zapatos"] {
            assert!(!found(typed, "Zapatería Única S.L."), "{typed}");
        }
        assert!(
            found("+34 600 11", "34 600 112233") && !found("601", "34600112233"),
            "numbers have no errors"
        );
    }

    #[test]
    fn errors_are_counted_as_people_make_them() {
        let count = |a: &str, b: &str| {
            errors_between(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>(), 3)
        };
        assert_eq!(count("perez", "perez"), 0);
        assert_eq!(count("preez", "perez"), 1, "two letters in the wrong order are one error");
        assert_eq!(count("pere", "perez"), 1);
        assert_eq!(count("abc", "abcdefgh"), 4, "no more than need be");
    }
}
