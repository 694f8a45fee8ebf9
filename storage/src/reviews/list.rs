//! The queue as the desk asks for it: pages, counts and neighbours, each by a few statements however much waits.

use std::collections::HashMap;

use acuse_pipeline::{document::Kind, reason::ReasonCode};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{COLUMNS, Review, Row};
use crate::{
    access::{Access, literal},
    catalog::Catalog,
    documents::{self, Document, DocumentRow, Page},
    error::CatalogError,
    names::{ContactId, CustomerId, DocumentId, ReviewId, micros, number, word},
    sql::Tx,
};

/// Which open reviews a list shows.
#[derive(Debug, Clone, Default)]
pub struct ReviewFilter {
    /// Only with this reason.
    pub reason: Option<ReasonCode>,
    /// Only documents of this kind.
    pub kind: Option<Kind>,
    /// Only this sender's.
    pub contact_id: Option<ContactId>,
    /// Only this customer's.
    pub customer_id: Option<CustomerId>,
    /// Only held by this person.
    pub claimed_by: Option<String>,
    /// Only held by nobody.
    pub unclaimed: bool,
    /// Only what this person could take: held by them or by nobody, and not waiting for somebody else.
    pub open_to: Option<String>,
    /// Who asks: what is out of their reach is not there, and what they may not see they cannot take.
    pub access: Access,
}

/// Whose a document is, by the names that are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Party {
    /// The customer's.
    pub customer: Option<String>,
    /// The sender's own.
    pub sender: Option<String>,
    /// Digits only.
    pub phone: Option<String>,
    /// What else the sender goes by.
    pub alias: Option<String>,
}

/// A place in the queue: the most urgent first, then the longest waiting, and by id where the times are the same.
#[derive(Clone, Copy)]
pub(super) struct Place {
    due: i64,
    opened: i64,
    id: Uuid,
}

impl Place {
    /// Before all that waits.
    pub(super) const START: Self = Self { due: i64::MIN, opened: 0, id: Uuid::nil() };

    fn of(review: &Review) -> Self {
        Self { due: micros(review.due_at), opened: micros(review.opened_at), id: review.id.0 }
    }
}

/// A condition of [`ReviewFilter`] on `r` and `d`; its binds are `$1` to `$6`, see [`bound!`].
pub(super) const OF_FILTER: &str = "r.resolved_at IS NULL \
     AND (CAST($1 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM review_reasons x WHERE x.review_id = r.id AND x.code = $1)) \
     AND (CAST($2 AS TEXT) IS NULL OR d.kind = $2) \
     AND (CAST($3 AS TEXT) IS NULL OR (r.claimed_by = $3 AND r.claim_expires_at > $6)) \
     AND (NOT $4 OR r.claimed_by IS NULL OR r.claim_expires_at <= $6) \
     AND (CAST($5 AS TEXT) IS NULL OR ((r.claimed_by IS NULL OR r.claimed_by = $5 OR r.claim_expires_at <= $6) \
       AND (r.postponed_until IS NULL OR r.postponed_until <= $6) AND (r.handed_to IS NULL OR r.handed_to = $5) \
       AND (COALESCE(d.waits_for, 'reviewer') = 'reviewer' OR (d.waits_for IN ('second_reviewer', 'approver') \
         AND (NOT EXISTS (SELECT 1 FROM opinions o WHERE o.document_id = d.id AND o.person = $5) \
           OR (d.waits_for = 'approver' AND (SELECT COUNT(*) FROM users u WHERE u.disabled_at IS NULL \
             AND u.role IN ('reviewer', 'supervisor', 'admin')) <= 2))))))";

/// What of the queue is there for whoever asks: a condition on `d` without binds.
pub(super) fn there(tx: &Tx, filter: &ReviewFilter) -> String {
    let mut all = filter.access.reach(tx, "d");
    for (column, id) in
        [("contact_id", filter.contact_id.map(|id| id.0)), ("customer_id", filter.customer_id.map(|id| id.0))]
    {
        if let Some(id) = id {
            all.push_str(&format!(" AND d.{column} = {}", literal(tx, id)));
        }
    }
    if filter.open_to.is_some() { format!("{all} AND {}", filter.access.told("d")) } else { all }
}

/// A query over the queue with the binds of [`OF_FILTER`] and more.
macro_rules! bound {
    ($macro:ident, $tx:expr, $row:ty, $text:expr, $filter:expr $(, $bind:expr)*) => {{
        let present = micros($tx.now());
        $macro!(
            $tx,
            $row,
            sqlx::AssertSqlSafe($text.clone()),
            $filter.reason.map(ReasonCode::as_str),
            $filter.kind.map(Kind::as_str),
            $filter.claimed_by.as_deref(),
            $filter.unclaimed,
            $filter.open_to.as_deref(),
            present
            $(, $bind)*
        )
    }};
}

pub(super) async fn place_of(tx: &mut Tx, id: Option<ReviewId>) -> Result<Place, CatalogError> {
    let Some(id) = id else { return Ok(Place::START) };
    let found = optional!(tx, (i64, i64), "SELECT due_at, opened_at FROM reviews WHERE id = $1", id.0)?;
    Ok(found.map_or(Place::START, |(due, opened)| Place { due, opened, id: id.0 }))
}

const QUEUE: &str = "FROM reviews r JOIN documents d ON d.id = r.document_id";
const COUNT_OPEN: &str = "SELECT COUNT(*) FROM reviews WHERE resolved_at IS NULL";
// A cross join keeps SQLite from walking the reasons of all that ever waited.
const COUNT_REASONS: &str = "SELECT x.code, COUNT(*) FROM reviews r CROSS JOIN review_reasons x \
     WHERE r.resolved_at IS NULL AND x.review_id = r.id GROUP BY x.code ORDER BY x.code";

fn page_of(columns: &str, there: &str) -> String {
    format!(
        "SELECT {columns} {QUEUE} WHERE {OF_FILTER} AND {there} \
         AND (r.due_at, r.opened_at, r.id) > ($7, $8, $9) ORDER BY r.due_at, r.opened_at, r.id LIMIT $10"
    )
}

fn beside(forward: bool, there: &str) -> String {
    let (after, order) = if forward { (">", "ASC") } else { ("<", "DESC") };
    format!(
        "SELECT r.document_id {QUEUE} WHERE {OF_FILTER} AND {there} \
         AND (r.due_at, r.opened_at, r.id) {after} ($7, $8, $9) \
         ORDER BY r.due_at {order}, r.opened_at {order}, r.id {order} LIMIT 1"
    )
}

/// Makes `d.` columns of a list of columns.
pub(super) fn of_d(columns: &str) -> String {
    columns.split(", ").map(|c| format!("d.{}", c.trim())).collect::<Vec<_>>().join(", ")
}

impl Catalog {
    /// Open reviews with their documents, the most urgent first, after the cursor (the last review's id).
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn reviews(
        &self,
        filter: &ReviewFilter,
        after: Option<ReviewId>,
        limit: u32,
    ) -> Result<Page<(Review, Document), ReviewId>, CatalogError> {
        let mut tx = self.reading().await?;
        let at = place_of(&mut tx, after).await?;
        let limit = i64::from(limit.clamp(1, 500));
        let there = there(&tx, filter);
        let text = page_of(COLUMNS, &there);
        let rows = bound!(all, tx, Row, text, filter, at.due, at.opened, at.id, limit + 1)?;
        let text = page_of(&of_d(documents::COLUMNS), &there);
        let theirs = bound!(all, tx, DocumentRow, text, filter, at.due, at.opened, at.id, limit)?;
        paired(rows, theirs, limit, tx.now())
    }

    /// How many documents wait for a person.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_open_reviews(&self) -> Result<u64, CatalogError> {
        let mut tx = self.reading().await?;
        let (count,) = one!(tx, (i64,), COUNT_OPEN)?;
        number("reviews", "resolved_at", count)
    }

    /// How many wait with each reason, of what exists for a caller; one that waits with two is counted with both.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn count_reasons(&self, access: &Access) -> Result<Vec<(ReasonCode, u64)>, CatalogError> {
        let mut tx = self.reading().await?;
        let rows = if access.is_bound() {
            let text = format!(
                "SELECT x.code, COUNT(*) {QUEUE} JOIN review_reasons x ON x.review_id = r.id \
                 WHERE r.resolved_at IS NULL AND {} GROUP BY x.code ORDER BY x.code",
                access.reach(&tx, "d")
            );
            all!(tx, (String, i64), sqlx::AssertSqlSafe(text.clone()))?
        } else {
            all!(tx, (String, i64), COUNT_REASONS)?
        };
        let counted = |(code, count): (String, i64)| {
            Ok((word("review_reasons", "code", &code)?, number("review_reasons", "code", count)?))
        };
        rows.into_iter().map(counted).collect()
    }

    /// The document that waits next to this one, in the filter's queue.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn neighbour(
        &self,
        filter: &ReviewFilter,
        of: &Review,
        forward: bool,
    ) -> Result<Option<DocumentId>, CatalogError> {
        let mut tx = self.reading().await?;
        let text = beside(forward, &there(&tx, filter));
        let at = Place::of(of);
        let found = bound!(optional, tx, (Uuid,), text, filter, at.due, at.opened, at.id)?;
        Ok(found.map(|(id,)| DocumentId(id)))
    }

    /// Takes the most urgent review of the filter that comes after `after` and that nobody else has, and from the beginning
    /// where none does: what is reserved for whoever asks is theirs in its turn. Of many who ask at once each gets another one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_next(
        &self,
        filter: &ReviewFilter,
        after: Option<ReviewId>,
        who: &str,
        lease: std::time::Duration,
    ) -> Result<Option<DocumentId>, CatalogError> {
        let filter = ReviewFilter { open_to: Some(who.to_owned()), ..filter.clone() };
        let mut tx = self.writing().await?;
        let until = tx.now() + time::Duration::try_from(lease).unwrap_or(time::Duration::MINUTE);
        let after = place_of(&mut tx, after).await?;
        for place in [after, Place::START] {
            if let Some(id) = take_first(&mut tx, &filter, Take::Free, place, until).await? {
                tx.commit().await?;
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Whose these documents are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn parties_of(&self, ids: &[DocumentId]) -> Result<HashMap<DocumentId, Party>, CatalogError> {
        let mut tx = self.reading().await?;
        let rows = values!(
            tx,
            (Uuid, Option<String>, Option<String>, Option<String>, Option<String>),
            "SELECT d.id, c.name, k.name, k.phone, \
             (SELECT MIN(a.value) FROM contact_aliases a WHERE a.contact_id = k.id) \
             FROM documents d LEFT JOIN customers c ON c.id = d.customer_id \
             LEFT JOIN contacts k ON k.id = d.contact_id WHERE d.id IN (VALUES ",
            1,
            ")",
            ids,
            |q, id| q.bind(id.0)
        )?;
        let party =
            |(id, customer, sender, phone, alias)| (DocumentId(id), Party { customer, sender, phone, alias });
        Ok(rows.into_iter().map(party).collect())
    }
}

/// What is taken, and as what.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Take {
    /// What they could take, to be looked at now.
    Free,
    /// What they could take but for what they look at, to be looked at later.
    Ahead(ReviewId),
}

impl Take {
    fn condition(self, tx: &Tx) -> String {
        match self {
            Self::Free => "1 = 1".to_owned(),
            Self::Ahead(but) => format!("r.id <> {}", literal(tx, but.0)),
        }
    }

    /// What becomes of `reserved` and of the lease. What somebody holds already stays as it is.
    fn kept(self) -> (&'static str, &'static str) {
        match self {
            Self::Ahead(_) => (
                "CASE WHEN claimed_by = $5 AND claim_expires_at > $6 THEN reserved ELSE TRUE END",
                "CASE WHEN claimed_by = $5 AND claim_expires_at > $6 AND NOT reserved THEN claim_expires_at ELSE $10 END",
            ),
            Self::Free => ("FALSE", "$10"),
        }
    }
}

/// Takes the first of the filter's queue after a place for the person it is open to.
pub(super) async fn take_first(
    tx: &mut Tx,
    filter: &ReviewFilter,
    take: Take,
    place: Place,
    until: OffsetDateTime,
) -> Result<Option<DocumentId>, CatalogError> {
    let (there, condition) = (there(tx, filter), take.condition(tx));
    let (reserved, expires) = take.kept();
    let skip = tx.pick("", "FOR UPDATE OF r SKIP LOCKED");
    let text = format!(
        "UPDATE reviews SET claimed_by = $5, claim_expires_at = {expires}, reserved = {reserved}, \
         fence = fence + CASE WHEN claimed_by = $5 AND claim_expires_at > $6 THEN 0 ELSE 1 END WHERE id = \
         (SELECT r.id {QUEUE} WHERE {OF_FILTER} AND {there} AND {condition} \
          AND (r.due_at, r.opened_at, r.id) > ($7, $8, $9) \
          ORDER BY r.due_at, r.opened_at, r.id LIMIT 1 {skip}) RETURNING document_id"
    );
    let found =
        bound!(optional, tx, (Uuid,), text, filter, place.due, place.opened, place.id, micros(until))?;
    Ok(found.map(|(id,)| DocumentId(id)))
}

/// A page of reviews with their documents, out of the rows of both; of reviews there is one more than `limit` where more
/// follow.
pub(super) fn paired(
    rows: Vec<Row>,
    theirs: Vec<DocumentRow>,
    limit: i64,
    present: OffsetDateTime,
) -> Result<Page<(Review, Document), ReviewId>, CatalogError> {
    let more = rows.len() as i64 > limit;
    let mut theirs: HashMap<DocumentId, Document> =
        theirs.into_iter().map(|row| Document::try_from(row).map(|d| (d.id, d))).collect::<Result<_, _>>()?;
    let mut data = Vec::with_capacity(theirs.len());
    for row in rows.into_iter().take(limit as usize) {
        let review = Review::of(row, present)?;
        // On PostgreSQL another transaction may commit between the two statements: what it took away is not shown.
        if let Some(document) = theirs.remove(&review.document_id) {
            data.push((review, document));
        }
    }
    let next = if more { data.last().map(|(r, _)| r.id) } else { None };
    Ok(Page { data, next })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However many documents there are, a page of the queue, its counts and its neighbours walk the index of what waits
    /// and look the rest up by key: nothing is scanned and nothing is sorted.
    #[tokio::test]
    async fn the_queue_is_walked_by_its_index() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open_sqlite(&folder.path().join("acuse.db")).await.unwrap();
        let mut tx = catalog.reading().await.unwrap();
        let texts = [
            page_of("r.id", "1 = 1"),
            page_of(&of_d(documents::COLUMNS), "1 = 1"),
            beside(true, "1 = 1"),
            beside(false, "1 = 1"),
            COUNT_OPEN.to_owned(),
            COUNT_REASONS.to_owned(),
        ];
        for text in texts {
            let explained = format!("EXPLAIN QUERY PLAN {text}");
            let plan = all!(tx, (i64, i64, i64, String), sqlx::AssertSqlSafe(explained.clone())).unwrap();
            let steps: Vec<&str> = plan.iter().map(|(.., step)| step.as_str()).collect();
            assert!(steps.iter().any(|step| step.contains("reviews_queue")), "{text}: {steps:?}");
            let walked = |step: &&str| step.starts_with("SCAN") && !step.contains("reviews_queue");
            let sorted = |step: &&str| step.contains("TEMP B-TREE FOR ORDER BY");
            assert!(!steps.iter().any(|step| walked(step) || sorted(step)), "{text}: {steps:?}");
        }
    }
}
