//! A person takes over: the list of cases, and what a person does with one. While a person holds a case the machine is
//! silent, and two people never write at once: each names the version they looked at.

use std::collections::HashMap;

use acuse_conversation::Event;
use acuse_whatsapp::{policy::Window, template::Unfit};
use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{CaseFilter, Held, Templated, get, happens, hold_contact, written};
use crate::{
    access::{Access, literal},
    attachments::NewFile,
    audit,
    catalog::Catalog,
    conversation,
    error::CatalogError,
    names::{CaseId, ContactId, DocumentId, at, maybe_at, micros},
    sql::Tx,
};

/// A case as a person sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Which one.
    pub id: CaseId,
    /// `documents`, `ask`, `approval`, `collection`, `notice`, `support`.
    pub kind: String,
    /// What of; the document that is asked for.
    pub subject: String,
    /// `gathering`, `working`, `waiting`, `human`, `done`, `expired`, `stopped`.
    pub state: String,
    /// What it expects of the contact: `file`, `words`, `choice`.
    pub expects: Option<String>,
    /// With whom.
    pub contact_id: ContactId,
    /// Their name.
    pub contact_name: Option<String>,
    /// Over which of our numbers.
    pub phone_number_id: String,
    /// Whose it is among us; none: anybody's.
    pub team: Option<String>,
    /// Who holds it.
    pub assignee: Option<String>,
    /// By when its team has promised to answer; none: nothing is promised, or they have.
    #[serde(with = "time::serde::rfc3339::option")]
    pub answer_by: Option<OffsetDateTime>,
    /// Since when that time is over: it stands in the supervisors' list.
    #[serde(with = "time::serde::rfc3339::option")]
    pub escalated_at: Option<OffsetDateTime>,
    /// When it goes on by itself; none: a person has it, or it is over.
    #[serde(with = "time::serde::rfc3339::option")]
    pub due_at: Option<OffsetDateTime>,
    /// Until when free text may be sent to them.
    #[serde(with = "time::serde::rfc3339::option")]
    pub window_closes_at: Option<OffsetDateTime>,
    /// What a person names when they act on it.
    pub version: i64,
    /// Since when it is.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it last moved.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
    /// Its documents.
    pub documents: Vec<DocumentId>,
}

/// What became of what a person did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acted {
    /// It is done; the case's version now.
    Done(i64),
    /// There is no such case for this person.
    Missing,
    /// It moved since they looked; its version now.
    Changed(i64),
    /// Somebody else holds it.
    HeldBy(String),
    /// It is over.
    Over,
    /// The contact has not written for a day: free text would not arrive.
    WindowClosed,
    /// Meta has not approved that template in that language, or paused it.
    NoTemplate,
    /// What was given does not fit that template.
    Unfit(Unfit),
    /// The contact never agreed to such messages, or no more.
    NoConsent,
    /// No approval that is theirs to decide or to end: it is of a document, or an approver is waited for.
    NotTheirs,
    /// What its contact is asked to approve does not exist for this person.
    Beyond,
    /// The contact goes by another name (a number, a user id) since, and has not written from there yet.
    Unconfirmed,
}

/// What a person does with a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Take it, or give it to somebody, or to a team.
    Assign {
        /// Who holds it from now on; none: anybody of the team.
        to: Option<String>,
        /// Which team; none: as it is.
        team: Option<String>,
    },
    /// Hand it back to the machine.
    Return,
    /// It is settled.
    Close,
    /// Say yes or no to what is to be approved, in the place of approvers of whom none is left or who let its time pass.
    Decide {
        /// Which.
        approves: bool,
    },
    /// Write to the contact.
    Reply {
        /// What.
        text: String,
        /// ISO 639-1.
        language: String,
        /// A file beside it, of which it is the caption.
        file: Option<NewFile>,
    },
    /// Write to the contact by a template, whether the window is open or not.
    Template(Templated),
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    kind: String,
    subject: String,
    state: String,
    expects: Option<String>,
    contact_id: Uuid,
    name: Option<String>,
    phone_number_id: String,
    team: Option<String>,
    assignee: Option<String>,
    answer_by: Option<i64>,
    escalated_at: Option<i64>,
    due_at: Option<i64>,
    last_inbound_at: Option<i64>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

const T: &str = "cases";
/// Documents of one case that are shown.
const MOST_SHOWN: u32 = 100;
/// Cases with their contact and window, as a [`Row`].
const LISTED: &str = "SELECT s.id, s.kind, s.subject, s.state, s.expects, s.contact_id, c.name, s.phone_number_id, s.team, \
     s.assignee, s.answer_by, s.escalated_at, s.due_at, w.last_inbound_at, s.version, s.created_at, s.updated_at FROM cases s \
     LEFT JOIN contacts c ON c.id = s.contact_id LEFT JOIN windows w ON w.contact_id = s.contact_id \
     AND w.phone_number_id = s.phone_number_id";

impl Catalog {
    /// Cases: of those that are open what is due first, then the oldest; where those that are over are listed too, the oldest
    /// first.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn cases(
        &self,
        access: &Access,
        filter: &CaseFilter,
        limit: u32,
    ) -> Result<Vec<Listed>, CatalogError> {
        let mut tx = self.reading().await?;
        let Some((mut query, order)) = filter.query() else { return Ok(Vec::new()) };
        query.and(conversation::reach(access, &tx));
        let text = format!("{LISTED} WHERE {} ORDER BY {order} LIMIT {}", query.all(), limit.min(500));
        let rows = all_of!(tx, Row, text, query.binds)?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let mut documents = documents_of(&mut tx, access, &ids).await?;
        let now = tx.now();
        let with_its_own = |row: Row| {
            let of_case = documents.remove(&row.id).unwrap_or_default();
            shown(row, of_case, now)
        };
        rows.into_iter().map(with_its_own).collect()
    }

    /// One case, open or not.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn case(&self, access: &Access, id: CaseId) -> Result<Option<Listed>, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!("{LISTED} WHERE s.id = $1 AND {}", conversation::reach(access, &tx));
        let Some(row) = optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), id.0)? else { return Ok(None) };
        let mut documents = documents_of(&mut tx, access, &[id.0]).await?;
        shown(row, documents.remove(&id.0).unwrap_or_default(), tx.now()).map(Some)
    }

    /// Whether all documents of a case exist for this caller, so that acting on it reaches past nothing; one of which nobody
    /// knows whose it is does not.
    pub(super) async fn reaches_case(&self, access: &Access, id: CaseId) -> Result<bool, CatalogError> {
        if !access.is_bound() {
            return Ok(true);
        }
        let mut tx = self.reading().await?;
        let text = format!(
            "SELECT COUNT(*) FROM case_documents cd JOIN documents d ON d.id = cd.document_id \
             WHERE cd.case_id = $1 AND {} IS NOT TRUE",
            access.reach(&tx, "d")
        );
        let (beyond,) = one!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), id.0)?;
        Ok(beyond == 0)
    }

    /// A person acts on a case that they looked at in this version.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn act_on_case(
        &self,
        access: &Access,
        id: CaseId,
        version: i64,
        who: &str,
        act: &Act,
    ) -> Result<Acted, CatalogError> {
        let Some(seen) = self.case(access, id).await? else { return Ok(Acted::Missing) };
        if !self.reaches_case(access, id).await? {
            return Ok(Acted::Missing);
        }
        let mut tx = self.writing().await?;
        hold_contact(&mut tx, seen.contact_id).await?;
        let Some(held) = get(&mut tx, id).await? else { return Ok(Acted::Missing) };
        if !held.case.is_open() {
            return Ok(Acted::Over);
        }
        if held.version != version {
            return Ok(Acted::Changed(held.version));
        }
        let (holder,) = one!(tx, (Option<String>,), "SELECT assignee FROM cases WHERE id = $1", id.0)?;
        if let Some(other) = holder.filter(|other| other != who && !matches!(act, Act::Assign { .. })) {
            return Ok(Acted::HeldBy(other));
        }
        if let Some(refused) = act_now(&mut tx, held, (access, who), act).await? {
            return Ok(refused);
        }
        let detail = json!({ "case_id": id, "act": name(act) });
        audit::write(&mut tx, who, "case", None, &detail).await?;
        let (now,) = one!(tx, (i64,), "SELECT version FROM cases WHERE id = $1", id.0)?;
        tx.commit().await?;
        Ok(Acted::Done(now))
    }
}

fn name(act: &Act) -> &'static str {
    match act {
        Act::Assign { .. } => "assign",
        Act::Return => "return",
        Act::Close => "close",
        Act::Decide { .. } => "decide",
        Act::Reply { .. } => "reply",
        Act::Template(_) => "template",
    }
}

/// Does it, or says why not.
async fn act_now(
    tx: &mut Tx,
    held: Held,
    (access, who): (&Access, &str),
    act: &Act,
) -> Result<Option<Acted>, CatalogError> {
    let id = held.id;
    // To end what does not exist for them is no more theirs than to decide it.
    let ends = matches!(act, Act::Close | Act::Decide { .. });
    if ends && !super::approve::is_there_for(tx, &held, access).await? {
        return Ok(Some(Acted::Beyond));
    }
    match act {
        Act::Assign { to, team } => {
            happens(tx, held, Uuid::now_v7(), Event::AgentTook).await?;
            assign(tx, id, to.as_deref(), team.as_deref()).await?;
            if let (Some(team), Some(held)) = (team, get(tx, id).await?) {
                super::team::moved(tx, &held, team).await?;
            }
        }
        Act::Return => {
            happens(tx, held, Uuid::now_v7(), Event::AgentReturned).await?;
            assign(tx, id, None, None).await?;
            super::gather::goes_on(tx, id).await?;
            super::approve::given_back(tx, id).await?;
        }
        Act::Close => {
            if super::approve::is_wanted_by_a_rule(tx, &held).await? {
                return Ok(Some(Acted::NotTheirs));
            }
            happens(tx, held, Uuid::now_v7(), Event::ReviewDecided).await?;
            super::approve::closed(tx, id, who).await?;
        }
        Act::Decide { approves } => {
            if !super::approve::decided(tx, &held, *approves, who).await? {
                return Ok(Some(Acted::NotTheirs));
            }
        }
        Act::Reply { text, language, file } => {
            let words = (text.as_str(), language.as_str());
            return written::words(tx, held, who, words, file.as_ref()).await;
        }
        Act::Template(by) => return written::template(tx, held, (access, who), by).await,
    }
    Ok(None)
}

pub(super) async fn assign(
    tx: &mut Tx,
    id: CaseId,
    to: Option<&str>,
    team: Option<&str>,
) -> Result<(), CatalogError> {
    let present = micros(tx.now());
    execute!(
        tx,
        "UPDATE cases SET assignee = $2, team = COALESCE($3, team), version = version + 1, updated_at = $4 WHERE id = $1",
        id.0,
        to,
        team,
        present
    )
    .map(drop)
}

/// A person wrote: nobody waits for them any more.
pub(super) async fn answered(tx: &mut Tx, id: CaseId) -> Result<(), CatalogError> {
    let present = micros(tx.now());
    let sql = "UPDATE cases SET answered_at = COALESCE(answered_at, $2) WHERE id = $1";
    execute!(tx, sql, id.0, present)?;
    super::team::over(tx, id).await
}

/// Of each case those of its documents that exist for this reader, in the order in which they came.
async fn documents_of(
    tx: &mut Tx,
    access: &Access,
    cases: &[Uuid],
) -> Result<HashMap<Uuid, Vec<DocumentId>>, CatalogError> {
    let mut of: HashMap<Uuid, Vec<DocumentId>> = HashMap::with_capacity(cases.len());
    if cases.is_empty() {
        return Ok(of);
    }
    let exists = if access.is_bound() { access.reach(tx, "d") } else { "1 = 1".to_owned() };
    let list = cases.iter().map(|id| literal(tx, *id)).collect::<Vec<_>>().join(", ");
    let text = format!(
        "SELECT n.case_id, n.id FROM (SELECT u.case_id, u.id, ROW_NUMBER() OVER (PARTITION BY u.case_id ORDER BY u.id) \
           AS place FROM (SELECT DISTINCT cd.case_id, d.id FROM case_documents cd \
             JOIN documents d ON d.id = cd.document_id WHERE cd.case_id IN ({list}) AND {exists}) u) n \
         WHERE n.place <= {MOST_SHOWN} ORDER BY n.case_id, n.id"
    );
    for (case, id) in all!(tx, (Uuid, Uuid), sqlx::AssertSqlSafe(text.clone()))? {
        of.entry(case).or_default().push(DocumentId(id));
    }
    Ok(of)
}

fn shown(row: Row, documents: Vec<DocumentId>, now: OffsetDateTime) -> Result<Listed, CatalogError> {
    let inbound = maybe_at(T, "last_inbound_at", row.last_inbound_at.filter(|at| *at > 0))?;
    Ok(Listed {
        id: CaseId(row.id),
        kind: row.kind,
        subject: row.subject,
        state: row.state,
        expects: row.expects,
        contact_id: ContactId(row.contact_id),
        contact_name: row.name,
        phone_number_id: row.phone_number_id,
        team: row.team,
        assignee: row.assignee,
        answer_by: maybe_at(T, "answer_by", row.answer_by)?,
        escalated_at: maybe_at(T, "escalated_at", row.escalated_at)?,
        due_at: maybe_at(T, "due_at", row.due_at)?,
        window_closes_at: Window::at(inbound, now).closes_at(),
        version: row.version,
        created_at: at(T, "created_at", row.created_at)?,
        updated_at: at(T, "updated_at", row.updated_at)?,
        documents,
    })
}
