//! Legal holds: what is under one is neither erased nor does its time run out, whoever asks.
//!
//! A hold stays where it was placed, with its reason, and is lifted there. One on a person who was merged into another is on
//! all that the two are now.

use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    exists, is_erased, of_subject,
    rows::{CONTACTS, CUSTOMERS},
    with_files,
};
use crate::{
    audit,
    catalog::Catalog,
    error::CatalogError,
    key_file::ErasedKind,
    names::{at, clean, cut, micros, word},
    sql::Tx,
};

/// A legal hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hold {
    /// On what.
    pub kind: ErasedKind,
    /// Which.
    pub subject: Uuid,
    /// Why.
    pub reason: String,
    /// By whom.
    pub placed_by: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// What became of a hold to be placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldPlaced {
    /// It is on; one that was there has the new reason.
    Placed,
    /// There is no such thing, or it was erased.
    Missing,
}

type Row = (String, Uuid, String, String, i64);

fn hold((kind, subject, reason, placed_by, when): Row) -> Result<Hold, CatalogError> {
    const T: &str = "legal_holds";
    Ok(Hold { kind: word(T, "kind", &kind)?, subject, reason, placed_by, at: at(T, "at", when)? })
}

/// SQL that holds for the documents `@` that are under a hold: their own, their sender's, or their customer's, also of before
/// those were merged.
pub(super) const HELD: &str = "(EXISTS (SELECT 1 FROM legal_holds h WHERE (h.kind = 'document' AND h.subject = @.id) \
     OR (h.kind = 'contact' AND h.subject = @.contact_id) OR (h.kind = 'customer' AND h.subject = @.customer_id)) \
     OR EXISTS (SELECT 1 FROM contacts x CROSS JOIN legal_holds h \
       WHERE x.merged_into = @.contact_id AND h.kind = 'contact' AND h.subject = x.id) \
     OR EXISTS (SELECT 1 FROM customers x CROSS JOIN legal_holds h \
       WHERE x.merged_into = @.customer_id AND h.kind = 'customer' AND h.subject = x.id))";

/// The holds on a thing, and on all that would be erased with it; a hundred of them are enough to say no.
pub(super) async fn on(
    tx: &mut Tx,
    kind: ErasedKind,
    id: Uuid,
    whole_file: bool,
) -> Result<Vec<Hold>, CatalogError> {
    let which = if whole_file { with_files(kind) } else { of_subject(kind).to_owned() };
    let own = match kind {
        ErasedKind::Document => "($1)",
        ErasedKind::Contact => CONTACTS,
        ErasedKind::Customer => CUSTOMERS,
    };
    // Whoever has documents of it, and whoever was merged into them.
    let people = [("contact", "contacts", "contact_id"), ("customer", "customers", "customer_id")].map(
        |(of, table, column)| {
            format!(
                "(h.kind = '{of}' AND (h.subject IN (SELECT d.{column} FROM documents d WHERE {which}) \
                 OR h.subject IN (SELECT x.id FROM documents d JOIN {table} x ON x.merged_into = d.{column} \
                 WHERE {which})))"
            )
        },
    );
    let text = format!(
        "SELECT h.kind, h.subject, h.reason, h.placed_by, h.at FROM legal_holds h \
         WHERE (h.kind = $2 AND h.subject IN {own}) \
         OR (h.kind = 'document' AND h.subject IN (SELECT d.id FROM documents d WHERE {which})) \
         OR {} ORDER BY h.at LIMIT 100",
        people.join(" OR ")
    );
    all!(tx, Row, sqlx::AssertSqlSafe(text.clone()), id, kind.as_str())?.into_iter().map(hold).collect()
}

/// A hold that came back with an older copy, of what was erased before: its reason may name them.
pub(super) async fn forget(tx: &mut Tx, kind: ErasedKind, id: Uuid) -> Result<(), CatalogError> {
    execute!(tx, "DELETE FROM legal_holds WHERE kind = $1 AND subject = $2", kind.as_str(), id).map(drop)
}

impl Catalog {
    /// Places a legal hold, in the audit trail too.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn place_hold(
        &self,
        kind: ErasedKind,
        id: Uuid,
        reason: &str,
        actor: &str,
    ) -> Result<HoldPlaced, CatalogError> {
        let mut tx = self.writing().await?;
        if !exists(&mut tx, kind, id).await? {
            return Ok(HoldPlaced::Missing);
        }
        let erased = "SELECT 1 FROM documents WHERE id = $1 AND erased_at IS NOT NULL";
        if optional!(tx, (i32,), erased, id)?.is_some() || is_erased(&mut tx, kind, id).await? {
            return Ok(HoldPlaced::Missing);
        }
        let present = micros(tx.now());
        execute!(
            tx,
            "INSERT INTO legal_holds (kind, subject, reason, placed_by, at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (kind, subject) DO UPDATE SET reason = excluded.reason",
            kind.as_str(),
            id,
            cut(&clean(reason), 500),
            actor,
            present
        )?;
        let detail = json!({ "kind": kind, "subject": id });
        audit::write(&mut tx, actor, "hold_placed", None, &detail).await?;
        tx.commit().await?;
        Ok(HoldPlaced::Placed)
    }

    /// Lifts a legal hold; whether there was one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lift_hold(&self, kind: ErasedKind, id: Uuid, actor: &str) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let lifted =
            execute!(tx, "DELETE FROM legal_holds WHERE kind = $1 AND subject = $2", kind.as_str(), id)?;
        if lifted == 1 {
            let detail = json!({ "kind": kind, "subject": id });
            audit::write(&mut tx, actor, "hold_lifted", None, &detail).await?;
        }
        tx.commit().await?;
        Ok(lifted == 1)
    }

    /// All legal holds, the oldest first.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn legal_holds(&self) -> Result<Vec<Hold>, CatalogError> {
        let mut tx = self.reading().await?;
        all!(tx, Row, "SELECT kind, subject, reason, placed_by, at FROM legal_holds ORDER BY at LIMIT 1000")?
            .into_iter()
            .map(hold)
            .collect()
    }
}
