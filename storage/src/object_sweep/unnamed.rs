//! For each object, the row that names it.

use std::collections::HashSet;

use serde_json::json;
use uuid::Uuid;

use super::{Looked, ObjectSweep, Pace, SweepError, UNNAMED};
use crate::{
    access::literal,
    catalog::Catalog,
    documents::StoredPage,
    error::CatalogError,
    names::json,
    objects::{ObjectKey, Objects},
};

/// Unnamed objects that an accident leaves behind, in any store; above that, one in [`SHARE`].
const FEW: u64 = 200;
const SHARE: u64 = 10;

pub(super) async fn page(
    catalog: &Catalog,
    objects: &Objects,
    after: &str,
    deletes: bool,
    pace: Pace,
) -> Result<Looked, SweepError> {
    let page = objects.list(ObjectKey::DOCUMENTS, after, i32::from(pace.page)).await?;
    let before = pace.present - pace.age;
    // What is none of ours was put there by somebody else, who may want it.
    let old = page.objects.iter().filter(|o| o.modified < before).filter_map(|o| o.key.parse().ok());
    let candidates: Vec<ObjectKey> = old.collect();
    let unnamed = unnamed(catalog, candidates).await?;
    let mut looked = Looked {
        after: page.more.then(|| page.objects.last().map(|last| last.key.clone())).flatten(),
        looked_at: page.objects.len() as u64,
        found: unnamed.len() as u64,
        deleted: 0,
    };
    if deletes {
        for key in &unnamed {
            objects.delete(key).await?;
            looked.deleted += 1;
        }
        if !unnamed.is_empty() {
            tracing::warn!(deleted = unnamed.len(), "deleted objects that no row names");
        }
    }
    Ok(looked)
}

/// At the end of a pass: whether another one is to delete what this one counted.
pub(super) async fn ended(catalog: &Catalog, sweep: &ObjectSweep, pace: Pace) -> Result<bool, CatalogError> {
    if sweep.deletes || sweep.found == 0 {
        catalog.resolve_incidents(UNNAMED, None).await?;
        return Ok(false);
    }
    if sweep.found <= FEW || sweep.found.saturating_mul(SHARE) <= sweep.looked_at {
        return Ok(true);
    }
    tracing::error!(
        unnamed = sweep.found,
        objects = sweep.looked_at,
        "the database does not know these objects; nothing is deleted"
    );
    let detail = json!({
        "unnamed": sweep.found,
        "objects": sweep.looked_at,
        "older_than_hours": pace.age.whole_hours(),
        "why": "more than an accident leaves behind: is this the right database, and not an old one? Nothing was deleted",
    });
    catalog.open_incident(UNNAMED, "store", &detail).await?;
    Ok(false)
}

/// Those of these keys that no row names. A document that is on its road keeps all it has: the next step may name it.
async fn unnamed(catalog: &Catalog, keys: Vec<ObjectKey>) -> Result<Vec<ObjectKey>, CatalogError> {
    let mut folders: Vec<Uuid> = keys.iter().filter_map(ObjectKey::document).map(|id| id.0).collect();
    folders.dedup();
    if folders.is_empty() {
        return Ok(Vec::new());
    }
    let mut tx = catalog.reading().await?;
    let list = folders.iter().map(|id| literal(&tx, *id)).collect::<Vec<_>>().join(", ");
    // The documents of one file may name what stands in the folder of another of them.
    let text = format!(
        "WITH firsts AS (SELECT COALESCE(part_of, id) AS id FROM documents WHERE id IN ({list}) OR part_of IN ({list})) \
         SELECT d.id, d.stage = 'done', d.original_key, d.pages, d.thumbnail_key FROM documents d \
         WHERE d.id IN ({list}) OR d.id IN (SELECT id FROM firsts) OR d.part_of IN (SELECT id FROM firsts)"
    );
    let rows =
        all!(tx, (Uuid, bool, Option<String>, String, Option<String>), sqlx::AssertSqlSafe(text.clone()))?;
    let (mut named, mut moving) = (HashSet::new(), HashSet::new());
    for (id, at_rest, original, pages, thumbnail) in rows {
        let pages: Vec<StoredPage> = json("documents", "pages", &pages)?;
        named.extend(pages.into_iter().flat_map(StoredPage::keys).map(|key| key.as_str().to_owned()));
        named.extend([original, thumbnail].into_iter().flatten());
        if !at_rest {
            moving.insert(id);
        }
    }
    let text = format!(
        "SELECT original_key, pages, thumbnail_key FROM document_versions WHERE document_id IN ({list})"
    );
    for (original, pages, thumbnail) in
        all!(tx, (String, String, Option<String>), sqlx::AssertSqlSafe(text.clone()))?
    {
        let pages: Vec<StoredPage> = json("document_versions", "pages", &pages)?;
        named.extend(pages.into_iter().flat_map(StoredPage::keys).map(|key| key.as_str().to_owned()));
        named.extend([Some(original), thumbnail].into_iter().flatten());
    }
    let text = format!(
        "SELECT object_key FROM attachments WHERE object_key IS NOT NULL AND (id IN ({list}) OR document_id IN ({list}))"
    );
    let attached = all!(tx, (String,), sqlx::AssertSqlSafe(text.clone()))?;
    named.extend(attached.into_iter().map(|(key,)| key));
    let is_kept = |key: &ObjectKey| {
        named.contains(key.as_str()) || key.document().is_none_or(|id| moving.contains(&id.0))
    };
    Ok(keys.into_iter().filter(|key| !is_kept(key)).collect())
}
