//! A number that we serve no more is forgotten by a person's word, and only when nothing waits for it.

use crate::{catalog::Catalog, error::CatalogError, incidents, names};

/// What is said of a number as long as it is ours: the kinds of incidents whose subject it is.
const ABOUT_A_NUMBER: &[&str] = &["number_unwell", "number_quality", "fetch_paused", "send_paused"];

/// What became of the wish to forget a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// It is gone, and what was said of it has ended. Should a webhook name it again, it is ours again.
    Gone,
    /// There is none of this id.
    Unknown,
    /// Something still needs it.
    Needed {
        /// Documents that wait to be fetched by its token.
        documents: u64,
        /// Messages that wait to be sent from it.
        messages: u64,
    },
}

impl Catalog {
    /// Forgets one of our numbers. What came to it and was said from it stays.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn remove_number(&self, number: &str) -> Result<Removed, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let (documents, messages) = one!(
            tx,
            (i64, i64),
            "SELECT (SELECT COUNT(*) FROM documents WHERE phone_number_id = $1 AND stage = 'fetch' AND stage <> 'done'), \
             (SELECT COUNT(*) FROM outbox o WHERE o.phone_number_id = $1 \
             AND o.state IN ('queued', 'sending', 'unknown', 'refused'))",
            number
        )?;
        if documents > 0 || messages > 0 {
            return Ok(Removed::Needed {
                documents: names::number("documents", "count", documents)?,
                messages: names::number("outbox", "count", messages)?,
            });
        }
        let gone = execute!(tx, "DELETE FROM numbers WHERE phone_number_id = $1", number)?;
        for kind in ABOUT_A_NUMBER {
            incidents::resolve(&mut tx, kind, Some(number), present).await?;
        }
        tx.commit().await?;
        Ok(if gone == 0 { Removed::Unknown } else { Removed::Gone })
    }
}
