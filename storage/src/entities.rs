//! Who *we* are: the firms for which documents come in. What a document says of its parties, and the number it came to,
//! decide whose it is and which way its money goes; where a firm is added or changed, what was there is gone through again.

use acuse_pipeline::entities::{self as ours, Direction};
use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    audit, backfills, cases,
    catalog::Catalog,
    documents::{self, Document},
    error::CatalogError,
    events,
    names::{DocumentId, EntityId, at, clean, json, micros, to_json},
    obligations,
    sql::{Tx, again},
};

/// The backfill of whose of us documents are.
pub const ENTITIES: &str = "entities";

/// Most firms that we may be.
const MOST: i64 = 1000;

/// One of the firms that we are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entity {
    /// Its id.
    pub id: EntityId,
    /// As registered.
    pub name: String,
    /// As said.
    pub tax_ids: Vec<String>,
    /// Accounts at banks, as said.
    pub accounts: Vec<String>,
    /// Numbers of ours at Meta where its documents come in.
    pub phone_number_ids: Vec<String>,
    /// When it was added.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was changed.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

/// What is said of a firm of ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewEntity {
    /// As registered; 1 to 500 characters.
    pub name: String,
    /// In any form.
    pub tax_ids: Vec<String>,
    /// In any form.
    pub accounts: Vec<String>,
    /// At Meta.
    pub phone_number_ids: Vec<String>,
}

type Row = (Uuid, String, String, String, String, i64, i64);

const COLUMNS: &str =
    "SELECT id, name, tax_ids, accounts, phone_number_ids, created_at, updated_at FROM entities";

fn parsed((id, name, tax_ids, accounts, numbers, created, updated): Row) -> Result<Entity, CatalogError> {
    Ok(Entity {
        id: EntityId(id),
        name,
        tax_ids: json("entities", "tax_ids", &tax_ids)?,
        accounts: json("entities", "accounts", &accounts)?,
        phone_number_ids: json("entities", "phone_number_ids", &numbers)?,
        created_at: at("entities", "created_at", created)?,
        updated_at: at("entities", "updated_at", updated)?,
    })
}

async fn all_of_us(tx: &mut Tx) -> Result<Vec<Entity>, CatalogError> {
    let text = format!("{COLUMNS} ORDER BY id LIMIT {MOST}");
    all!(tx, Row, sqlx::AssertSqlSafe(text.clone()))?.into_iter().map(parsed).collect()
}

fn as_evidence(entities: Vec<Entity>) -> Vec<ours::Entity<EntityId>> {
    let one = |e: Entity| ours::Entity {
        id: e.id,
        name: e.name,
        tax_ids: e.tax_ids,
        phone_number_ids: e.phone_number_ids,
    };
    entities.into_iter().map(one).collect()
}

impl Catalog {
    /// All firms that we are, in the order in which they were added.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn entities(&self) -> Result<Vec<Entity>, CatalogError> {
        all_of_us(&mut self.reading().await?).await
    }

    /// The same as evidence for the roles on a bill.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn our_names(&self) -> Result<Vec<ours::Entity<EntityId>>, CatalogError> {
        Ok(as_evidence(self.entities().await?))
    }

    /// Adds a firm of ours, or with an `id` says anew what it is; none where there is no such firm. What was there is gone
    /// through again.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn save_entity(
        &self,
        id: Option<EntityId>,
        new: &NewEntity,
        who: &str,
    ) -> Result<Option<Entity>, CatalogError> {
        let mut tx = self.writing().await?;
        let present = micros(tx.now());
        let known = id.unwrap_or_else(EntityId::generate);
        let name = clean(&new.name);
        let [tax_ids, accounts, numbers] = [
            clean(&to_json("tax_ids", &new.tax_ids)?),
            clean(&to_json("accounts", &new.accounts)?),
            clean(&to_json("phone_number_ids", &new.phone_number_ids)?),
        ];
        let sql = if id.is_some() {
            "UPDATE entities SET name = $2, tax_ids = $3, accounts = $4, phone_number_ids = $5, updated_at = $6 \
             WHERE id = $1"
        } else {
            "INSERT INTO entities (id, name, tax_ids, accounts, phone_number_ids, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $6)"
        };
        let touched = execute!(
            tx,
            sql,
            known.0,
            name.as_str(),
            tax_ids.as_str(),
            accounts.as_str(),
            numbers.as_str(),
            present
        )?;
        if touched == 0 {
            return Ok(None);
        }
        let action = if id.is_some() { "entity_changed" } else { "entity_added" };
        audit::write(&mut tx, who, action, None, &serde_json::json!({ "entity": known })).await?;
        go_through_again(&mut tx).await?;
        let text = format!("{COLUMNS} WHERE id = $1");
        let row = one!(tx, Row, sqlx::AssertSqlSafe(text.clone()), known.0)?;
        tx.commit().await?;
        parsed(row).map(Some)
    }

    /// Says of the next `batch` documents that were there whose of us they are; whether there are more. Each that was another's
    /// is changed in a transaction of its own, with its event, and only then the place is moved on: a process that ends in
    /// between does nothing twice, for what it did says so.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn settle_entities_of_what_was_there(&self, batch: u32) -> Result<bool, CatalogError> {
        let mut tx = self.reading().await?;
        let Some(place) = backfills::place(&mut tx, ENTITIES).await? else { return Ok(false) };
        let rows = all!(
            tx,
            (Uuid,),
            "SELECT id FROM documents WHERE id > $1 AND id <= $2 AND erased_at IS NULL ORDER BY id LIMIT $3",
            place.0,
            place.1,
            i64::from(batch.clamp(1, 500))
        )?;
        let ids: Vec<Uuid> = rows.into_iter().map(|(id,)| id).collect();
        let said = all_of_us(&mut tx).await?;
        let us = as_evidence(said.clone());
        let mut differ = Vec::new();
        for id in ids.iter().copied().map(DocumentId) {
            if other_side(&mut tx, id, &us).await?.is_some() {
                differ.push(id);
            }
        }
        drop(tx);
        for id in differ {
            self.settle_anew(id, &us).await?;
        }
        let mut tx = self.writing().await?;
        // Another process was quicker, or it was said anew who we are, and then it is gone through again.
        if backfills::place(&mut tx, ENTITIES).await? != Some(place) || all_of_us(&mut tx).await? != said {
            return Ok(true);
        }
        let more = backfills::moved(&mut tx, ENTITIES, &ids).await?;
        tx.commit().await?;
        Ok(more)
    }

    /// Says of a document that was there whose of us it is, as a new version.
    async fn settle_anew(&self, id: DocumentId, us: &[ours::Entity<EntityId>]) -> Result<(), CatalogError> {
        // Somebody else may hold it.
        again(|| self.try_settle_anew(id, us)).await
    }

    async fn try_settle_anew(
        &self,
        id: DocumentId,
        us: &[ours::Entity<EntityId>],
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        // Whoever corrects it meanwhile is waited for, and what they say is looked at.
        cases::hold_document(&mut tx, id).await?;
        if !settle_by(&mut tx, id, us).await? {
            return Ok(());
        }
        let present = micros(tx.now());
        let sql = "UPDATE documents SET version = version + 1, updated_at = $2 WHERE id = $1";
        execute!(tx, sql, id.0, present)?;
        events::tell_reassigned(&mut tx, &[id]).await?;
        obligations::bill_reassigned(&mut tx, id).await?;
        tx.commit().await
    }
}

/// Begins the backfill, or begins it anew.
async fn go_through_again(tx: &mut Tx) -> Result<(), CatalogError> {
    execute!(
        tx,
        "INSERT INTO backfills (name, upto_id, total) \
         SELECT $1, d.id, (SELECT COUNT(*) FROM documents) FROM documents d ORDER BY d.id DESC LIMIT 1 \
         ON CONFLICT (name) DO UPDATE SET at_id = NULL, done = 0, finished_at = NULL, upto_id = excluded.upto_id, \
         total = excluded.total",
        ENTITIES
    )
    .map(drop)
}

/// Says of a document whose of us it is, by what it says now; nothing where we are nobody yet.
pub(crate) async fn settle(tx: &mut Tx, id: DocumentId) -> Result<(), CatalogError> {
    let us = as_evidence(all_of_us(tx).await?);
    if us.is_empty() {
        return Ok(());
    }
    settle_by(tx, id, &us).await.map(drop)
}

/// Whose of us a document is, where that is not what its row says; none where it is, or where it is of no kind yet or erased.
async fn other_side(
    tx: &mut Tx,
    id: DocumentId,
    us: &[ours::Entity<EntityId>],
) -> Result<Option<ours::Side<EntityId>>, CatalogError> {
    let Some(document) = documents::lookup(tx, id).await? else { return Ok(None) };
    let Document { kind: Some(kind), ref fields, erased_at: None, .. } = document else { return Ok(None) };
    let text = documents::text_of(tx, id).await?;
    let side = ours::side(kind, fields, &text, document.phone_number_id.as_deref(), us);
    let is_said = (side.entity, side.direction) == (document.entity_id, document.direction);
    Ok(Some(side).filter(|_| !is_said))
}

/// Writes down whose of us a document is, by what it says now; whether that is another than it was.
async fn settle_by(tx: &mut Tx, id: DocumentId, us: &[ours::Entity<EntityId>]) -> Result<bool, CatalogError> {
    let Some(side) = other_side(tx, id, us).await? else { return Ok(false) };
    execute!(
        tx,
        "UPDATE documents SET entity_id = $2, direction = $3 WHERE id = $1",
        id.0,
        side.entity.map(|e| e.0),
        side.direction.map(Direction::as_str)
    )?;
    Ok(true)
}
