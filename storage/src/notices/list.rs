//! Notices as they are read: one, those of a filter, and how many of a batch stand or wait where.

use uuid::Uuid;

use super::{Notice, NoticeFilter, NoticeState, T};
use crate::{
    access::Access,
    catalog::Catalog,
    conversation,
    error::CatalogError,
    names::{ContactId, NoticeId, at, json as parsed, maybe_at, word},
    sql::{Bind, Query},
};

/// A notice with what its message waits for, while it waits for something.
pub(super) const NOTICES: &str = "SELECT n.id, n.contact_id, n.phone_number_id, n.template, n.language, n.params, n.header, n.buttons, \
     n.category, COALESCE(n.client_key, n.idempotency_key) AS idempotency_key, n.not_before, n.expires_at, \
     n.state, n.error, n.batch, n.created_at, \
     CASE WHEN n.state IN ('queued', 'sent') THEN o.held_for END AS waits_for, \
     CASE WHEN n.state = 'queued' AND o.held_for IS NOT NULL THEN o.not_before END AS waits_until \
     FROM notices n LEFT JOIN outbox o ON o.id = n.outbox_id";

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: Uuid,
    contact_id: Uuid,
    phone_number_id: String,
    template: String,
    language: String,
    params: String,
    header: Option<String>,
    buttons: String,
    category: String,
    idempotency_key: String,
    not_before: Option<i64>,
    expires_at: i64,
    state: String,
    error: Option<String>,
    batch: Option<Uuid>,
    created_at: i64,
    waits_for: Option<String>,
    waits_until: Option<i64>,
}

impl TryFrom<Row> for Notice {
    type Error = CatalogError;

    fn try_from(row: Row) -> Result<Self, CatalogError> {
        Ok(Self {
            id: NoticeId(row.id),
            contact_id: ContactId(row.contact_id),
            phone_number_id: row.phone_number_id,
            template: row.template,
            language: row.language,
            params: parsed(T, "params", &row.params)?,
            header: row.header,
            buttons: parsed(T, "buttons", &row.buttons)?,
            category: word(T, "category", &row.category)?,
            idempotency_key: row.idempotency_key,
            not_before: maybe_at(T, "not_before", row.not_before)?,
            expires_at: at(T, "expires_at", row.expires_at)?,
            state: word(T, "state", &row.state)?,
            waits_for: row.waits_for,
            waits_until: maybe_at("outbox", "not_before", row.waits_until)?,
            error: row.error,
            batch: row.batch,
            created_at: at(T, "created_at", row.created_at)?,
        })
    }
}

impl Catalog {
    /// Notices, the first one first.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn notices(
        &self,
        access: &Access,
        filter: &NoticeFilter,
        limit: u32,
    ) -> Result<Vec<Notice>, CatalogError> {
        let mut tx = self.reading().await?;
        let mut query = Query::default();
        query.holds("n.batch =", filter.batch.map(Bind::Id));
        query.holds("n.state =", filter.state.map(|s| Bind::text(s.as_str())));
        query.holds("n.contact_id =", filter.contact.map(|c| Bind::Id(c.0)));
        query.holds("n.id >", filter.after.map(|n| Bind::Id(n.0)));
        query.and(conversation::reach(access, &tx));
        // A left join, so that it is the notices which are walked.
        let text = format!(
            "{NOTICES} LEFT JOIN contacts c ON c.id = n.contact_id WHERE {} ORDER BY n.id LIMIT {}",
            query.all(),
            limit.min(500)
        );
        let rows = all_of!(tx, Row, text, query.binds)?;
        rows.into_iter().map(Notice::try_from).collect()
    }

    /// A notice.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn notice(&self, access: &Access, id: NoticeId) -> Result<Option<Notice>, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!(
            "{NOTICES} JOIN contacts c ON c.id = n.contact_id WHERE n.id = $1 AND {}",
            conversation::reach(access, &tx)
        );
        optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), id.0)?.map(Notice::try_from).transpose()
    }

    /// How many of those that were handed in together stand where.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn notice_progress(&self, batch: Uuid) -> Result<Vec<(NoticeState, u64)>, CatalogError> {
        let mut tx = self.reading().await?;
        let rows = all!(
            tx,
            (String, i64),
            "SELECT state, COUNT(*) FROM notices WHERE batch = $1 GROUP BY state ORDER BY state",
            batch
        )?;
        rows.into_iter()
            .map(|(state, count)| Ok((word(T, "state", &state)?, crate::names::number(T, "count", count)?)))
            .collect()
    }

    /// How many of those that were handed in together wait for what ([`Notice::waits_for`]).
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn notices_held(&self, batch: Uuid) -> Result<Vec<(String, u64)>, CatalogError> {
        let mut tx = self.reading().await?;
        let rows = all!(
            tx,
            (String, i64),
            "SELECT o.held_for, COUNT(*) FROM notices n JOIN outbox o ON o.id = n.outbox_id \
             WHERE n.batch = $1 AND n.state IN ('queued', 'sent') AND o.held_for IS NOT NULL \
             GROUP BY o.held_for ORDER BY o.held_for",
            batch
        )?;
        rows.into_iter()
            .map(|(held_for, count)| Ok((held_for, crate::names::number(T, "count", count)?)))
            .collect()
    }
}
