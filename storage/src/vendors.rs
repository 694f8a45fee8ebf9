//! What is remembered of vendors: one row for each paper that a person filed, and the signs by which its vendor is known
//! again. There is no row of a vendor: it is the papers that agree on it ([`acuse_pipeline::memory`]), so a paper that is
//! taken back, corrected or erased leaves nothing behind.

use std::collections::{BTreeMap, BTreeSet};

use acuse_pipeline::{
    document::{Kind, Status},
    fields::Fields,
    memory::{Clues, Paper, Sign, SignKind, Theirs, Vendor},
};
use uuid::Uuid;

use crate::{
    access::Sensitivity,
    backfills,
    catalog::Catalog,
    documents::{self, Document, key},
    error::CatalogError,
    names::{DocumentId, clean, clean_maybe, json, micros, to_json, word},
    objects::ObjectKey,
    sql::Tx,
};

/// The backfill of what persons filed before there was a memory.
pub const VENDORS: &str = "vendors";

/// Newest papers that are looked at for one sign: a sign that many share crowds out no other.
const PER_SIGN: i64 = 20;

/// What memory said of a document when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recalled {
    /// The vendor's name.
    pub name: String,
    /// Papers of the vendor that agreed.
    pub papers: u32,
    /// By what it was known, the strongest first.
    pub by: Vec<SignKind>,
}

impl Recalled {
    /// Of a vendor that was recognised.
    #[must_use]
    pub fn of(vendor: &Vendor) -> Self {
        Self {
            name: vendor.name.clone(),
            papers: u32::try_from(vendor.papers).unwrap_or(u32::MAX),
            by: vendor.by.clone(),
        }
    }
}

/// A document that a person filed, as labelled data: what was filed, and where its file is.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// The document.
    pub id: DocumentId,
    /// As it was filed.
    pub kind: Kind,
    /// As they were filed.
    pub fields: Fields,
    /// ISO 639-1.
    pub language: Option<String>,
    /// MIME type of its file.
    pub media_type: Option<String>,
    /// Its file, where it was kept.
    pub original: Option<ObjectKey>,
}

type LabelledRow = (Uuid, String, String, Option<String>, Option<String>, Option<String>);

type PaperRow = (Uuid, String, Option<String>, Option<String>, Option<String>, String);

impl Catalog {
    /// The papers that share a sign with a document, oldest first; not the document's own.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn vendor_papers(&self, clues: &Clues, except: DocumentId) -> Result<Vec<Paper>, CatalogError> {
        let signs: Vec<String> = clues.signs.iter().map(ToString::to_string).collect();
        let mut tx = self.reading().await?;
        let asked = tx.pick(
            "SELECT value FROM json_each($1)",
            "SELECT value FROM jsonb_array_elements_text(CAST($1 AS jsonb)) AS asked (value)",
        );
        let text = format!(
            "WITH shared AS (SELECT document_id, ROW_NUMBER() OVER (PARTITION BY sign ORDER BY document_id DESC) AS n \
               FROM vendor_signs WHERE sign IN ({asked}) AND document_id <> $2) \
             SELECT p.document_id, p.name, p.legal_name, p.tax_id, p.number_shape, s.sign \
             FROM vendor_papers p JOIN vendor_signs s ON s.document_id = p.document_id \
             WHERE p.document_id IN (SELECT document_id FROM shared WHERE n <= $3) ORDER BY p.document_id"
        );
        let bound = clean(&to_json("signs", &signs)?);
        let rows = all!(tx, PaperRow, sqlx::AssertSqlSafe(text.clone()), bound.as_str(), except.0, PER_SIGN)?;
        let mut papers: BTreeMap<Uuid, Paper> = BTreeMap::new();
        for (id, name, legal_name, tax_id, number_shape, sign) in rows {
            let paper = papers.entry(id).or_insert_with(|| Paper {
                name,
                legal_name,
                tax_id,
                number_shape,
                signs: BTreeSet::new(),
            });
            paper.signs.insert(word::<Sign>("vendor_signs", "sign", &sign)?);
        }
        Ok(papers.into_values().collect())
    }

    /// Learns of the next `batch` documents that were there before there was a memory and that a person filed; whether there
    /// are more. Where it stands is committed with what it did.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn learn_of_what_was_there(&self, batch: u32) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let Some((after, upto_id)) = backfills::place(&mut tx, VENDORS).await? else { return Ok(false) };
        let rows = all!(
            tx,
            (Uuid, Option<String>, Option<String>),
            "SELECT d.id, \
               (SELECT r.resolution FROM reviews r WHERE r.document_id = d.id AND r.resolved_at IS NOT NULL \
                 AND r.resolution <> 'undone' ORDER BY r.resolved_at DESC, r.id DESC LIMIT 1), \
               (SELECT r.resolved_by FROM reviews r WHERE r.document_id = d.id AND r.resolved_at IS NOT NULL \
                 AND r.resolution <> 'undone' ORDER BY r.resolved_at DESC, r.id DESC LIMIT 1) \
             FROM documents d WHERE d.id > $1 AND d.id <= $2 ORDER BY d.id LIMIT $3",
            after,
            upto_id,
            i64::from(batch.clamp(1, 500))
        )?;
        for (id, resolution, by) in &rows {
            let filed = matches!(resolution.as_deref(), Some("approved" | "corrected"));
            let by_person = by.as_deref().is_some_and(|by| !by.starts_with("mcp:"));
            let held = optional!(tx, (i64,), "SELECT held_until FROM holds WHERE document_id = $1", *id)?;
            if filed && by_person && held.is_none() {
                learn(&mut tx, DocumentId(*id)).await?;
            }
        }
        let ids: Vec<Uuid> = rows.iter().map(|(id, ..)| *id).collect();
        let more = backfills::moved(&mut tx, VENDORS, &ids).await?;
        tx.commit().await?;
        Ok(more)
    }

    /// The next `most` documents that persons filed and that teach, after `after`, by id: none that is an ID or may be one,
    /// that was erased, or whose decision can still be taken back, and none that is only a part of its file.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn labelled(
        &self,
        after: Option<DocumentId>,
        most: u32,
    ) -> Result<Vec<Labelled>, CatalogError> {
        let mut tx = self.reading().await?;
        let rows = all!(
            tx,
            LabelledRow,
            "SELECT d.id, d.kind, d.fields, d.language, d.media_type, d.original_key \
             FROM vendor_papers p JOIN documents d ON d.id = p.document_id \
             WHERE d.id > $1 AND d.status = 'filed' AND d.sensitivity = 'open' AND d.erased_at IS NULL \
             AND d.kind IN ('invoice', 'receipt') AND d.part IS NULL ORDER BY d.id LIMIT $2",
            after.map_or(Uuid::nil(), |id| id.0),
            i64::from(most.clamp(1, 500))
        )?;
        let one = |(id, kind, fields, language, media_type, original): LabelledRow| {
            Ok(Labelled {
                id: DocumentId(id),
                kind: word("documents", "kind", &kind)?,
                fields: json("documents", "fields", &fields)?,
                language,
                media_type,
                original: original.map(|text| key("original_key", &text)).transpose()?,
            })
        };
        rows.into_iter().map(one).collect()
    }

    /// What memory said of a document when it was read, if anything.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn recalled(&self, id: DocumentId) -> Result<Option<Recalled>, CatalogError> {
        let mut tx = self.reading().await?;
        let row = optional!(
            tx,
            (String, i64, String),
            "SELECT name, papers, signs FROM vendor_recalls WHERE document_id = $1",
            id.0
        )?;
        let Some((name, papers, signs)) = row else { return Ok(None) };
        let by = signs.split_whitespace().map(|kind| word("vendor_recalls", "signs", kind));
        let by = by.collect::<Result<_, _>>()?;
        Ok(Some(Recalled { name, papers: u32::try_from(papers).unwrap_or(u32::MAX), by }))
    }
}

/// Keeps what memory said of a document, in the place of what it said before.
pub(crate) async fn keep_recalled(
    tx: &mut Tx,
    id: DocumentId,
    recalled: Option<&Recalled>,
) -> Result<(), CatalogError> {
    execute!(tx, "DELETE FROM vendor_recalls WHERE document_id = $1", id.0)?;
    let Some(recalled) = recalled else { return Ok(()) };
    let by: Vec<&str> = recalled.by.iter().map(|kind| kind.as_str()).collect();
    execute!(
        tx,
        "INSERT INTO vendor_recalls (document_id, name, papers, signs) VALUES ($1, $2, $3, $4)",
        id.0,
        clean(&recalled.name),
        i64::from(recalled.papers),
        by.join(" ")
    )
    .map(drop)
}

/// Takes back what a document taught.
pub(crate) async fn forget(tx: &mut Tx, id: DocumentId) -> Result<(), CatalogError> {
    execute!(tx, "DELETE FROM vendor_signs WHERE document_id = $1", id.0)?;
    execute!(tx, "DELETE FROM vendor_papers WHERE document_id = $1", id.0).map(drop)
}

/// Learns of a document that a person filed, in the place of what it taught before; nothing of an ID, of what may be one,
/// or of what is not in the books.
pub(crate) async fn learn(tx: &mut Tx, id: DocumentId) -> Result<(), CatalogError> {
    forget(tx, id).await?;
    let Some(document) = documents::lookup(tx, id).await? else { return Ok(()) };
    let in_books =
        document.status == Status::Filed && document.duplicate_of.is_none() && document.erased_at.is_none();
    let Some(kind) = document.kind.filter(|_| in_books && document.sensitivity == Sensitivity::Open) else {
        return Ok(());
    };
    let text = documents::text_of(tx, id).await?;
    let theirs = theirs(tx, &document).await?;
    let Some(paper) = Paper::of(kind, &document.fields, &text, &theirs) else { return Ok(()) };
    let present = micros(tx.now());
    execute!(
        tx,
        "INSERT INTO vendor_papers (document_id, name, legal_name, tax_id, number_shape, learnt_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
        id.0,
        clean(&paper.name),
        clean_maybe(paper.legal_name.as_deref()),
        clean_maybe(paper.tax_id.as_deref()),
        clean_maybe(paper.number_shape.as_deref()),
        present
    )?;
    let signs: Vec<String> =
        paper.signs.iter().map(|sign| clean(&sign.to_string())).filter(|s| s.len() <= 300).collect();
    insert!(tx, "INSERT INTO vendor_signs (sign, document_id) VALUES ", 2, "", &signs[..], |q, sign| q
        .bind(sign.as_str())
        .bind(id.0))
}

/// What is known to be the customer's or the sender's.
async fn theirs(tx: &mut Tx, document: &Document) -> Result<Theirs, CatalogError> {
    let rows = all!(
        tx,
        (String, String),
        "SELECT kind, value FROM customer_aliases WHERE customer_id = $1 \
         UNION ALL SELECT 'phone', value FROM contact_aliases WHERE contact_id = $2 AND kind = 'wa_id' \
         UNION ALL SELECT 'phone', phone FROM contacts WHERE id = $2 AND phone IS NOT NULL",
        document.customer_id.map(|c| c.0),
        document.contact_id.map(|c| c.0)
    )?;
    let of = |wanted: &str| rows.iter().filter(|(kind, _)| kind == wanted).map(|(_, v)| v.clone()).collect();
    Ok(Theirs { phones: of("phone"), emails: of("email"), tax_ids: of("tax_id") })
}
