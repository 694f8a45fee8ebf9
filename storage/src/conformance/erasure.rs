//! The proof of erasure: what was said is everywhere before, and nowhere after: not in a row, a search, the database's own
//! files, an object, or what an older backup gives back. And with shredding switched off the proof fails.

mod meanwhile;
mod people;
mod retried;

use std::path::{Path, PathBuf};

use acuse_pipeline::{fields::FieldName, reading::SeenWord};
use bytes::Bytes;
use futures_util::StreamExt;
use serde_json::json;
use time::Duration;
use uuid::Uuid;

use super::{
    door::{Sample, delivery, photo},
    road::{begin, facts, field, reply},
};
use crate::{
    Catalog, DocumentId, Intake, KeyFile, ObjectKey, Objects, Stage,
    audit::Verified,
    documents::{SEARCH, StoredPage},
    erasure::{Cause, Finishing, HoldPlaced, Keep, Wish, Wished},
    inbound::InboundItem,
    key_file::ErasedKind,
    objects::ObjectError,
    outbox::Purpose,
    periods::{Closing, Entry, PeriodPart},
    stages::{ReadFacts, Step},
    words::{self, Index, Reach, Source, question},
};

/// Every table and column there is.
const COLUMNS: &str = include_str!("columns.txt");

/// A catalog with its store, and what only the outside of them knows.
struct Place<'a> {
    catalog: &'a Catalog,
    objects: Objects,
    /// The database's own files; none of PostgreSQL's.
    files: Vec<PathBuf>,
}

/// A document that says `needle` everywhere it can, and its objects as a backup has them.
struct Told {
    id: DocumentId,
    needle: String,
    backup: Vec<(ObjectKey, Bytes)>,
}

async fn stored(objects: &Objects, key: &ObjectKey) -> Bytes {
    let (_, flow) = objects.get_stored(key).await.unwrap();
    flow.map(|bytes| bytes.unwrap()).collect::<Vec<Bytes>>().await.concat().into()
}

pub(super) async fn behind(catalog: &Catalog, sql: String, id: Uuid) {
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, sqlx::AssertSqlSafe(sql.clone()), id).unwrap();
    tx.commit().await.unwrap();
}

impl Place<'_> {
    /// Where `needle` still is.
    async fn leftovers(&self, needle: &str) -> Vec<String> {
        let mut found = self.in_rows(needle).await;
        for file in &self.files {
            let bytes = std::fs::read(file).unwrap_or_default().to_ascii_lowercase();
            if bytes.windows(needle.len()).any(|w| w == needle.as_bytes()) {
                found.push(file.file_name().unwrap().to_string_lossy().into_owned());
            }
        }
        found
    }

    async fn in_rows(&self, needle: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut tx = self.catalog.reading().await.unwrap();
        for line in COLUMNS.lines() {
            let (table, column) = line.split_once('.').unwrap();
            let text = if tx.is_sqlite() {
                format!(
                    "SELECT COUNT(*) FROM {table} WHERE instr(lower(CAST({column} AS TEXT)), $1) > 0 OR $2 = ''"
                )
            } else {
                format!(
                    "SELECT COUNT(*) FROM {table} WHERE strpos(lower(CAST({column} AS TEXT)), $1) > 0 \
                     OR strpos(CAST({column} AS TEXT), $2) > 0"
                )
            };
            let hexed = hex::encode(needle);
            let (count,) = one!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), needle, hexed).unwrap();
            if count > 0 {
                found.push(line.to_owned());
            }
        }
        for (index, named) in words::ALL.into_iter().zip(["search", "customers found", "contacts found"]) {
            let asked = question(&mut tx, index, needle).await.unwrap().unwrap();
            let Source { from, condition, .. } = index.source(&tx, "$1", &Reach::Whole);
            let text = format!("SELECT COUNT(*) FROM {from} WHERE {condition}");
            if one!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), asked.as_str()).unwrap().0 > 0 {
                found.push(named.to_owned());
            }
        }
        let asked = question(&mut tx, &words::DOCUMENTS, needle).await.unwrap().unwrap();
        let text = format!("SELECT COUNT(*) FROM ({}) waiting", Index::waiting(&tx, "$1"));
        if one!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), asked.as_str()).unwrap().0 > 0 {
            found.push("search of what waits".to_owned());
        }
        found
    }

    /// A document that came by the channel, was read, drafted, audited and filed, and is in a month that is closed.
    async fn tell(&self, month: &str) -> Told {
        let catalog = self.catalog;
        let needle = format!("zyx{}", Uuid::now_v7().simple());
        let sample = Sample::new();
        let mut message = photo(&sample);
        message.identity.name = Some(format!("Ana {needle}"));
        message.body = Some(format!("caption {needle}"));
        message.raw = format!("{{\"raw\":\"{needle}\"}}");
        let mut inbound = delivery(vec![InboundItem::Message(message)]);
        inbound.body = format!("{{\"body\":\"{needle}\"}}").into_bytes();
        let recorded = Intake::spawn(catalog.clone()).record(inbound).await.unwrap();
        let id = recorded.new_documents[0];
        begin(catalog, id, Stage::Fetch).await;
        let bytes = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from(needle.clone()))]);
        let original = self.objects.put_original(id, bytes, 1 << 20).await.unwrap();
        let page = Bytes::from(format!("a page of {needle}"));
        let hash = acuse_pipeline::document::Sha256::of(&page);
        let key = ObjectKey::page(id, 1, &hash);
        self.objects.put_bytes(&key, page, "image/jpeg").await.unwrap();
        let came = Bytes::from(format!("the photo of {needle}"));
        let received = ObjectKey::received(id, 1, &acuse_pipeline::document::Sha256::of(&came));
        self.objects.put_bytes(&received, came, "image/jpeg").await.unwrap();
        let page = StoredPage { key, width: 10, height: 10, changed: true, received: Some(received) };
        let mut backup = Vec::new();
        for key in std::iter::once(original.key.clone()).chain(page.clone().keys()) {
            let bytes = stored(&self.objects, &key).await;
            backup.push((key, bytes));
        }
        let fetched = crate::stages::Fetched { original, media_type: None };
        assert_eq!(catalog.fetched(id, &fetched).await.unwrap(), Step::Taken);
        begin(catalog, id, Stage::Read).await;
        assert_eq!(catalog.read(id, &read_of(&needle, month, page)).await.unwrap(), Step::Taken);
        begin(catalog, id, Stage::Link).await;
        let said = crate::outbox::NewReply { body: format!("Filed {needle}"), ..reply(Purpose::Filed) };
        assert_eq!(catalog.filed(id, Stage::Link, None, Some(&said)).await.unwrap(), Step::Taken);
        catalog.audit("user:eva", "looked", Some(id), &json!({ "saw": needle })).await.unwrap();
        let form = [("issuer".to_owned(), needle.clone())].into_iter().collect();
        catalog.save_draft(id, "eva", 1, &form).await.unwrap();
        self.say_behind(id, &needle).await;
        Told { id, needle, backup }
    }

    /// What other roads than this one write.
    async fn say_behind(&self, id: DocumentId, needle: &str) {
        let label = Uuid::now_v7();
        for sql in [
            format!("UPDATE timeline SET detail = '{{\"why\":\"{needle}\"}}' WHERE document_id = $1"),
            format!("UPDATE events SET data = '{{\"why\":\"{needle}\"}}' WHERE document_id = $1"),
            format!(
                "UPDATE documents SET caption = '{needle}', declared_filename = '{needle}.jpg' WHERE id = $1"
            ),
            format!("UPDATE outbox SET wamid = 'wamid.{label}', error = '{needle}' WHERE document_id = $1"),
        ] {
            behind(self.catalog, sql, id.0).await;
        }
        for sql in [
            "INSERT INTO vendor_papers (document_id, name, learnt_at) VALUES ($1, '@', 0)",
            "INSERT INTO vendor_signs (document_id, sign) VALUES ($1, 'name:@')",
            "INSERT INTO vendor_recalls (document_id, name, papers, signs) VALUES ($1, '@', 2, 'phone')",
        ] {
            behind(self.catalog, sql.replace('@', needle), id.0).await;
        }
        let quality = format!(
            "INSERT INTO quality_checks (id, document_id, document_version, drawn_at, answer) \
             SELECT id, id, version, 0, '{{\"total\":\"{needle}\"}}' FROM documents WHERE id = $1 \
             ON CONFLICT (document_id, document_version) DO UPDATE SET answer = excluded.answer"
        );
        behind(self.catalog, quality, id.0).await;
        let status = format!(
            "INSERT INTO message_statuses (wamid, status, recipient, rank, at, error, raw) \
             SELECT wamid, 'sent', '', 1, 0, '{needle}', '{{\"x\":\"{needle}\"}}' FROM outbox WHERE document_id = $1"
        );
        behind(self.catalog, status, id.0).await;
    }
}

fn read_of(needle: &str, month: &str, page: StoredPage) -> ReadFacts {
    let mut plain = facts(needle);
    let bbox = serde_json::from_value(json!([0.1, 0.1, 0.2, 0.2])).unwrap();
    plain.words =
        vec![SeenWord { page: 1, text: needle.to_owned(), bbox, confidence: 0.9, doubtful: Vec::new() }];
    plain.pages = vec![page];
    plain.notes = vec![format!("note {needle}")];
    for (name, value) in [
        (FieldName::IssuerName, format!("Firma {needle}")),
        (FieldName::IssueDate, format!("{month}-05")),
        (FieldName::Total, "12.34".to_owned()),
        (FieldName::Currency, "EUR".to_owned()),
    ] {
        plain.fields.insert(name, field(&value));
    }
    plain
}

pub(super) fn wish(kind: ErasedKind, id: Uuid) -> Wish {
    let (cause, by) = (Cause::Request, "user:eva".to_owned());
    Wish { kind, id, cause, by, keep: Keep::Amounts, whole_file: false, seen_version: None }
}

/// Where the database's own files are.
fn files_of(database: Option<&Path>) -> Vec<PathBuf> {
    let beside = |path: &Path, end: &str| PathBuf::from(format!("{}{end}", path.display()));
    database.map(|path| ["", "-wal"].map(|end| beside(path, end)).to_vec()).unwrap_or_default()
}

/// Runs the proof of erasure. `database` is the file of a SQLite catalog; the store must be one whose objects may be put
/// back, with a key file made in `folder`.
///
/// # Panics
/// When a promise is broken.
pub async fn erased(catalog: &Catalog, objects: &Objects, folder: &Path, database: Option<&Path>) {
    let keys = catalog.open_key_file(Some(&folder.join("proof.key"))).await.unwrap().unwrap();
    let objects = objects.clone().sealed_by(Some(keys.clone()));
    objects.ensure_bucket().await.unwrap();
    let place = Place { catalog, objects, files: files_of(database) };
    let ledgers = |place: &Place<'_>| {
        let catalog = place.catalog.clone();
        async move { catalog.ledger(None, None).await.unwrap() }
    };
    let (off, on, kept) =
        (place.tell("2018-01").await, place.tell("2018-01").await, place.tell("2018-01").await);
    let period = match catalog
        .close_period("2018-01".parse().unwrap(), "eva", true, crate::names::now())
        .await
        .unwrap()
    {
        Closing::Closed(period) => period,
        other => panic!("{other:?}"),
    };
    let found = place.leftovers(&on.needle).await;
    for column in [
        "deliveries.body",
        "messages.raw",
        "messages.body",
        "documents.fields",
        "documents.text",
        "page_words.words",
        "timeline.detail",
        "events.data",
        "outbox.body",
        "message_statuses.raw",
        "audit_details.detail",
        "drafts.form",
        "quality_checks.answer",
        "period_rows.line",
        "documents.declared_filename",
        "search",
        "contacts found",
        "contacts.name",
    ] {
        assert!(found.iter().any(|f| f == column), "{column} says it before: {found:?}");
    }
    if let Some(file) = database {
        let copy = folder.join("older.db");
        catalog.copy_into(&copy).await.unwrap();
        assert!(
            found.contains(&file.file_name().unwrap().to_string_lossy().into_owned())
                || found.iter().any(|f| f.ends_with("-wal"))
        );
    }
    let before = ledgers(&place).await;
    let came = catalog.arrival_ledger(None, None).await.unwrap();

    a_hold_stops_it(catalog, &on).await;
    without_shredding_it_fails(&place, &off).await;
    let begun = catalog.erase(&wish(ErasedKind::Document, on.id.0)).await.unwrap();
    let Wished::Begun(receipt) = begun else { panic!("{begun:?}") };
    assert!(receipt.finished_at.is_none() && receipt.counts["documents"] == 1, "{receipt:?}");
    let finished = catalog.finish_erasures(&place.objects, Finishing::Whole).await.unwrap();
    assert!(finished[0].id == receipt.id && finished[0].finished_at.is_some());
    assert_eq!(finished[0].counts["objects"], 3, "{finished:?}");
    // The sender is nobody's document: they go by their own erasure.
    let contact = catalog.document(on.id).await.unwrap().unwrap().contact_id.unwrap();
    let begun = catalog.erase(&wish(ErasedKind::Contact, contact.0)).await.unwrap();
    assert!(matches!(begun, Wished::Begun(_)), "{begun:?}");
    catalog.finish_erasures(&place.objects, Finishing::Whole).await.unwrap();
    assert_eq!(place.leftovers(&on.needle).await, Vec::<String>::new(), "nowhere after");
    assert!(!opens(&place, &on).await, "nor does an older backup give it back");
    assert!(
        opens(&place, &kept).await && !place.leftovers(&kept.needle).await.is_empty(),
        "and nothing else went"
    );

    let later = crate::names::now() + Duration::days(9);
    assert!(catalog.forget_message_ids(later).await.unwrap() >= 2, "the channel's ids name the sender");
    assert_eq!(catalog.forget_message_ids(later).await.unwrap(), 0, "once");

    let after = ledgers(&place).await;
    assert!(after.balanced && after.received == before.received && after.filed == before.filed, "{after:?}");
    assert!(came.balanced && came.documents > 0, "{came:?}");
    assert_eq!(catalog.arrival_ledger(None, None).await.unwrap(), came, "what came, came");
    while catalog.seal_audit(crate::names::now()).await.unwrap() > 0 {}
    assert!(matches!(catalog.verify_audit().await.unwrap(), Verified::Whole(_)), "the chain is unbroken");
    let again = catalog.erase(&wish(ErasedKind::Document, on.id.0)).await.unwrap();
    assert!(matches!(again, Wished::Already(_)), "{again:?}");
    let missing = catalog.erase(&wish(ErasedKind::Customer, Uuid::now_v7())).await.unwrap();
    assert_eq!(missing, Wished::Missing);
    what_stays_of_a_month(catalog, &period, &on).await;
    goes_again(&place).await;
    if database.is_some() {
        an_older_copy_is_brought_up_to_date(folder, &keys, &on, &kept).await;
    }
    // In the heap: together they are more than a thread's stack.
    Box::pin(people::a_customer_goes_whole(&place)).await;
    Box::pin(people::a_contact_goes_with_its_notices(&place)).await;
    Box::pin(retried::a_retry_brings_nothing_back(&place)).await;
    Box::pin(meanwhile::what_comes_before_the_end_goes_too(&place)).await;
    assert!(catalog.backfill(SEARCH).await.unwrap().is_none_or(|b| b.finished));
}

/// An erasure after the first one finds no rewritten file: what was said since goes all the same.
async fn goes_again(place: &Place<'_>) {
    let told = place.tell("2018-02").await;
    let contact = place.catalog.document(told.id).await.unwrap().unwrap().contact_id.unwrap();
    let begun = place.catalog.erase(&wish(ErasedKind::Contact, contact.0)).await.unwrap();
    let Wished::Begun(receipt) = begun else { panic!("{begun:?}") };
    assert_eq!(receipt.counts["documents"], 1, "with all that came from them");
    place.catalog.finish_erasures(&place.objects, Finishing::Whole).await.unwrap();
    assert_eq!(place.leftovers(&told.needle).await, Vec::<String>::new());
    assert!(!opens(place, &told).await);
}

/// With shredding switched off the proof must fail: rows say nothing, and yet it is all there.
async fn without_shredding_it_fails(place: &Place<'_>, told: &Told) {
    let contact = place.catalog.document(told.id).await.unwrap().unwrap().contact_id.unwrap();
    for asked in [wish(ErasedKind::Document, told.id.0), wish(ErasedKind::Contact, contact.0)] {
        let begun = place.catalog.erase(&asked).await.unwrap();
        assert!(matches!(begun, Wished::Begun(_)), "{begun:?}");
    }
    place.catalog.finish_erasures(&place.objects, Finishing::WithoutShredding).await.unwrap();
    assert_eq!(place.in_rows(&told.needle).await, Vec::<String>::new(), "rows say nothing");
    assert!(opens(place, told).await, "but an older backup gives it back");
    if !place.files.is_empty() {
        let found = place.leftovers(&told.needle).await;
        assert!(!found.is_empty(), "and the database's own files have it still");
    }
}

/// Whether what a backup has of it opens with the key file as it is now.
async fn opens(place: &Place<'_>, told: &Told) -> bool {
    let path = place.objects.keys().unwrap().path();
    let keys = KeyFile::open(path).unwrap().unwrap();
    let restored = place.objects.clone().sealed_by(Some(keys));
    let mut opened = 0;
    for (key, bytes) in &told.backup {
        let was_there = place.objects.has(key).await.unwrap();
        restored.put_stored(key, bytes.clone(), "application/octet-stream").await.unwrap();
        match restored.get_bytes(key, 1 << 20).await {
            Ok(plain) => {
                assert!(plain.windows(told.needle.len()).any(|w| w == told.needle.as_bytes()));
                opened += 1;
            }
            Err(ObjectError::Erased { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        if !was_there {
            restored.delete(key).await.unwrap();
        }
    }
    opened > 0
}

async fn a_hold_stops_it(catalog: &Catalog, told: &Told) {
    let customer =
        catalog.place_hold(ErasedKind::Customer, Uuid::now_v7(), "case 7", "user:eva").await.unwrap();
    assert_eq!(customer, HoldPlaced::Missing);
    let contact = catalog.document(told.id).await.unwrap().unwrap().contact_id.unwrap().0;
    for (kind, id) in [(ErasedKind::Document, told.id.0), (ErasedKind::Contact, contact)] {
        assert_eq!(catalog.place_hold(kind, id, "case 7", "user:eva").await.unwrap(), HoldPlaced::Placed);
        for asked in [wish(ErasedKind::Document, told.id.0), wish(ErasedKind::Contact, contact)] {
            // A hold on a document holds its sender too, and the other way round.
            let held = catalog.erase(&asked).await.unwrap();
            assert!(matches!(&held, Wished::Held(holds) if holds[0].subject == id), "{held:?}");
        }
        assert!(catalog.lift_hold(kind, id, "user:eva").await.unwrap());
        assert!(!catalog.lift_hold(kind, id, "user:eva").await.unwrap());
    }
}

async fn what_stays_of_a_month(catalog: &Catalog, period: &crate::periods::Period, told: &Told) {
    let access = crate::Access::whole();
    let now = catalog.period(period.month).await.unwrap().unwrap();
    assert_eq!(
        (now.sha256, &now.totals),
        (period.sha256, &period.totals),
        "a closed month is never rewritten"
    );
    let mut books = catalog.books().await.unwrap();
    let (rows, _) = books.period_page(&access, period, PeriodPart::Rows, None, 100).await.unwrap();
    let row = rows.iter().find(|r| r.line.document_id == told.id).unwrap();
    assert_eq!(
        (row.line.total.as_str(), row.line.issuer_name.as_str()),
        ("12.34", ""),
        "amounts, and nobody"
    );
    let (said, _) = books.period_page(&access, period, PeriodPart::Adjustments, None, 100).await.unwrap();
    let of: Vec<Entry> = said.iter().filter(|l| l.line.document_id == told.id).map(|l| l.entry).collect();
    assert_eq!(of, [Entry::Reversal, Entry::Restated], "dated, beside it");
}

/// A copy of the catalog from before, put back, with the list beside the key file.
async fn an_older_copy_is_brought_up_to_date(folder: &Path, keys: &KeyFile, gone: &Told, kept: &Told) {
    let path = folder.join("older.db");
    let older = Catalog::open_sqlite(&path).await.unwrap();
    let s3 = crate::EmbeddedS3::start(&folder.join("older-objects")).await.unwrap();
    let objects = Objects::connect(&s3.config("acuse"));
    objects.ensure_bucket().await.unwrap();
    let objects = objects.sealed_by(Some(keys.clone()));
    let place = Place { catalog: &older, objects, files: files_of(Some(&path)) };
    assert!(!place.leftovers(&gone.needle).await.is_empty(), "it came back");
    let again = older.erase_again(&keys.erasures().unwrap()).await.unwrap();
    assert!(again >= 2, "the document and its sender: {again}");
    older.finish_erasures(&place.objects, Finishing::Whole).await.unwrap();
    assert_eq!(place.leftovers(&gone.needle).await, Vec::<String>::new());
    assert!(!place.leftovers(&kept.needle).await.is_empty());
    assert!(older.ledger(None, None).await.unwrap().balanced);
    older.close().await;
}
