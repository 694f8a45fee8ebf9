//! For each row, the objects that it names.

use std::collections::{HashMap, HashSet};

use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Looked, MISSING, Pace, SweepError};
use crate::{
    catalog::Catalog,
    documents::StoredPage,
    error::CatalogError,
    incidents,
    names::{DocumentId, Stage, json, word},
    objects::{ObjectError, ObjectKey, Objects},
    sql::Tx,
    timeline,
};

/// Objects asked for at once.
const LISTED: i32 = 1_000;
/// Documents with an incident of their own; of what is missing beyond them the count is told.
const MOST: usize = 1_000;
/// The incident of all those beyond.
const BEYOND: &str = "many documents";

/// What a row names: in its own words, and the key.
type Named = Vec<(String, ObjectKey)>;

pub(super) async fn page(
    catalog: &Catalog,
    objects: &Objects,
    after: &str,
    pace: Pace,
) -> Result<Looked, SweepError> {
    let after = after.parse().unwrap_or(Uuid::nil());
    let mut tx = catalog.reading().await?;
    let rows = named(&mut tx, "id > $1 ORDER BY id", after, pace.page).await?;
    drop(tx);
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(Looked::default()) };
    let there = listed(objects, first.0, last.0).await?;
    let mut missing = HashMap::new();
    for (id, _, keys) in &rows {
        for (what, key) in keys {
            // Of a file that holds several documents it stands in another one's folder.
            if !there.contains(key.as_str()) && !objects.has(key).await? {
                missing.entry(*id).or_insert_with(Vec::new).push((what.clone(), key.clone()));
            }
        }
    }
    let found = tell(catalog, &rows.iter().map(|row| row.0).collect::<Vec<_>>(), missing, pace).await?;
    let after = (rows.len() == usize::from(pace.page)).then(|| last.0.to_string());
    Ok(Looked { after, looked_at: rows.len() as u64, found, deleted: 0 })
}

async fn named(
    tx: &mut Tx,
    which: &str,
    bound: Uuid,
    most: u16,
) -> Result<Vec<(Uuid, Stage, Named)>, CatalogError> {
    let text = format!(
        "SELECT id, stage, original_key, pages, thumbnail_key FROM documents WHERE {which} LIMIT {most}"
    );
    let rows = all!(
        tx,
        (Uuid, String, Option<String>, String, Option<String>),
        sqlx::AssertSqlSafe(text.clone()),
        bound
    )?;
    rows.into_iter()
        .map(|(id, stage, original, pages, thumbnail)| {
            let pages: Vec<StoredPage> = json("documents", "pages", &pages)?;
            let pages = (1..).zip(pages).flat_map(|(n, page): (u32, StoredPage)| {
                let received = page.received.map(|key| (format!("page {n} as it came"), key));
                std::iter::once((format!("page {n}"), page.key)).chain(received)
            });
            let key = |what: &str, text: Option<String>| {
                // A key that is none was refused when the row was read as a document.
                text.and_then(|text| text.parse().ok()).map(|key| (what.to_owned(), key))
            };
            let all = key("original", original).into_iter().chain(pages).chain(key("thumbnail", thumbnail));
            Ok((id, word("documents", "stage", &stage)?, all.collect()))
        })
        .collect()
}

/// The keys in the folders from one document to another.
async fn listed(objects: &Objects, first: Uuid, last: Uuid) -> Result<HashSet<String>, ObjectError> {
    let (mut keys, end) = (HashSet::new(), format!("{}{last}/~", ObjectKey::DOCUMENTS));
    let mut after = format!("{}{first}", ObjectKey::DOCUMENTS);
    loop {
        let page = objects.list(ObjectKey::DOCUMENTS, &after, LISTED).await?;
        let Some(at) = page.objects.last().map(|last| last.key.clone()) else { return Ok(keys) };
        keys.extend(page.objects.into_iter().map(|object| object.key).filter(|key| *key < end));
        if !page.more || at >= end {
            return Ok(keys);
        }
        after = at;
    }
}

/// Opens and ends incidents; of how many documents something is missing.
async fn tell(
    catalog: &Catalog,
    looked_at: &[Uuid],
    missing: HashMap<Uuid, Vec<(String, ObjectKey)>>,
    pace: Pace,
) -> Result<u64, CatalogError> {
    let mut tx = catalog.writing().await?;
    let mut open: HashSet<String> = all!(
        tx,
        (String,),
        "SELECT subject FROM incidents WHERE kind = $1 AND state <> 'resolved' LIMIT 2000",
        MISSING
    )?
    .into_iter()
    .map(|(subject,)| subject)
    .collect();
    let mut found = 0;
    for id in looked_at {
        let subject = id.to_string();
        // The row may name another one by now.
        let still = match missing.get(id) {
            Some(keys) => still_named(&mut tx, *id, keys).await?,
            None => None,
        };
        match still {
            Some((stage, what)) => {
                found += 1;
                told(&mut tx, &mut open, &subject, DocumentId(*id), stage, &what, pace.present).await?;
            }
            None if open.contains(&subject) => {
                incidents::resolve(&mut tx, MISSING, Some(&subject), pace.present).await?;
            }
            None => {}
        }
    }
    tx.commit().await?;
    Ok(found)
}

async fn still_named(
    tx: &mut Tx,
    id: Uuid,
    keys: &[(String, ObjectKey)],
) -> Result<Option<(Stage, Vec<String>)>, CatalogError> {
    let Some((_, stage, named)) = named(tx, "id = $1", id, 1).await?.pop() else { return Ok(None) };
    let gone = keys.iter().filter(|gone| named.contains(gone)).map(|(what, _)| what.clone());
    let gone: Vec<String> = gone.collect();
    Ok((!gone.is_empty()).then_some((stage, gone)))
}

async fn told(
    tx: &mut Tx,
    open: &mut HashSet<String>,
    subject: &str,
    id: DocumentId,
    stage: Stage,
    what: &[String],
    present: OffsetDateTime,
) -> Result<(), CatalogError> {
    tracing::error!(document_id = %id, ?what, "a document's object is not in the store");
    let detail = json!({ "document_id": id, "missing": what });
    let is_new = !open.contains(subject);
    if is_new {
        // On the document itself too: whoever looks at it must not take it for whole.
        timeline::note(tx, id, stage, MISSING, json!({ "missing": what })).await?;
    }
    let subject = if is_new && open.len() >= MOST { BEYOND } else { subject };
    incidents::open(tx, MISSING, subject, &detail, 1, present).await?;
    open.insert(subject.to_owned());
    Ok(())
}
