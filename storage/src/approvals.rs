//! Approvals: a decision that somebody is asked for in the chat, by buttons and never by free text alone. The approvers
//! are asked in their order, or all at once and the first decides; who decided, and by which message, is in the trail, on
//! the document and in the feed.

mod ask;
mod by_rule;
mod changed;
mod decision;
mod late;
mod question;
mod worth;

use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    access::Access,
    catalog::Catalog,
    error::CatalogError,
    names::{ApprovalId, ContactId, DocumentId, at, json as parsed, maybe_at, word, words},
    sql::{Bind, Query, Tx},
};

pub(crate) use ask::next;
pub use ask::{Approving, NewApproval};
pub use by_rule::{UNASKED, reason};
pub(crate) use by_rule::{holds_back, is_all, is_missing};
pub(crate) use changed::{
    answered_in_vain, document_changed, forget_of_document, left_to_reviewers, look_again, taken,
    waited_for_again,
};
pub(crate) use decision::{Counting, cancel, counting, decide, decide_instead, is_wanted_by_a_rule};
pub(crate) use question::{Seen, in_words, picture};
pub(crate) use worth::Worth;

words! {
    /// Where an approval stands.
    ApprovalState, "approval state" {
        /// Somebody is asked, or a person has it.
        Asked = "asked",
        /// They said yes.
        Approved = "approved",
        /// They said no.
        Refused = "refused",
        /// It is asked no more. What is of no document and whose time is over a person may decide still.
        Expired = "expired",
    }
}

words! {
    /// Who of several approvers decides.
    Mode, "approval mode" {
        /// One after the other, each where the one before let the time pass.
        Order = "order",
        /// All are asked at once, and the first decides.
        Any = "any",
    }
}

const T: &str = "approvals";

/// An approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// Its id.
    pub id: ApprovalId,
    /// Of which document.
    pub document_id: Option<DocumentId>,
    /// Of what, in words; empty where its document is withheld from the reader.
    pub question: String,
    /// Who is asked.
    pub approvers: Vec<ContactId>,
    /// In which way.
    pub mode: Mode,
    /// From which of our numbers.
    pub phone_number_id: String,
    /// Where it stands.
    pub state: ApprovalState,
    /// Until when the buttons count.
    #[serde(with = "time::serde::rfc3339::option")]
    pub due_at: Option<OffsetDateTime>,
    /// Since when nobody is left who could be asked: a person decides, and the buttons count still.
    #[serde(with = "time::serde::rfc3339::option")]
    pub left_at: Option<OffsetDateTime>,
    /// Who decided.
    pub decided_by: Option<ContactId>,
    /// Who of us did, in the place of approvers of whom none was left.
    pub decided_by_person: Option<String>,
    /// When.
    #[serde(with = "time::serde::rfc3339::option")]
    pub decided_at: Option<OffsetDateTime>,
    /// When it was asked for.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

impl Approval {
    /// Whether whoever has its case says yes or no to it: it is of no document, and nobody is left who could be asked, or its
    /// time is over.
    #[must_use]
    pub fn is_a_persons(&self) -> bool {
        let is_left = match self.state {
            ApprovalState::Asked => self.left_at.is_some(),
            ApprovalState::Expired => self.due_at.zip(self.decided_at).is_some_and(|(due, over)| due <= over),
            ApprovalState::Approved | ApprovalState::Refused => false,
        };
        is_left && self.document_id.is_none()
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    document_id: Option<Uuid>,
    question: String,
    approvers: String,
    mode: String,
    phone_number_id: String,
    state: String,
    due_at: Option<i64>,
    left_at: Option<i64>,
    decided_by: Option<Uuid>,
    decided_by_person: Option<String>,
    decided_at: Option<i64>,
    created_at: i64,
}

const COLUMNS: &str = "a.id, a.document_id, a.question, a.approvers, a.mode, a.phone_number_id, a.state, a.due_at, \
     a.left_at, a.decided_by, a.decided_by_person, a.decided_at, a.created_at";

fn approval(row: Row) -> Result<Approval, CatalogError> {
    Ok(Approval {
        id: ApprovalId(row.id),
        document_id: row.document_id.map(DocumentId),
        question: row.question,
        approvers: parsed(T, "approvers", &row.approvers)?,
        mode: word(T, "mode", &row.mode)?,
        phone_number_id: row.phone_number_id,
        state: word(T, "state", &row.state)?,
        due_at: maybe_at(T, "due_at", row.due_at)?,
        left_at: maybe_at(T, "left_at", row.left_at)?,
        decided_by: row.decided_by.map(ContactId),
        decided_by_person: row.decided_by_person,
        decided_at: maybe_at(T, "decided_at", row.decided_at)?,
        created_at: at(T, "created_at", row.created_at)?,
    })
}

/// The columns as this caller may have them: what is asked may quote the document that it is about.
fn columns_for(access: &Access) -> String {
    if access.sees_ids() {
        return COLUMNS.to_owned();
    }
    let question =
        "CASE WHEN d.sensitivity <> 'open' OR d.part IS NOT NULL THEN '' ELSE a.question END AS question";
    COLUMNS.replace("a.question", question)
}

async fn get(tx: &mut Tx, id: ApprovalId) -> Result<Option<Approval>, CatalogError> {
    let text = format!("SELECT {COLUMNS} FROM approvals a WHERE a.id = $1");
    optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), id.0)?.map(approval).transpose()
}

impl Catalog {
    /// Approvals, the first one first.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn approvals(
        &self,
        access: &Access,
        (state, document): (Option<ApprovalState>, Option<DocumentId>),
        after: Option<ApprovalId>,
        limit: u32,
    ) -> Result<Vec<Approval>, CatalogError> {
        let mut tx = self.reading().await?;
        let mut query = Query::default();
        query.holds("a.state =", state.map(|s| Bind::text(s.as_str())));
        query.holds("a.document_id =", document.map(|d| Bind::Id(d.0)));
        query.holds("a.id >", after.map(|a| Bind::Id(a.0)));
        query.and(within(access, &tx));
        let text = format!(
            "SELECT {} FROM approvals a LEFT JOIN documents d ON d.id = a.document_id WHERE {} \
             ORDER BY a.id LIMIT {}",
            columns_for(access),
            query.all(),
            limit.min(500)
        );
        let rows = all_of!(tx, Row, text, query.binds)?;
        rows.into_iter().map(approval).collect()
    }

    /// An approval.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn approval(&self, access: &Access, id: ApprovalId) -> Result<Option<Approval>, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!(
            "SELECT {} FROM approvals a LEFT JOIN documents d ON d.id = a.document_id WHERE a.id = $1 AND {}",
            columns_for(access),
            within(access, &tx)
        );
        optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), id.0)?.map(approval).transpose()
    }
}

/// Whether an approval exists for this caller.
pub(crate) async fn is_there_for(tx: &mut Tx, access: &Access, id: ApprovalId) -> Result<bool, CatalogError> {
    let text = format!(
        "SELECT 1 FROM approvals a LEFT JOIN documents d ON d.id = a.document_id WHERE a.id = $1 AND {}",
        within(access, tx)
    );
    Ok(optional!(tx, (i32,), sqlx::AssertSqlSafe(text.clone()), id.0)?.is_some())
}

/// Those of a document that exists for the caller; those of none, for whoever is not bound.
fn within(access: &Access, tx: &Tx) -> String {
    if access.is_bound() {
        format!("d.id IS NOT NULL AND {}", access.reach(tx, "d"))
    } else {
        "1 = 1".to_owned()
    }
}
