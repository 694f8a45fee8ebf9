//! Erasing what a document, a contact or a customer said, for ever: the rows stay as tombstones, so that every ledger
//! still balances, and a receipt says what went, when and by whose hand.
//!
//! An erasure goes in steps (`steps`), each of which is committed and none of which hurts when it is done twice: the wish and
//! its reasons against it (`holds`), the rows document by document (`document`), the person (`people`), with whoever turns out
//! to be them meanwhile (`joined`), and then what no transaction reaches: keys, objects, and what the database's files still
//! have (`finish`). Whatever a crash cuts off is done by the next sweep.

mod candidates;
mod counts;
mod document;
mod due;
mod elsewhere;
mod finish;
mod holds;
mod joined;
mod people;
mod rows;
mod steps;
mod wish;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

pub(crate) use candidates::without_erased;
pub use due::{NotARetention, Retention, Rule};
pub use finish::{EraseError, Finishing};
pub use holds::{Hold, HoldPlaced};
pub(crate) use joined::{go_on_as, may_join};
pub use wish::{Cause, Keep, Wish, Wished};

use crate::{
    audit,
    catalog::Catalog,
    error::CatalogError,
    key_file::{Erased, ErasedKind},
    merges::{self, with_merged},
    names::{DocumentId, at, json as parse, maybe_at, micros, to_json, word},
    sql::{Tx, again},
};
use counts::Counts;

/// What was erased, when, and by whom. It quotes nothing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Receipt {
    /// Its own id.
    pub id: Uuid,
    /// Of what.
    pub kind: ErasedKind,
    /// Which.
    pub subject: Uuid,
    /// Why.
    pub cause: Cause,
    /// Whose hand it was.
    pub erased_by: String,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Rows and objects that went, by what they were.
    pub counts: BTreeMap<String, u64>,
    /// When keys, objects and what the database's files still had of it were gone; none while that is under way.
    #[serde(with = "time::serde::rfc3339::option")]
    pub finished_at: Option<OffsetDateTime>,
}

type ReceiptRow = (Uuid, String, Uuid, String, String, i64, String, Option<i64>);

const COLUMNS: &str = "id, kind, subject, cause, erased_by, at, counts, finished_at";

fn receipt(row: ReceiptRow) -> Result<Receipt, CatalogError> {
    const T: &str = "erasures";
    let (id, kind, subject, cause, erased_by, when, counts, finished) = row;
    Ok(Receipt {
        id,
        kind: word(T, "kind", &kind)?,
        subject,
        cause: word(T, "cause", &cause)?,
        erased_by,
        at: at(T, "at", when)?,
        counts: parse::<Counts>(T, "counts", &counts)?.into(),
        finished_at: maybe_at(T, "finished_at", finished)?,
    })
}

/// Of whom `documents d` are.
fn of_subject(kind: ErasedKind) -> &'static str {
    match kind {
        ErasedKind::Document => "d.id = $1",
        ErasedKind::Contact => concat!("d.contact_id IN ", with_merged!("contacts", "$1")),
        ErasedKind::Customer => concat!("d.customer_id IN ", with_merged!("customers", "$1")),
    }
}

/// The documents of a subject, and those of the same files.
fn with_files(kind: ErasedKind) -> String {
    let own = of_subject(kind);
    let files = format!(
        "(SELECT COALESCE(o.part_of, o.id) FROM documents o WHERE o.part IS NOT NULL AND {})",
        own.replace("d.", "o.")
    );
    format!("({own} OR d.id IN {files} OR d.part_of IN {files})")
}

async fn exists(tx: &mut Tx, kind: ErasedKind, id: Uuid) -> Result<bool, CatalogError> {
    let sql = match kind {
        ErasedKind::Document => "SELECT 1 FROM documents WHERE id = $1",
        ErasedKind::Contact => "SELECT 1 FROM contacts WHERE id = $1",
        ErasedKind::Customer => "SELECT 1 FROM customers WHERE id = $1",
    };
    Ok(optional!(tx, (i32,), sql, id)?.is_some())
}

/// SQL that holds for a row of `contacts` or `customers` that was erased, or whose erasure has begun; of what was merged into
/// such a one too.
pub(crate) fn erased(kind: ErasedKind, alias: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM erasures e WHERE e.kind = '{kind}' AND e.subject IN ({alias}.id, {alias}.merged_into))"
    )
}

/// Whether a contact or a customer, as who they are by now, was erased, or their erasure has begun: nothing is written of them
/// from then on.
pub(crate) async fn is_erased(tx: &mut Tx, kind: ErasedKind, id: Uuid) -> Result<bool, CatalogError> {
    let kept = merges::stands_for(tx, kind, id).await?;
    let sql = "SELECT 1 FROM erasures WHERE kind = $1 AND subject = $2 LIMIT 1";
    Ok(optional!(tx, (i32,), sql, kind.as_str(), kept)?.is_some())
}

/// Whether a legal hold is on a thing, or on what would go with it.
pub(crate) async fn is_held(tx: &mut Tx, kind: ErasedKind, id: Uuid) -> Result<bool, CatalogError> {
    Ok(!holds::on(tx, kind, id, false).await?.is_empty())
}

/// An erasure as it stands, with its terms.
async fn begun(tx: &mut Tx, erasure: Uuid) -> Result<(Receipt, Counts), CatalogError> {
    let text = format!("SELECT {COLUMNS} FROM erasures WHERE id = $1");
    let row = one!(tx, ReceiptRow, sqlx::AssertSqlSafe(text.clone()), erasure)?;
    let counts = parse("erasures", "counts", &row.6)?;
    Ok((receipt(row)?, counts))
}

async fn keep_counts(tx: &mut Tx, erasure: Uuid, counts: &Counts) -> Result<(), CatalogError> {
    let text = to_json("counts", counts)?;
    execute!(tx, "UPDATE erasures SET counts = $2 WHERE id = $1", erasure, text.as_str()).map(drop)
}

/// The version of the document that is to be erased, where it is another than was seen. Nobody changes it before the wish is
/// written down.
async fn changed(tx: &mut Tx, wish: &Wish) -> Result<Option<i64>, CatalogError> {
    let Some(seen) = wish.seen_version.filter(|_| wish.kind == ErasedKind::Document) else { return Ok(None) };
    let sql = tx.pick(
        "SELECT version FROM documents WHERE id = $1",
        "SELECT version FROM documents WHERE id = $1 FOR NO KEY UPDATE",
    );
    let row = optional!(tx, (i64,), sql, wish.id)?;
    Ok(row.map(|(version,)| version).filter(|version| *version != seen))
}

/// Documents that share a file with the subject's and are not among them.
async fn others(tx: &mut Tx, kind: ErasedKind, id: Uuid) -> Result<Vec<DocumentId>, CatalogError> {
    let text = format!(
        "SELECT d.id FROM documents d WHERE {} AND NOT ({}) AND d.erased_at IS NULL ORDER BY d.id LIMIT 1000",
        with_files(kind),
        // Whose it is may not be known of a part.
        of_subject(kind)
    );
    let rows = all!(tx, (Uuid,), sqlx::AssertSqlSafe(text.clone()), id)?;
    Ok(rows.into_iter().map(|(id,)| DocumentId(id)).collect())
}

async fn begin_erasure(mut tx: Tx, wish: &Wish) -> Result<Uuid, CatalogError> {
    let (id, present) = (Uuid::now_v7(), micros(tx.now()));
    let counts = Counts::new(wish.keep, wish.whole_file);
    execute!(
        tx,
        "INSERT INTO erasures (id, kind, subject, cause, erased_by, at, counts) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        id,
        wish.kind.as_str(),
        wish.id,
        wish.cause.as_str(),
        wish.by.as_str(),
        present,
        to_json("counts", &counts)?
    )?;
    let detail = json!({ "erasure_id": id, "kind": wish.kind, "subject": wish.id, "cause": wish.cause });
    audit::write(&mut tx, &wish.by, "erasure_begun", None, &detail).await?;
    tx.commit().await?;
    Ok(id)
}

impl Catalog {
    /// Erases what the rows say of a document, a contact or a customer; under whichever of their ids, all of a person goes.
    /// Keys, objects and what the database's files still have follow with [`Catalog::finish_erasures`].
    ///
    /// # Errors
    /// When the database fails; what was erased until then stays erased, and the sweep goes on with it.
    pub async fn erase(&self, wish: &Wish) -> Result<Wished, CatalogError> {
        // What was written before the chain was has no hash of its detail until it is sealed.
        while self.seal_audit(self.now()).await? > 0 {}
        match again(|| self.wished(wish)).await? {
            Ok(begun) => again(|| self.go_on(begun)).await.map(Wished::Begun),
            Err(done) => Ok(done),
        }
    }

    /// Begins what is wished for, where nothing is against it: which erasure it is.
    async fn wished(&self, wish: &Wish) -> Result<Result<Uuid, Wished>, CatalogError> {
        let mut tx = self.writing().await?;
        // Nobody merges them between the look and the wish.
        people::alone(&mut tx, wish.kind, wish.id).await?;
        let id = match wish.cause {
            // The list names each id by itself; whoever they are part of by now is another's wish.
            Cause::Restore => wish.id,
            _ => merges::stands_for(&mut tx, wish.kind, wish.id).await?,
        };
        let wish = &Wish { id, ..wish.clone() };
        if !exists(&mut tx, wish.kind, wish.id).await? {
            return Ok(Err(Wished::Missing));
        }
        let text = format!(
            "SELECT {COLUMNS} FROM erasures WHERE kind = $1 AND subject = $2 ORDER BY at DESC LIMIT 1"
        );
        let known =
            optional!(tx, ReceiptRow, sqlx::AssertSqlSafe(text.clone()), wish.kind.as_str(), wish.id)?;
        // Whoever wrote to it meanwhile: what was filled again is erased again.
        if let Some(known) = known
            && !steps::is_left(&mut tx, wish.kind, wish.id).await?
        {
            return Ok(Err(Wished::Already(receipt(known)?)));
        }
        if let Some(version) = changed(&mut tx, wish).await? {
            return Ok(Err(Wished::Changed(version)));
        }
        // Somebody may have lifted the hold before it was erased, and then the copy that came back has it still.
        if wish.cause != Cause::Restore {
            let held = holds::on(&mut tx, wish.kind, wish.id, wish.whole_file).await?;
            if !held.is_empty() {
                return Ok(Err(Wished::Held(held)));
            }
        }
        if !wish.whole_file && wish.cause != Cause::Restore {
            let others = others(&mut tx, wish.kind, wish.id).await?;
            if !others.is_empty() {
                return Ok(Err(Wished::WithOthers(others)));
            }
        }
        begin_erasure(tx, wish).await.map(Ok)
    }

    /// Erases anew what the list beside the key file says was erased, in a catalog that was put back from before. How many
    /// of it were there.
    ///
    /// # Errors
    /// When the database fails; it is done again from the start then, and hurts nothing.
    pub async fn erase_again(&self, list: &[Erased]) -> Result<u64, CatalogError> {
        let mut again = 0;
        for erased in list {
            let wish = Wish {
                kind: erased.kind,
                id: erased.id,
                cause: Cause::Restore,
                by: "restore".to_owned(),
                keep: erased.keep,
                // Whatever went with it stands in the list by itself.
                whole_file: false,
                seen_version: None,
            };
            again += u64::from(matches!(self.erase(&wish).await?, Wished::Begun(_)));
        }
        Ok(again)
    }

    /// A receipt, if there is one.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn erasure(&self, id: Uuid) -> Result<Option<Receipt>, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!("SELECT {COLUMNS} FROM erasures WHERE id = $1");
        optional!(tx, ReceiptRow, sqlx::AssertSqlSafe(text.clone()), id)?.map(receipt).transpose()
    }

    /// Receipts, the latest first, those before `before`.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn erasures(&self, before: Option<Uuid>, limit: u32) -> Result<Vec<Receipt>, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!("SELECT {COLUMNS} FROM erasures WHERE id < $1 ORDER BY id DESC LIMIT $2");
        all!(
            tx,
            ReceiptRow,
            sqlx::AssertSqlSafe(text.clone()),
            before.unwrap_or(Uuid::max()),
            i64::from(limit.clamp(1, 1_000))
        )?
        .into_iter()
        .map(receipt)
        .collect()
    }
}
