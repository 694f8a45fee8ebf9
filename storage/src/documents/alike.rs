//! Documents that may be one and the same: by what they say, or by their picture.

use acuse_pipeline::{intake::fingerprint::distance, reading::Fingerprint};
use uuid::Uuid;

use super::{COLUMNS, Document, DocumentRow, Extracted};
use crate::{catalog::Catalog, error::CatalogError, names::DocumentId, sql::Tx};

/// Pictures whose fingerprints differ in at most so many bits are looked at as one: see
/// [`acuse_pipeline::intake::fingerprint::fingerprint`].
pub(crate) const NEAR: u32 = 6;
/// So many of either kind at most are given to whoever compares them.
const MOST: usize = 20;

/// SQL that holds for pictures of which a quarter of the fingerprint is `apart` from this one's by so many bits, none (0) or
/// one (1), a condition for each quarter and its index. Of two that are at most [`NEAR`] bits apart one of these holds: were
/// every quarter two bits apart, they would be eight.
pub(crate) fn quarters(own: Fingerprint, apart: &[u32]) -> [String; 4] {
    [0, 16, 32, 48].map(|shift| {
        let quarter = (own.0 >> shift) as u16;
        let near = std::iter::once(quarter).chain((0..16).map(|bit| quarter ^ (1 << bit)));
        let near = near.filter(|value| apart.contains(&(value ^ quarter).count_ones()));
        let near = near.map(|value| value.to_string()).collect::<Vec<_>>().join(", ");
        match shift {
            0 => format!("(fingerprint & 65535) IN ({near})"),
            _ => format!("((fingerprint >> {shift}) & 65535) IN ({near})"),
        }
    })
}

#[derive(sqlx::FromRow)]
struct Picture {
    id: Uuid,
    fingerprint: i64,
}

impl Catalog {
    /// Documents that may be the same as this one: the same issuer and number, the same issuer, date and total, or a
    /// first page that looks the same. Oldest first, at most 20 of either; rejected ones and duplicates are left out.
    ///
    /// Pictures up to 6 bits apart are found, unless more than 5,000 share a quarter of their fingerprints, or all of one
    /// but a bit.
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
    let mut found: Vec<Picture> = Vec::new();
    // Those of a quarter in common first and by themselves: there are fewer of them, and none is crowded out.
    for apart in [0, 1] {
        let text = format!(
            "SELECT id, fingerprint FROM documents \
             WHERE id <> $1 AND duplicate_of IS NULL AND status <> 'rejected' AND ({}) LIMIT 5000",
            quarters(own, &[apart]).join(" OR ")
        );
        found.extend(all!(tx, Picture, sqlx::AssertSqlSafe(text.clone()), id.0)?);
    }
    let far = |p: &Picture| distance(own, Fingerprint(p.fingerprint.cast_unsigned()));
    found.retain(|p| far(p) <= NEAR);
    found.sort_by_key(|p| (far(p), p.id));
    found.dedup_by_key(|p| p.id);
    found.truncate(MOST);
    Ok(found.into_iter().map(|p| DocumentId(p.id)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_six_bits_apart_have_a_quarter_nearly_in_common() {
        let own = Fingerprint(0x0123_4567_89AB_CDEF);
        // As many bits apart in each quarter, six in all: some quarter is asked for.
        for apart in [[2, 2, 1, 1], [1, 2, 1, 2], [6, 0, 0, 0], [0, 0, 3, 3], [2, 1, 2, 1]] {
            let mask = |bits: u32| (1_u64 << bits) - 1;
            let other = [0, 16, 32, 48]
                .iter()
                .zip(apart)
                .fold(own.0, |all, (shift, bits)| all ^ (mask(bits) << shift));
            assert_eq!(distance(own, Fingerprint(other)), NEAR);
            let is_found = quarters(own, &[0, 1]).iter().zip([0, 16, 32, 48]).any(|(asked, shift)| {
                let (_, list) = asked.split_once(" IN (").unwrap();
                let wanted = u64::from((other >> shift) as u16).to_string();
                list.trim_end_matches(')').split(", ").any(|value| value == wanted)
            });
            assert!(is_found, "{apart:?}");
        }
    }
}
