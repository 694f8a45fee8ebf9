//! SQLite has the beginnings of words in its index up to some length. What begins with a longer one it would put together
//! from every row that has such a word, before it gives the first: at a million papers, each with "electrónica" on it, for most
//! of a second. So the few words that there are with such a beginning are asked for in full, and walked row by row.

use std::collections::BTreeMap;

use super::{Index, Wanted, terms};
use crate::{error::CatalogError, sql::Tx};

/// Most words that a beginning stands for. What more of them begin with (a number that is being typed) each has few rows.
const MOST: usize = 6;

/// Words by their beginnings.
pub(super) type Spelled = BTreeMap<String, Vec<String>>;

impl Wanted {
    /// The question to an index in this database's words.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn asked(&self, tx: &mut Tx, index: &Index) -> Result<String, CatalogError> {
        if !tx.is_sqlite() {
            return Ok(self.written(&terms::TSQUERY, &Spelled::new()));
        }
        let mut spelled = Spelled::new();
        for beginning in self.beginnings_beyond(index.beginnings) {
            let words = words_of(tx, index, &beginning).await?;
            if words.len() <= MOST {
                spelled.insert(beginning, words);
            }
        }
        Ok(self.written(&terms::FTS5, &spelled))
    }
}

/// The first words that begin so, one more than [`MOST`] if there are: from one to the next along the index, which gives them
/// in their order, however many rows each has. No word has anything below a nought in it.
async fn words_of(tx: &mut Tx, index: &Index, beginning: &str) -> Result<Vec<String>, CatalogError> {
    let terms = format!("{}_terms", index.words);
    let text = format!(
        "WITH RECURSIVE known (word) AS (SELECT (SELECT v.term FROM {terms} v WHERE v.term >= $1 LIMIT 1) \
           UNION ALL SELECT (SELECT v.term FROM {terms} v WHERE v.term >= known.word || '0' LIMIT 1) FROM known \
           WHERE known.word < $2 LIMIT {most}) \
         SELECT word FROM known WHERE word < $2",
        most = MOST + 1
    );
    let end = format!("{beginning}\u{10FFFF}");
    let rows = all!(tx, (String,), sqlx::AssertSqlSafe(text.clone()), beginning, end.as_str())?;
    Ok(rows.into_iter().map(|(word,)| word).collect())
}
