//! Who is meant by what somebody types: senders, customers and parties of what waits, by their words in any order, with
//! or without accents, by the beginning of a word, and with a small typing error.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::list::ReviewFilter;
use crate::{
    documents::plain_letters,
    error::CatalogError,
    sql::{Bind, Query, Tx},
};

/// Most that is found by names; more are told apart by another word.
const MOST: usize = 1_000;
/// Names that are gone along one by one, each found by the one before it, however much waits of each. Where there are more,
/// nearly each is another's, and they are read at once.
const ONE_BY_ONE: usize = 1_000;
/// Most names of a kind that are looked through.
const LOOKED_THROUGH: i64 = 50_000;
/// Most words that somebody types.
const MOST_WORDS: usize = 16;

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

/// Where names of what waits stand, each with an index that has them in their order.
struct Standing {
    /// The tables for SQLite, held to the index.
    sqlite: &'static str,
    postgres: &'static str,
    /// The name.
    name: &'static str,
    /// Whose it is.
    document: &'static str,
    /// What waits of it, as the index has it.
    waits: &'static str,
}

const OPEN: &str = "r.resolved_at IS NULL";
/// Who sent it.
const SENDER: Standing = Standing {
    sqlite: "reviews r INDEXED BY reviews_sender",
    postgres: "reviews r",
    name: "r.sender",
    document: "r.document_id",
    waits: OPEN,
};
/// Whose it is.
const CUSTOMER: Standing =
    Standing { sqlite: "reviews r INDEXED BY reviews_customer", name: "r.customer", ..SENDER };
/// Whose paper it is, where everybody may be told.
const PARTY: Standing = Standing { sqlite: "reviews r INDEXED BY reviews_party", name: "r.party", ..SENDER };
/// The same, where not everybody may.
const WITHHELD: Standing = Standing {
    sqlite: "documents d INDEXED BY documents_waits_withheld",
    postgres: "documents d",
    name: "d.issuer",
    document: "d.id",
    waits: "d.status = 'in_review' AND d.sensitivity <> 'open'",
};

impl Standing {
    fn of(filter: &ReviewFilter) -> Vec<Self> {
        let mut all = vec![SENDER, CUSTOMER, PARTY];
        if filter.access.sees_ids() {
            all.push(WITHHELD);
        }
        all
    }

    fn tables(&self, tx: &Tx) -> &'static str {
        tx.pick(self.sqlite, self.postgres)
    }

    /// The names, each once, from one to the next along the index.
    fn one_by_one(&self, tx: &Tx) -> String {
        let (tables, Self { name, waits, .. }) = (self.tables(tx), self);
        let next = |which: &str| {
            format!("(SELECT {name} FROM {tables} WHERE {waits} AND {name} {which} ORDER BY {name} LIMIT 1)")
        };
        format!(
            "WITH RECURSIVE known (name) AS (SELECT {} UNION ALL SELECT {} FROM known WHERE known.name IS NOT NULL) \
             SELECT name FROM known WHERE name IS NOT NULL LIMIT {ONE_BY_ONE}",
            next("IS NOT NULL"),
            next("> known.name")
        )
    }

    async fn names(&self, tx: &mut Tx) -> Result<Vec<String>, CatalogError> {
        let text = self.one_by_one(tx);
        let mut found = all!(tx, (String,), sqlx::AssertSqlSafe(text.clone()))?;
        if found.len() == ONE_BY_ONE {
            let (tables, Self { name, waits, .. }) = (self.tables(tx), self);
            let text = format!(
                "SELECT DISTINCT {name} FROM {tables} WHERE {waits} AND {name} IS NOT NULL LIMIT {LOOKED_THROUGH}"
            );
            found = all!(tx, (String,), sqlx::AssertSqlSafe(text.clone()))?;
        }
        Ok(found.into_iter().map(|(name,)| name).collect())
    }
}

/// A word as it was typed, and the names that it means.
struct Meant<'a> {
    typed: &'a str,
    names: Vec<&'a str>,
}

impl Meant<'_> {
    /// Whether it may be the beginning of a phone number.
    fn is_digits(&self) -> bool {
        self.typed.bytes().all(|b| b.is_ascii_digit())
    }

    fn is_nothing(&self) -> bool {
        self.names.is_empty() && !self.is_digits()
    }
}

/// What each word that was typed means of the names that stand.
fn meanings<'a>(typed: &'a [String], names: &'a BTreeSet<String>) -> Vec<Meant<'a>> {
    let mut all: Vec<Meant<'a>> =
        typed.iter().map(|typed| Meant { typed: typed.as_str(), names: Vec::new() }).collect();
    for name in names {
        let stands = words(name);
        for meant in &mut all {
            if stands.iter().any(|word| means(meant.typed, word)) {
                meant.names.push(name.as_str());
            }
        }
    }
    all
}

/// SQL of the documents that a word finds, some of them more than once: by the index of the names that it means, or of the
/// numbers that it begins.
fn found_by(tx: &Tx, query: &mut Query, standing: &[Standing], word: &Meant<'_>) -> Vec<String> {
    let names = query.bind(Bind::Text(serde_json::json!(word.names).to_string()));
    let among = if tx.is_sqlite() {
        format!("IN (SELECT value FROM json_each({names}))")
    } else {
        format!("= ANY (ARRAY(SELECT json_array_elements_text(CAST({names} AS JSON))))")
    };
    let by_name = standing.iter().map(|of| {
        let (tables, Standing { name, document, waits, .. }) = (of.tables(tx), of);
        format!("SELECT {document} AS id FROM {tables} WHERE {waits} AND {name} {among}")
    });
    let mut found: Vec<String> = by_name.collect();
    if word.is_digits() {
        let begins = query.bind(Bind::text(word.typed));
        let tables = tx.pick("reviews r INDEXED BY reviews_phone", "reviews r");
        // What comes after the last digit ends it.
        found.push(format!(
            "SELECT r.document_id AS id FROM {tables} WHERE {OPEN} AND r.phone >= {begins} AND r.phone < {begins} || ':'"
        ));
    }
    found
}

/// SQL of the documents of a filter of which each word means a name, or begins the number they were sent from: found by one,
/// and of these what the others find too.
fn of_names(
    tx: &Tx,
    filter: &ReviewFilter,
    standing: &[Standing],
    meant: &[Meant<'_>],
) -> (String, Vec<Bind>) {
    // All that waits is not joined to: PostgreSQL would go through it.
    let (of_filter, mut query) = match filter.documents(tx) {
        Some((from, mut query)) => {
            query.and("d.id = m.id");
            (format!("CROSS JOIN {from}"), query)
        }
        None => (String::new(), Query::default()),
    };
    let mut first = String::new();
    for word in meant {
        let found = found_by(tx, &mut query, standing, word);
        if first.is_empty() {
            first = found.join(" UNION ");
        } else {
            query.and(format!("m.id IN ({})", found.join(" UNION ALL ")));
        }
    }
    let text = format!("SELECT m.id FROM ({first}) m {of_filter} WHERE {} LIMIT {MOST}", query.all());
    (text, query.binds)
}

/// The documents of a filter whose names are meant by `q`. The names are looked through, each once however much waits of it;
/// what waits is not.
pub(super) async fn meant(tx: &mut Tx, filter: &ReviewFilter, q: &str) -> Result<Vec<Uuid>, CatalogError> {
    let mut typed = words(q);
    typed.sort_unstable();
    typed.dedup();
    typed.truncate(MOST_WORDS);
    if typed.is_empty() {
        return Ok(Vec::new());
    }
    let standing = Standing::of(filter);
    let mut names = BTreeSet::new();
    for of in &standing {
        names.extend(of.names(tx).await?);
    }
    let mut meant = meanings(&typed, &names);
    if meant.iter().any(Meant::is_nothing) {
        return Ok(Vec::new());
    }
    // What means the fewest first.
    meant.sort_by_key(|word| (word.is_digits(), word.names.len()));
    let (text, binds) = of_names(tx, filter, &standing, &meant);
    let rows = all_of!(tx, (Uuid,), text, binds)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(typed: &str, name: &str) -> bool {
        let (typed, names) = (words(typed), BTreeSet::from([name.to_owned()]));
        meanings(&typed, &names).iter().all(|word| !word.names.is_empty())
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

    async fn steps(tx: &mut Tx, text: &str) -> Vec<String> {
        let explained = format!("EXPLAIN QUERY PLAN {text}");
        let plan = all!(tx, (i64, i64, i64, String), sqlx::AssertSqlSafe(explained.clone())).unwrap();
        plan.into_iter().map(|(.., step)| step).collect()
    }

    /// However much waits, names are found one by the other along their index, and whose they are by it.
    #[tokio::test]
    async fn what_waits_is_found_by_the_index_of_its_names() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = crate::Catalog::open_sqlite(&folder.path().join("acuse.db")).await.unwrap();
        let mut tx = catalog.reading().await.unwrap();
        let filter = ReviewFilter { access: crate::Access::whole(), ..ReviewFilter::default() };
        let standing = Standing::of(&filter);
        let indices = ["reviews_sender", "reviews_customer", "reviews_party", "documents_waits_withheld"];
        for (of, index) in standing.iter().zip(indices) {
            let text = of.one_by_one(&tx);
            let steps = steps(&mut tx, &text).await;
            let searched = steps.iter().filter(|step| step.contains(index) && step.starts_with("SEARCH"));
            assert_eq!(searched.count(), 2, "{steps:?}");
        }
        let meant = [Meant { typed: "ana", names: vec!["ana"] }, Meant { typed: "34", names: Vec::new() }];
        let (text, binds) = of_names(&tx, &filter, &standing, &meant);
        assert_eq!(binds.len(), 3, "a number begins a phone's too");
        let steps = steps(&mut tx, &text).await;
        for index in indices.iter().chain(&["reviews_phone"]) {
            assert!(steps.iter().any(|s| s.starts_with("SEARCH") && s.contains(index)), "{index}: {steps:?}");
        }
        let walked = |step: &&String| {
            step.starts_with("SCAN") && ["SCAN m", "SCAN json_each"].iter().all(|own| !step.starts_with(own))
        };
        assert_eq!(steps.iter().find(walked), None, "{steps:?}");
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
