//! One query for every list of documents: SQL from the filters that are present, a page by the place where the last one
//! ended.
//!
//! What a document *says* (its date, issuer, number, amount, currency, words) is a filter or an order only over documents
//! that may be told to who asks; otherwise a list's length or order would tell it.

use acuse_pipeline::{
    document::{Kind, Status},
    entities::Direction,
};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{
    COLUMNS, Document, DocumentRow, Page, folded,
    keys::Amount,
    order::{DocumentCursor, Key, Sort},
};
use crate::{
    access::Access,
    catalog::Catalog,
    customers::name_key,
    error::CatalogError,
    export::UNHELD,
    key_file::ErasedKind,
    merges,
    names::{ContactId, CustomerId, DocumentId, EntityId, Source, micros, number},
    sql::{Bind, Query, Tx},
    words::{DOCUMENTS, Near, Reach, question},
};

/// Which documents a list shows. A filter on status leaves duplicates out, so that a list of `filed` is as long as the
/// ledger's `filed`.
#[derive(Debug, Clone, Default)]
pub struct DocumentFilter {
    /// Only this status, and no duplicates.
    pub status: Option<Status>,
    /// Only duplicates.
    pub duplicates: bool,
    /// Only those of which the last decision can still be taken back; or, where it is false, only the others.
    pub held: Option<bool>,
    /// Only this kind.
    pub kind: Option<Kind>,
    /// Only this customer's.
    pub customer_id: Option<CustomerId>,
    /// Only this firm's of ours.
    pub entity_id: Option<EntityId>,
    /// Only what is to be paid, or to be paid to us.
    pub direction: Option<Direction>,
    /// Only this sender's.
    pub contact_id: Option<ContactId>,
    /// Only what came this way.
    pub source: Option<Source>,
    /// Only the documents of the file of which this one is the first.
    pub part_of: Option<DocumentId>,
    /// Received at or after.
    pub from: Option<OffsetDateTime>,
    /// Received before.
    pub to: Option<OffsetDateTime>,
    /// Changed at or after.
    pub updated_from: Option<OffsetDateTime>,
    /// Changed before.
    pub updated_to: Option<OffsetDateTime>,
    /// Issued at or after.
    pub date_from: Option<Date>,
    /// Issued before.
    pub date_to: Option<Date>,
    /// The issuer's name begins so, whatever its case and punctuation.
    pub issuer: Option<String>,
    /// The issuer's tax id, whatever its punctuation.
    pub tax_id: Option<String>,
    /// The document's number, whatever its punctuation.
    pub number: Option<String>,
    /// The total is this or more.
    pub amount_from: Option<Amount>,
    /// The total is this or less.
    pub amount_to: Option<Amount>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// Words to look for in names, numbers, captions and text: all of them, in any order, each by its beginning; numbers
    /// in any notation.
    pub q: Option<String>,
    /// The order.
    pub sort: Sort,
    /// Who asks: what is out of their reach is not listed, and what is withheld is not found by what it says.
    pub access: Access,
}

impl DocumentFilter {
    /// Of whom it is asked, as who they are by now.
    async fn people(&self, tx: &mut Tx) -> Result<People, CatalogError> {
        let mut people = People { customer: None, contact: None };
        if let Some(id) = self.customer_id {
            people.customer = Some(merges::stands_for(tx, ErasedKind::Customer, id.0).await?);
        }
        if let Some(id) = self.contact_id {
            people.contact = Some(merges::stands_for(tx, ErasedKind::Contact, id.0).await?);
        }
        Ok(people)
    }

    fn of_rows(&self, people: &People, query: &mut Query) {
        let text = |word: &str| Bind::Text(word.to_owned());
        query.holds("d.status =", self.status.map(|s| text(s.as_str())));
        if self.status.is_some() {
            query.conditions.push("d.duplicate_of IS NULL".to_owned());
        }
        if self.duplicates {
            query.conditions.push("d.duplicate_of IS NOT NULL".to_owned());
        }
        match self.held {
            // They are few, and come first.
            Some(true) => query.and("d.id IN (SELECT h.document_id FROM holds h)"),
            Some(false) => query.and(UNHELD),
            None => {}
        }
        query.holds("d.kind =", self.kind.map(|k| text(k.as_str())));
        query.holds("d.customer_id =", people.customer.map(Bind::Id));
        query.holds("d.entity_id =", self.entity_id.map(|e| Bind::Id(e.0)));
        query.holds("d.contact_id =", people.contact.map(Bind::Id));
        query.holds("d.source =", self.source.map(|s| text(s.as_str())));
        if let Some(first) = self.part_of {
            let name = query.bind(Bind::Id(first.0));
            query.conditions.push(format!("(d.id = {name} OR d.part_of = {name})"));
        }
        query.holds("d.received_at >=", self.from.map(|t| Bind::Number(micros(t))));
        query.holds("d.received_at <", self.to.map(|t| Bind::Number(micros(t))));
        query.holds("d.updated_at >=", self.updated_from.map(|t| Bind::Number(micros(t))));
        query.holds("d.updated_at <", self.updated_to.map(|t| Bind::Number(micros(t))));
    }

    /// The filters over what documents say; `only` is the one issuer there is whose name begins as asked.
    fn of_words(&self, query: &mut Query, only: Option<&str>) {
        let day = |d: Date| Bind::Text(format!("{:04}{:02}{:02}", d.year(), u8::from(d.month()), d.day()));
        query.holds("COALESCE(d.doc_date, '') >=", self.date_from.map(day));
        if self.date_to.is_some() {
            query.conditions.push("COALESCE(d.doc_date, '') > ''".to_owned());
        }
        query.holds("COALESCE(d.doc_date, '') <", self.date_to.map(day));
        let amount = "COALESCE(d.amount, -9223372036854775807)";
        query.holds(&format!("{amount} >="), self.amount_from.map(|a| Bind::Number(a.0)));
        if self.amount_to.is_some() {
            query.conditions.push(format!("{amount} > -9223372036854775807"));
        }
        query.holds(&format!("{amount} <="), self.amount_to.map(|a| Bind::Number(a.0)));
        if let Some(issuer) = only {
            query.holds("d.issuer =", Some(Bind::text(issuer)));
        } else if let Some(issuer) = self.issuer.as_deref().map(name_key) {
            query.holds("d.issuer >=", Some(Bind::Text(issuer.clone())));
            query.holds("d.issuer <", Some(Bind::Text(format!("{issuer}\u{10FFFF}"))));
        }
        let key = |text: &Option<String>| text.as_deref().map(|t| Bind::Text(folded(t)));
        query.holds("d.issuer_tax_id =", key(&self.tax_id));
        query.holds("d.number =", key(&self.number));
        query.holds("d.direction =", self.direction.map(|d| Bind::Text(d.as_str().to_owned())));
        query.holds("d.currency =", key(&self.currency));
    }

    /// Whether words are asked for: a text without any asks for none and finds none.
    fn asked(&self) -> Option<&str> {
        self.q.as_deref().map(str::trim).filter(|q| !q.is_empty())
    }

    /// Whether a page is read off the index of words, in the order of its places.
    pub(super) fn goes_by_place(&self) -> bool {
        self.asked().is_some() && matches!(self.sort, Sort::Received | Sort::ReceivedDesc)
    }

    /// What is looked up before a list is asked for.
    async fn known(&self, tx: &mut Tx) -> Result<Known, CatalogError> {
        let question = match self.asked() {
            Some(q) => question(tx, &DOCUMENTS, q).await?,
            None => None,
        };
        let only = match self.issuer.as_deref().map(name_key) {
            Some(beginning) => only_issuer(tx, &beginning).await?,
            None => None,
        };
        Ok(Known { question, only, people: self.people(tx).await? })
    }

    /// The text of a page's query after `SELECT …`, and its values.
    fn page(
        &self,
        tx: &Tx,
        known: &Known,
        after: Option<&DocumentCursor>,
        (most, near): (i64, bool),
    ) -> (String, Vec<Bind>) {
        let (than, order) = if self.sort.is_descending() { ("<", "DESC") } else { (">", "ASC") };
        let mut query = Query::default();
        let (mut from, mut place) = ("documents d".to_owned(), None);
        if self.asked().is_some() {
            if let Some(question) = &known.question {
                let name = query.bind(Bind::text(question));
                // SQLite walks its index in that order by itself.
                let reach = if self.goes_by_place() && !tx.is_sqlite() {
                    let next = after.map(|after| query.bind(after.key.clone()));
                    let next = next.map(|next| format!("WHERE place {than} {next} ")).unwrap_or_default();
                    let next = format!("{next}ORDER BY place {order}");
                    if near { Reach::Near(next, Near::FAR) } else { Reach::Ordered(next) }
                } else {
                    Reach::Whole
                };
                let source = DOCUMENTS.source(tx, &name, &reach);
                query.conditions.push(source.condition);
                (from, place) = (source.from, Some(source.place));
            } else {
                query.conditions.push("1 = 0".to_owned());
            }
        }
        self.of_rows(&known.people, &mut query);
        let before = query.conditions.len();
        self.of_words(&mut query, known.only.as_deref());
        if query.conditions.len() > before || self.sort.tells() || self.asked().is_some() {
            query.conditions.push(self.access.told("d"));
        }
        query.conditions.push(self.access.reach(tx, "d"));
        let ordered = match place.as_deref().filter(|_| self.goes_by_place()) {
            // A place is one document's, so nothing else is needed to tell what comes after it.
            Some(place) => {
                if let Some(after) = after {
                    query.holds(&format!("{place} {than}"), Some(after.key.clone()));
                }
                format!("{place} {order}")
            }
            None => {
                let key = self.sort.key();
                if let Some(after) = after {
                    let (at, id) = (query.bind(after.key.clone()), query.bind(Bind::Id(after.id)));
                    query.conditions.push(format!("({key}, d.id) {than} ({at}, {id})"));
                }
                format!("{key} {order}, d.id {order}")
            }
        };
        let place = place.as_deref().unwrap_or("CAST(0 AS BIGINT)");
        let text = format!(
            "{place} AS place FROM {from} WHERE {} ORDER BY {ordered} LIMIT {most}",
            query.conditions.join(" AND ")
        );
        (text, query.binds)
    }
}

impl DocumentFilter {
    /// The whole of a list put together: `select`, `FROM` and the conditions of what may be told, and `by`.
    pub(super) async fn aggregated<R>(
        &self,
        tx: &mut Tx,
        select: &str,
        by: &str,
    ) -> Result<Vec<R>, CatalogError>
    where
        R: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>
            + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>
            + Send
            + Unpin,
    {
        let mut query = Query::default();
        let mut from = "documents d".to_owned();
        let known = self.known(tx).await?;
        if self.asked().is_some() {
            let Some(question) = known.question else { return Ok(Vec::new()) };
            let name = query.bind(Bind::Text(question));
            let source = DOCUMENTS.source(tx, &name, &Reach::Whole);
            query.conditions.push(source.condition);
            from = source.from;
        }
        self.of_rows(&known.people, &mut query);
        self.of_words(&mut query, known.only.as_deref());
        query.conditions.push(self.access.told("d"));
        query.conditions.push(self.access.reach(tx, "d"));
        let text = format!("{select} FROM {from} WHERE {} {by}", query.conditions.join(" AND "));
        let binds = query.binds;
        all_of!(tx, R, text, binds)
    }

    /// How many there are of which nothing is told to whoever asks: whatever they say, they may be of the list or not.
    pub(super) async fn untold(&self, tx: &mut Tx, which: &str) -> Result<u64, CatalogError> {
        if self.access.sees_ids() {
            return Ok(0);
        }
        let mut query = Query::default();
        self.of_rows(&self.people(tx).await?, &mut query);
        query.and(format!("NOT ({})", self.access.told("d")));
        query.and(self.access.reach(tx, "d"));
        let text = format!("SELECT COUNT(*) FROM documents d WHERE {} AND {which}", query.all());
        let binds = query.binds;
        let rows = all_of!(tx, (i64,), text, binds)?;
        number("documents", "id", rows.first().map_or(0, |(count,)| *count))
    }
}

/// What was looked up before a list is asked for.
struct Known {
    /// The words that are asked for as a question to their index; none where nothing can be found.
    question: Option<String>,
    /// The one issuer there is whose name begins as asked.
    only: Option<String>,
    people: People,
}

/// The customer and the contact that are asked for.
struct People {
    customer: Option<Uuid>,
    contact: Option<Uuid>,
}

/// The issuer whose name begins so, if there is but one: what is theirs stands in its order in an index, where of several all
/// would be gathered to sort them.
async fn only_issuer(tx: &mut Tx, beginning: &str) -> Result<Option<String>, CatalogError> {
    let text = "SELECT (SELECT MIN(issuer) FROM documents WHERE issuer >= $1 AND issuer < $2), \
                (SELECT MAX(issuer) FROM documents WHERE issuer >= $1 AND issuer < $2)";
    let end = format!("{beginning}\u{10FFFF}");
    let (first, last) = one!(tx, (Option<String>, Option<String>), text, beginning, end.as_str())?;
    Ok(if first == last { first } else { None })
}

/// A row, and what lists are sorted by.
#[derive(sqlx::FromRow)]
struct Listed {
    #[sqlx(flatten)]
    row: DocumentRow,
    doc_date: Option<String>,
    amount: Option<i64>,
    place: i64,
}

/// [`Catalog::documents`] in a transaction.
pub(crate) async fn page(
    tx: &mut Tx,
    filter: &DocumentFilter,
    after: Option<&DocumentCursor>,
    limit: u32,
) -> Result<Page<Document, DocumentCursor>, CatalogError> {
    let limit = limit.clamp(1, 500);
    let known = filter.known(tx).await?;
    let mut rows = Vec::new();
    // What is near is a page if it is full; otherwise the whole of it is asked for.
    for near in [true, false] {
        if near && (tx.is_sqlite() || !filter.goes_by_place()) {
            continue;
        }
        let (text, binds) = filter.page(tx, &known, after, (i64::from(limit) + 1, near));
        let text = format!("SELECT {COLUMNS}, doc_date, amount, {text}");
        rows = all_of!(tx, Listed, text, binds)?;
        if rows.len() > limit as usize {
            break;
        }
    }
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|last| {
        let key = Key {
            received: last.row.received_at,
            updated: last.row.updated_at,
            date: last.doc_date.clone(),
            amount: last.amount,
            place: filter.goes_by_place().then_some(last.place),
        };
        DocumentCursor { sort: filter.sort, key: filter.sort.of(key), id: last.row.id }
    });
    let data = rows.into_iter().map(|listed| Document::try_from(listed.row)).collect::<Result<_, _>>()?;
    Ok(Page { data, next })
}

impl Catalog {
    /// A page of documents in the filter's order, after the place where the page before ended.
    ///
    /// # Errors
    /// When the database fails, takes too long, or a row is impossible.
    pub async fn documents(
        &self,
        filter: &DocumentFilter,
        after: Option<&DocumentCursor>,
        limit: u32,
    ) -> Result<Page<Document, DocumentCursor>, CatalogError> {
        let mut tx = self.searching().await?;
        page(&mut tx, filter, after, limit).await
    }

    /// How the database would go about a list, in its own words.
    #[cfg(feature = "conformance")]
    pub(crate) async fn explained(&self, filter: &DocumentFilter) -> Result<String, CatalogError> {
        let mut tx = self.reading().await?;
        let known = filter.known(&mut tx).await?;
        let (text, binds) = filter.page(&tx, &known, None, (51, false));
        let lines: Vec<String> = if tx.is_sqlite() {
            let text = format!("EXPLAIN QUERY PLAN SELECT {COLUMNS}, {text}");
            let rows = all_of!(tx, (i64, i64, i64, String), text, binds)?;
            rows.into_iter().map(|(.., line)| line).collect()
        } else {
            // Of a small table every plan is as good; what is asked is whether there is an index to go by.
            execute!(tx, "SET LOCAL enable_seqscan = off")?;
            let text = format!("EXPLAIN SELECT {COLUMNS}, {text}");
            all_of!(tx, (String,), text, binds)?.into_iter().map(|(line,)| line).collect()
        };
        Ok(lines.join("\n"))
    }
}
