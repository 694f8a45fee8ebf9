//! The queue as the desk asks for it: pages, counts and neighbours, each by a few statements however much waits.

use std::collections::HashMap;

use acuse_pipeline::{document::Kind, reason::ReasonCode};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{COLUMNS, Review, Row};
use crate::{
    access::Access,
    catalog::Catalog,
    documents::{self, Document, Page},
    error::CatalogError,
    names::{ContactId, CustomerId, DocumentId, ReviewId, micros},
    sql::{Bind, Query, Tx},
    users,
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
    /// Only what waits since then or later,
    pub from: Option<OffsetDateTime>,
    /// and since before then.
    pub to: Option<OffsetDateTime>,
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

pub(super) const QUEUE: &str = "reviews r JOIN documents d ON d.id = r.document_id";
/// The queue by its reasons, each of which stands in its order.
const BY_REASON: &str =
    "review_reasons x JOIN reviews r ON r.id = x.review_id JOIN documents d ON d.id = r.document_id";
// The same for SQLite, held to the index that has the order: what it thinks to be few rows, once it has counted its tables, it
// would rather look for by a part of another index, all of them, and sort.
const IN_ORDER: &str = "reviews r INDEXED BY reviews_queue CROSS JOIN documents d ON d.id = r.document_id";
const TOLD_IN_ORDER: &str =
    "reviews r INDEXED BY reviews_told CROSS JOIN documents d ON d.id = r.document_id";
const OF_KIND: &str = "reviews r INDEXED BY reviews_kind CROSS JOIN documents d ON d.id = r.document_id";
const OF_REASON: &str = "review_reasons x INDEXED BY review_reasons_open \
     CROSS JOIN reviews r ON r.id = x.review_id CROSS JOIN documents d ON d.id = r.document_id";

/// What is found, and then whose review it is; for SQLite, which would look through all that waits.
const FOUND: &str = "documents d CROSS JOIN reviews r ON r.document_id = d.id";
const FOUND_BY_REASON: &str = "documents d CROSS JOIN reviews r ON r.document_id = d.id \
     CROSS JOIN review_reasons x ON x.review_id = r.id";

/// A filter's part of the queue, as SQL that says nothing of what was not asked for.
pub(super) struct Walk {
    pub query: Query,
    /// The tables, `r` and `d` among them.
    pub from: &'static str,
    /// The same to be walked in the order of the place.
    pub ordered: &'static str,
    /// The columns of a [`Place`], as an index has them.
    pub place: [&'static str; 3],
}

impl ReviewFilter {
    pub(super) fn walk(&self, tx: &Tx) -> Walk {
        let mut query = Query::default();
        query.and("r.resolved_at IS NULL");
        let (from, place) = match self.reason {
            Some(reason) => {
                query.holds("x.code =", Some(Bind::text(reason.as_str())));
                query.and("x.is_open");
                (BY_REASON, ["x.due_at", "x.opened_at", "x.review_id"])
            }
            None => (QUEUE, ["r.due_at", "r.opened_at", "r.id"]),
        };
        query.holds("r.kind =", self.kind.map(|kind| Bind::text(kind.as_str())));
        let [_, opened, _] = place;
        let moment = |at: Option<OffsetDateTime>| at.map(|at| Bind::Number(micros(at)));
        query.holds(&format!("{opened} >="), moment(self.from));
        query.holds(&format!("{opened} <"), moment(self.to));
        if self.contact_id.is_some() || self.customer_id.is_some() || self.access.is_bound() {
            // Of theirs, what waits has an index of its own.
            query.and("d.status = 'in_review'");
        }
        query.holds("d.contact_id =", self.contact_id.map(|id| Bind::Id(id.0)));
        query.holds("d.customer_id =", self.customer_id.map(|id| Bind::Id(id.0)));
        if self.claimed_by.is_some() || self.unclaimed || self.open_to.is_some() {
            let present = query.bind(Bind::Number(micros(tx.now())));
            self.held(&mut query, &present);
        }
        query.and(self.access.reach(tx, "d"));
        if self.is_told() {
            // It stands on the review too, so that what they cannot take is passed over by an index.
            query.and("r.sensitivity = 'open'");
            query.and(self.access.told("d"));
        }
        Walk { query, from, ordered: self.ordered(tx, from), place }
    }

    /// Whether there is little of it, for it is somebody's.
    pub(super) fn is_of_few(&self) -> bool {
        self.contact_id.is_some()
            || self.customer_id.is_some()
            || self.claimed_by.is_some()
            || self.access.is_bound()
    }

    /// Whether it leaves out what may not be told.
    fn is_told(&self) -> bool {
        self.open_to.is_some() && !self.access.sees_ids()
    }

    /// The tables to be walked in the queue's order. Of a sender, a customer, a holder or who is bound there is little: that is
    /// found first, and sorted.
    fn ordered(&self, tx: &Tx, from: &'static str) -> &'static str {
        if self.is_of_few() {
            return from;
        }
        match (self.reason, self.kind) {
            (Some(_), _) => tx.pick(OF_REASON, from),
            (None, Some(_)) => tx.pick(OF_KIND, from),
            (None, None) if self.is_told() => tx.pick(TOLD_IN_ORDER, from),
            (None, None) => tx.pick(IN_ORDER, from),
        }
    }

    /// The tables `from`, to be gone through from documents that were found.
    pub(super) fn found(&self, tx: &Tx, from: &'static str) -> &'static str {
        tx.pick(if self.reason.is_some() { FOUND_BY_REASON } else { FOUND }, from)
    }

    /// The tables and conditions of its documents `d`, in no order, for who has found them; none where it is all that waits.
    pub(super) fn documents(&self, tx: &Tx) -> Option<(&'static str, Query)> {
        let narrow = self.reason.is_some() || self.kind.is_some() || self.unclaimed || self.open_to.is_some();
        if narrow || self.claimed_by.is_some() || self.from.is_some() || self.to.is_some() {
            let Walk { query, from, .. } = self.walk(tx);
            return Some((self.found(tx, from), query));
        }
        if !self.is_of_few() {
            return None;
        }
        let mut query = Query::default();
        query.and("d.status = 'in_review'");
        query.holds("d.contact_id =", self.contact_id.map(|id| Bind::Id(id.0)));
        query.holds("d.customer_id =", self.customer_id.map(|id| Bind::Id(id.0)));
        query.and(self.access.reach(tx, "d"));
        Some(("documents d", query))
    }

    /// Who holds it, and who could take it, at the moment that `present` names.
    fn held(&self, query: &mut Query, present: &str) {
        if let Some(who) = &self.claimed_by {
            query.holds("r.claimed_by =", Some(Bind::text(who)));
            query.and(format!("r.claim_expires_at > {present}"));
        }
        if self.unclaimed {
            query.and(format!("(r.claimed_by IS NULL OR r.claim_expires_at <= {present})"));
        }
        if let Some(who) = &self.open_to {
            // What waits for its approver is nobody's next: taken, it would not go on by itself once they said yes.
            let (who, decides) = (query.bind(Bind::text(who)), users::decides());
            query.and(format!(
                "(r.claimed_by IS NULL OR r.claimed_by = {who} OR r.claim_expires_at <= {present}) \
                 AND (r.postponed_until IS NULL OR r.postponed_until <= {present}) \
                 AND (r.handed_to IS NULL OR r.handed_to = {who}) \
                 AND (d.waits_for IS NULL OR d.waits_for = 'reviewer' OR (d.waits_for IN ('second_reviewer', 'approver') \
                   AND NOT EXISTS (SELECT 1 FROM approvals a WHERE a.document_id = d.id AND a.state = 'asked' \
                     AND a.left_at IS NULL) \
                   AND (NOT EXISTS (SELECT 1 FROM opinions o WHERE o.document_id = d.id AND o.person = {who}) \
                     OR (d.waits_for = 'approver' AND (SELECT COUNT(*) FROM users u WHERE {decides} \
                       AND (u.sees_ids OR d.sensitivity = 'open')) <= 2))))"
            ));
        }
    }
}

impl Walk {
    /// Only what comes after a place, or before it.
    fn beyond(&mut self, place: Place, than: &str) {
        let binds = [Bind::Number(place.due), Bind::Number(place.opened), Bind::Id(place.id)];
        let binds = binds.map(|bind| self.query.bind(bind));
        self.query.and(format!("({}) {than} ({})", self.place.join(", "), binds.join(", ")));
    }

    /// A page of `columns` after a place.
    pub(super) fn page(mut self, columns: &str, after: Place, most: i64) -> (String, Vec<Bind>) {
        self.beyond(after, ">");
        let text = format!(
            "SELECT {columns} FROM {} WHERE {} ORDER BY {} LIMIT {most}",
            self.ordered,
            self.query.all(),
            self.place.join(", ")
        );
        (text, self.query.binds)
    }

    /// The document beside a place.
    fn beside(mut self, place: Place, forward: bool) -> (String, Vec<Bind>) {
        let (than, order) = if forward { (">", "ASC") } else { ("<", "DESC") };
        self.beyond(place, than);
        let order = self.place.map(|column| format!("{column} {order}")).join(", ");
        let text = format!(
            "SELECT r.document_id FROM {} WHERE {} ORDER BY {order} LIMIT 1",
            self.ordered,
            self.query.all()
        );
        (text, self.query.binds)
    }
}

pub(super) async fn place_of(tx: &mut Tx, id: Option<ReviewId>) -> Result<Place, CatalogError> {
    let Some(id) = id else { return Ok(Place::START) };
    let found = optional!(tx, (i64, i64), "SELECT due_at, opened_at FROM reviews WHERE id = $1", id.0)?;
    Ok(found.map_or(Place::START, |(due, opened)| Place { due, opened, id: id.0 }))
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
        let (text, binds) = filter.walk(&tx).page(COLUMNS, at, limit + 1);
        let rows = all_of!(tx, Row, text, binds)?;
        paired(&mut tx, rows, limit).await
    }

    /// The document that waits next to this one, in the filter's queue.
    pub(super) async fn neighbour_in_queue(
        &self,
        filter: &ReviewFilter,
        of: &Review,
        forward: bool,
    ) -> Result<Option<DocumentId>, CatalogError> {
        let mut tx = self.reading().await?;
        let (text, binds) = filter.walk(&tx).beside(Place::of(of), forward);
        let found = all_of!(tx, (Uuid,), text, binds)?;
        Ok(found.first().map(|(id,)| DocumentId(*id)))
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

/// A page of reviews with their documents; of reviews there is one more than `limit` where more follow.
pub(super) async fn paired(
    tx: &mut Tx,
    mut rows: Vec<Row>,
    limit: i64,
) -> Result<Page<(Review, Document), ReviewId>, CatalogError> {
    let (present, more) = (tx.now(), rows.len() as i64 > limit);
    rows.truncate(limit as usize);
    let ids: Vec<Uuid> = rows.iter().map(|row| row.document_id).collect();
    let mut theirs = documents::several(tx, &ids).await?;
    let mut data = Vec::with_capacity(theirs.len());
    for row in rows {
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

    async fn steps(tx: &mut Tx, text: &str) -> Vec<String> {
        let explained = format!("EXPLAIN QUERY PLAN {text}");
        let plan = all!(tx, (i64, i64, i64, String), sqlx::AssertSqlSafe(explained.clone())).unwrap();
        plan.into_iter().map(|(.., step)| step).collect()
    }

    /// However many documents there are, a page of the queue and its neighbours walk the index of what waits, or
    /// of what waits for a reason or is of a kind, and look the rest up by key: nothing is scanned and nothing is sorted.
    #[tokio::test]
    async fn the_queue_is_walked_by_its_index() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open_sqlite(&folder.path().join("acuse.db")).await.unwrap();
        let mut tx = catalog.reading().await.unwrap();
        let of_reason = ReviewFilter { reason: Some(ReasonCode::Malware), ..ReviewFilter::default() };
        let of_kind = ReviewFilter { kind: Some(Kind::Id), ..ReviewFilter::default() };
        let mut texts = Vec::new();
        for (index, filter) in [
            ("reviews_queue", ReviewFilter::default()),
            ("review_reasons_open", of_reason),
            ("reviews_kind", of_kind),
        ] {
            texts.extend([
                (index, filter.walk(&tx).page("r.id", Place::START, 51).0),
                (index, filter.walk(&tx).beside(Place::START, true).0),
                (index, filter.walk(&tx).beside(Place::START, false).0),
            ]);
        }
        for (index, text) in texts {
            let steps = steps(&mut tx, &text).await;
            assert!(steps.iter().any(|step| step.contains(index)), "{text}: {steps:?}");
            let walked = |step: &String| step.starts_with("SCAN") && !step.contains(index);
            let sorted = |step: &String| step.contains("TEMP B-TREE FOR ORDER BY");
            assert!(!steps.iter().any(|step| walked(step) || sorted(step)), "{text}: {steps:?}");
        }
    }
}
