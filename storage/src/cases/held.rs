//! A case in the hands of a transaction: its row, parsed, and how it is found.

use acuse_conversation::{Case, Expects, Kind, State};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    memory,
    save::begin,
    speak::{Person, person},
};
use crate::{
    contacts::phone_or_country,
    error::CatalogError,
    names::{CaseId, ContactId, at, maybe_at, number as count},
    sql::Tx,
};

const T: &str = "cases";
pub(super) const COLUMNS: &str = concat!(
    "id, contact_id, phone_number_id, kind, subject, state, expects, due_at, version, created_at, memory, task_at, nod, \
     (SELECT p.language FROM contacts p WHERE p.id = cases.contact_id) AS language, (SELECT ",
    phone_or_country!("p"),
    " FROM contacts p WHERE p.id = cases.contact_id) AS phone_or_country"
);
/// In which states a case is not over.
pub(super) const OPEN: &str = "('gathering', 'working', 'waiting', 'human')";

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: Uuid,
    contact_id: Uuid,
    phone_number_id: String,
    kind: String,
    subject: String,
    state: String,
    expects: Option<String>,
    due_at: Option<i64>,
    version: i64,
    created_at: i64,
    memory: String,
    task_at: Option<i64>,
    nod: Option<String>,
    language: Option<String>,
    phone_or_country: Option<String>,
}

/// A case in the hands of a transaction.
pub(crate) struct Held {
    pub id: CaseId,
    pub contact: ContactId,
    pub phone_number_id: String,
    pub subject: String,
    pub case: Case,
    /// With whom.
    pub(super) person: Person,
    /// As the row was.
    pub(super) version: i64,
    /// When its task runs.
    pub(super) task_at: Option<OffsetDateTime>,
    /// The message whose sender is yet to see that we have it.
    pub(super) nod: Option<String>,
    /// Whether it has no row before its first step.
    pub(super) is_new: bool,
}

impl Held {
    /// A case that begins.
    pub(super) fn fresh(about: About<'_>, person: Person, present: OffsetDateTime) -> Self {
        Self {
            id: CaseId::generate(),
            contact: about.contact,
            phone_number_id: about.phone_number_id.to_owned(),
            subject: about.subject.to_owned(),
            case: Case::new(about.kind, present),
            person,
            version: 0,
            task_at: None,
            nod: None,
            is_new: true,
        }
    }
}

/// What a case is about, whatever a merge put behind it so that two of one person go on beside each other.
pub(super) fn subject_of(text: &str) -> &str {
    text.split_once('+').map_or(text, |(subject, _)| subject)
}

pub(super) fn unknown(column: &'static str, word: &str) -> CatalogError {
    CatalogError::ImpossibleRow { table: T, column, why: format!("no word of ours: {word:.32}") }
}

impl TryFrom<Row> for Held {
    type Error = CatalogError;

    fn try_from(row: Row) -> Result<Self, CatalogError> {
        let began = at(T, "created_at", row.created_at)?;
        let mut case = Case::new(Kind::of(&row.kind).ok_or_else(|| unknown("kind", &row.kind))?, began);
        case.state = State::of(&row.state).ok_or_else(|| unknown("state", &row.state))?;
        case.expects = match row.expects.as_deref() {
            Some(word) => Some(Expects::of(word).ok_or_else(|| unknown("expects", word))?),
            None => None,
        };
        case.due_at = maybe_at(T, "due_at", row.due_at)?;
        case.version = count(T, "version", row.version)?;
        memory::recall(&mut case, &row.memory)?;
        Ok(Self {
            id: CaseId(row.id),
            contact: ContactId(row.contact_id),
            phone_number_id: row.phone_number_id,
            subject: subject_of(&row.subject).to_owned(),
            case,
            person: Person::of(row.language.as_deref(), row.phone_or_country),
            version: row.version,
            task_at: maybe_at(T, "task_at", row.task_at)?,
            nod: row.nod,
            is_new: false,
        })
    }
}

/// Which matter between whom.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    pub contact: ContactId,
    pub phone_number_id: &'a str,
    pub kind: Kind,
    pub subject: &'a str,
}

/// The open case about this, if there is one.
pub(super) async fn find(tx: &mut Tx, about: About<'_>) -> Result<Option<Held>, CatalogError> {
    let text = format!(
        "SELECT {COLUMNS} FROM cases WHERE contact_id = $1 AND phone_number_id = $2 AND kind = $3 AND subject = $4 \
         AND state IN {OPEN}"
    );
    optional!(
        tx,
        Row,
        sqlx::AssertSqlSafe(text.clone()),
        about.contact.0,
        about.phone_number_id,
        about.kind.as_str(),
        about.subject
    )?
    .map(Held::try_from)
    .transpose()
}

/// A case by its id, open or not.
pub(super) async fn get(tx: &mut Tx, id: CaseId) -> Result<Option<Held>, CatalogError> {
    let text = format!("SELECT {COLUMNS} FROM cases WHERE id = $1");
    optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), id.0)?.map(Held::try_from).transpose()
}

/// The open case about this; it begins now if there is none.
pub(super) async fn find_or_open(tx: &mut Tx, about: About<'_>) -> Result<Held, CatalogError> {
    if let Some(open) = find(tx, about).await? {
        return Ok(open);
    }
    let person = person(tx, about.contact).await?;
    let mut held = Held::fresh(about, person, tx.now());
    begin(tx, &held, &[], None).await?;
    held.is_new = false;
    Ok(held)
}
