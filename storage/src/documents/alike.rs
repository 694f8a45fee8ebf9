//! Documents that may be one and the same: by what they say, or by their picture.

use acuse_pipeline::{intake::fingerprint::distance, reading::Fingerprint};
use uuid::Uuid;

use super::{COLUMNS, Document, DocumentRow, Extracted};
use crate::{catalog::Catalog, error::CatalogError, names::DocumentId, sql::Tx};

/// Pictures whose fingerprints differ in at most so many bits are looked at as one: see
/// [`acuse_pipeline::intake::fingerprint::fingerprint`].
const NEAR: u32 = 6;
/// So many of either kind at most are given to whoever compares them.
const MOST: usize = 20;

#[derive(sqlx::FromRow)]
struct Picture {
    id: Uuid,
    fingerprint: i64,
}

impl Catalog {
    /// Documents that may be the same as this one: the same issuer and number, the same issuer, date and total, or a
    /// first page that looks the same. Oldest first, at most 20 of either; rejected ones and duplicates are left out.
    ///
    /// Pictures up to 3 bits apart are always found, of those 4 to 6 bits apart about nine, eight and six in ten: they
    /// are looked up by the quarters of their fingerprints.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn possible_duplicates(&self, document: &Document) -> Result<Vec<Document>, CatalogError> {
        let mut tx = self.reading().await?;
        let keys = Extracted::from(&document.fields);
        let text = format!(
            "SELECT {COLUMNS} FROM documents \
             WHERE id <> $1 AND duplicate_of IS NULL AND status <> 'rejected' AND ( \
                   (number = $2 AND party = $3) \
                OR (doc_date = $4 AND total = $5 AND party = $3)) \
             ORDER BY id LIMIT 20"
        );
        let rows = all!(
            tx,
            DocumentRow,
            sqlx::AssertSqlSafe(text.clone()),
            document.id.0,
            keys.number.as_deref(),
            keys.party.as_deref(),
            keys.doc_date.as_deref(),
            keys.total.as_deref()
        )?;
        let alike = match document.fingerprint {
            Some(own) => look_alikes(&mut tx, document.id, own).await?,
            None => Vec::new(),
        };
        drop(tx);
        let mut found = rows.into_iter().map(Document::try_from).collect::<Result<Vec<_>, _>>()?;
        for id in alike {
            if !found.iter().any(|other| other.id == id) {
                found.extend(self.document(id).await?);
            }
        }
        found.sort_by_key(|other| other.id);
        Ok(found)
    }
}

/// Whose first page looks like this one's, the most alike first.
pub(crate) async fn look_alikes(
    tx: &mut Tx,
    id: DocumentId,
    own: Fingerprint,
) -> Result<Vec<DocumentId>, CatalogError> {
    if own.0 == 0 {
        return Ok(Vec::new());
    }
    let [a, b, c, d] = [0, 16, 32, 48].map(|shift| i64::from((own.0 >> shift) as u16));
    let mut found: Vec<Picture> = all!(
        tx,
        Picture,
        "SELECT id, fingerprint FROM documents \
         WHERE id <> $1 AND duplicate_of IS NULL AND status <> 'rejected' AND ( \
               (fingerprint & 65535) = $2 \
            OR ((fingerprint >> 16) & 65535) = $3 \
            OR ((fingerprint >> 32) & 65535) = $4 \
            OR ((fingerprint >> 48) & 65535) = $5) \
         LIMIT 5000",
        id.0,
        a,
        b,
        c,
        d
    )?;
    let far = |p: &Picture| distance(own, Fingerprint(p.fingerprint.cast_unsigned()));
    found.retain(|p| far(p) <= NEAR);
    found.sort_by_key(|p| (far(p), p.id));
    found.truncate(MOST);
    Ok(found.into_iter().map(|p| DocumentId(p.id)).collect())
}
