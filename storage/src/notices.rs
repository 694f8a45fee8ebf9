//! Notices: news that we send of our own accord, by a template that Meta approved and to whom agreed to it. Each ends
//! read, delivered, failed with a reason, expired or withdrawn, and those who follow the feed hear which.

use serde::Serialize;
use serde_json::json;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use acuse_conversation::Kind;
use acuse_whatsapp::template::{Given, Unfit};

use crate::{
    access::Access,
    accounts, attachments, cases,
    catalog::Catalog,
    consents::{self, Category, Word},
    conversation,
    error::CatalogError,
    events::{self, NewEvent},
    names::{
        AttachmentId, ContactId, NoticeId, OutboxId, at, clean_maybe, cut, json as parsed, maybe_at, micros,
        to_json, word, words,
    },
    outbox::{self, NewReply, OutboxState, Payload, Purpose, Saying, Shape},
    sql::{Bind, Query, Tx},
};

words! {
    /// Where a notice stands.
    NoticeState, "notice state" {
        /// It waits for its time or its turn.
        Queued = "queued",
        /// The channel accepted it.
        Sent = "sent",
        /// A device of theirs has it.
        Delivered = "delivered",
        /// They looked at it.
        Read = "read",
        /// It will not arrive; an incident tells a person of it.
        Failed = "failed",
        /// Its time was over before it could leave.
        Expired = "expired",
        /// They agreed no more when it was to leave.
        Withdrawn = "withdrawn",
    }
}

/// How long a notice is worth sending, where nobody says.
pub const NOTICE_LIFE: Duration = Duration::days(3);
const T: &str = "notices";
/// A notice with what its message waits for, while it waits for something.
const NOTICES: &str = "SELECT n.id, n.contact_id, n.phone_number_id, n.template, n.language, n.params, n.header, n.buttons, \
     n.category, n.idempotency_key, n.not_before, n.expires_at, n.state, n.error, n.batch, n.created_at, \
     CASE WHEN n.state IN ('queued', 'sent') THEN o.held_for END AS waits_for, \
     CASE WHEN n.state = 'queued' AND o.held_for IS NOT NULL THEN o.not_before END AS waits_until \
     FROM notices n LEFT JOIN outbox o ON o.id = n.outbox_id";

/// A notice to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotice {
    /// To whom.
    pub contact: ContactId,
    /// From which of our numbers; none: the one that they wrote to last.
    pub phone_number_id: Option<String>,
    /// By which template.
    pub template: String,
    /// In which of its languages; none: theirs.
    pub language: Option<String>,
    /// What stands for `{{1}}`, `{{2}}`… in it.
    pub params: Vec<String>,
    /// What stands in its header: words; or the id of a document of ours, a link (https) to its file or Meta's id of one,
    /// and the file beside the template where there is none.
    pub header: Option<String>,
    /// What its buttons take, in their order; empty where one takes nothing.
    pub buttons: Vec<String>,
    /// To what they must have agreed.
    pub category: Category,
    /// What makes it the same when it is handed in again.
    pub idempotency_key: String,
    /// Not before then.
    pub not_before: Option<OffsetDateTime>,
    /// Worth sending until then.
    pub expires_at: Option<OffsetDateTime>,
}

/// A notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// Its id.
    pub id: NoticeId,
    /// To whom.
    pub contact_id: ContactId,
    /// From which of our numbers.
    pub phone_number_id: String,
    /// By which template.
    pub template: String,
    /// In which of its languages.
    pub language: String,
    /// What stands in it.
    pub params: Vec<String>,
    /// What stands in its header.
    pub header: Option<String>,
    /// What its buttons take.
    pub buttons: Vec<String>,
    /// To what they agreed.
    pub category: Category,
    /// What makes it the same when it is handed in again.
    pub idempotency_key: String,
    /// Not before then; quiet hours of theirs are kept.
    #[serde(with = "time::serde::rfc3339::option")]
    pub not_before: Option<OffsetDateTime>,
    /// Worth sending until then.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
    /// Where it stands.
    pub state: NoticeState,
    /// What it waits for, beside its time: `tier` (its number has written to as many people first in a day as Meta lets it),
    /// `template` (it is paused), `tomorrow` (Meta holds such messages back for a day), `confirmation` (they go by another
    /// name), `morning` (it is night where they are), `assessment` (Meta took it, and looks first how others are received).
    pub waits_for: Option<String>,
    /// When that is looked at again.
    #[serde(with = "time::serde::rfc3339::option")]
    pub waits_until: Option<OffsetDateTime>,
    /// Why it failed.
    pub error: Option<String>,
    /// With which others it was handed in.
    pub batch: Option<Uuid>,
    /// When it was handed in.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// What became of a notice that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Noticed {
    /// It will be sent.
    Queued(Box<Notice>),
    /// It was handed in before, and is this one.
    Before(Box<Notice>),
    /// There is no such contact for this caller.
    NoContact,
    /// None of our numbers is known to them, or it is none of ours.
    NoNumber,
    /// They never agreed to it, or no more.
    NoConsent,
    /// Meta has not approved that template in a language of theirs, or paused it.
    NoTemplate,
    /// What was given does not fit that template.
    Unfit(Unfit),
    /// Its time would be over before it may leave.
    TooLate,
    /// The same key was used for another one.
    OtherKey,
}

/// Which notices.
#[derive(Debug, Clone, Default)]
pub struct NoticeFilter {
    /// Only those that were handed in together.
    pub batch: Option<Uuid>,
    /// Only of this state.
    pub state: Option<NoticeState>,
    /// Only to this contact.
    pub contact: Option<ContactId>,
    /// Those after this one.
    pub after: Option<NoticeId>,
}

#[derive(sqlx::FromRow)]
struct Row {
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
    /// Hands notices in, each by itself, in one commit; what became of each, in their order.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn queue_notices(
        &self,
        access: &Access,
        notices: &[NewNotice],
        batch: Option<Uuid>,
        who: &str,
    ) -> Result<Vec<Noticed>, CatalogError> {
        let mut tx = self.writing().await?;
        let mut became = Vec::with_capacity(notices.len());
        for new in notices {
            became.push(queue_one(&mut tx, access, new, (batch, who)).await?);
        }
        tx.commit().await?;
        Ok(became)
    }

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

    /// The contact that writes from this number (digits, with its country), in whichever form.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn contact_of_phone(
        &self,
        access: &Access,
        digits: &str,
    ) -> Result<Option<ContactId>, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!(
            "SELECT c.id FROM contacts c WHERE c.merged_into IS NULL AND {} AND (c.phone IN ($1, $2) \
             OR c.id IN (SELECT a.contact_id FROM contact_aliases a WHERE a.kind = 'wa_id' AND a.value IN ($1, $2))) \
             ORDER BY c.id LIMIT 1",
            conversation::reach(access, &tx)
        );
        let one_form = acuse_pipeline::phone::canonical(digits);
        let row = optional!(tx, (Uuid,), sqlx::AssertSqlSafe(text.clone()), digits, one_form.as_str())?;
        Ok(row.map(|(id,)| ContactId(id)))
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
}

impl Catalog {
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

async fn known(tx: &mut Tx, key: &str) -> Result<Option<Notice>, CatalogError> {
    let text = format!("{NOTICES} WHERE n.idempotency_key = $1");
    optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), key)?.map(Notice::try_from).transpose()
}

/// A number, if it is one of ours.
async fn ours(tx: &mut Tx, number: Option<String>) -> Result<Option<String>, CatalogError> {
    let sql = "SELECT phone_number_id FROM numbers WHERE phone_number_id = $1";
    Ok(optional!(tx, (String,), sql, number)?.map(|(number,)| number))
}

/// A notice under a key that was used before: that one, or another.
fn again(before: Notice, new: &NewNotice) -> Noticed {
    let same = before.contact_id == new.contact
        && before.template == new.template
        && before.params == new.params
        && before.header == new.header
        && before.buttons == new.buttons;
    if same { Noticed::Before(Box::new(before)) } else { Noticed::OtherKey }
}

async fn queue_one(
    tx: &mut Tx,
    access: &Access,
    new: &NewNotice,
    (batch, who): (Option<Uuid>, &str),
) -> Result<Noticed, CatalogError> {
    let key = cut(&new.idempotency_key, 200);
    let text = format!(
        "SELECT c.phone_number_id FROM contacts c WHERE c.id = $1 AND c.merged_into IS NULL AND {}",
        conversation::reach(access, tx)
    );
    let row = optional!(tx, (Option<String>,), sqlx::AssertSqlSafe(text.clone()), new.contact.0)?;
    let Some((last,)) = row else { return Ok(Noticed::NoContact) };
    cases::hold_contact(tx, new.contact).await?;
    if let Some(before) = known(tx, &key).await? {
        return Ok(again(before, new));
    }
    let Some(number) = ours(tx, new.phone_number_id.clone().or(last)).await? else {
        return Ok(Noticed::NoNumber);
    };
    if consents::latest(tx, new.contact, &number, new.category).await? != Some(Word::Granted) {
        return Ok(Noticed::NoConsent);
    }
    let person = cases::person(tx, new.contact).await?;
    let language = new.language.clone().unwrap_or_else(|| person.language.as_str().to_owned());
    let Some(approved) = accounts::approved(tx, &number, &new.template, &language).await? else {
        return Ok(Noticed::NoTemplate);
    };
    let header = new.header.as_deref();
    let given = Given { header, body: &new.params, buttons: &new.buttons, ..Given::default() };
    let which = (number.as_str(), new.template.as_str(), &approved);
    let file = match attachments::of_header(tx, access, which, given).await? {
        Ok(file) => file,
        Err(unfit) => return Ok(Noticed::Unfit(unfit)),
    };
    let kind = approved.category;
    // What Meta takes for advertising is, whatever it was handed in as.
    let category = if kind == Category::Marketing { kind } else { new.category };
    if consents::latest(tx, new.contact, &number, category).await? != Some(Word::Granted) {
        return Ok(Noticed::NoConsent);
    }
    let new = &NewNotice { category, ..new.clone() };
    let present = tx.now();
    let asked = new.not_before.unwrap_or(present).max(present);
    let not_before = cases::by_day(tx, &person, Kind::Notice, asked);
    let expires = new.expires_at.unwrap_or(not_before.saturating_add(NOTICE_LIFE));
    if expires <= not_before {
        return Ok(Noticed::TooLate);
    }
    let timed = Timed { number: &number, language: &language, not_before, expires, key: &key, file };
    let Some(id) = write(tx, new, &timed, (batch, who)).await? else {
        // It was used for somebody else at this very moment, who is known by now.
        return known(tx, &key).await?.map(|before| again(before, new)).ok_or(CatalogError::Contention);
    };
    let text = format!("{NOTICES} WHERE n.id = $1");
    let row = one!(tx, Row, sqlx::AssertSqlSafe(text.clone()), id.0)?;
    Notice::try_from(row).map(|queued| Noticed::Queued(Box::new(queued)))
}

/// How a notice goes, once it is settled.
struct Timed<'a> {
    number: &'a str,
    language: &'a str,
    not_before: OffsetDateTime,
    expires: OffsetDateTime,
    key: &'a str,
    /// The file of ours that stands in its header.
    file: Option<AttachmentId>,
}

/// What the message of a notice carries.
fn carried(new: &NewNotice, file: Option<AttachmentId>) -> Payload {
    Payload {
        named: Some(new.template.clone()),
        parameters: new.params.clone(),
        header: new.header.clone().filter(|_| file.is_none()),
        buttons: new.buttons.clone(),
        ..Payload::default()
    }
}

/// Writes a notice and queues its message; none where its key is another's.
async fn write(
    tx: &mut Tx,
    new: &NewNotice,
    timed: &Timed<'_>,
    (batch, who): (Option<Uuid>, &str),
) -> Result<Option<NoticeId>, CatalogError> {
    let id = NoticeId::generate();
    let present = tx.now();
    let later = Some(timed.not_before).filter(|at| *at > present);
    let written = execute!(
        tx,
        "INSERT INTO notices (id, contact_id, phone_number_id, template, language, params, idempotency_key, not_before, \
         expires_at, state, created_at, category, batch, made_by, updated_at, header, buttons) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'queued', $10, $11, $12, $13, $10, $14, $15) \
         ON CONFLICT (idempotency_key) DO NOTHING",
        id.0,
        new.contact.0,
        timed.number,
        cut(&new.template, 512),
        cut(timed.language, 16),
        to_json("params", &new.params)?,
        timed.key,
        later.map(micros),
        micros(timed.expires),
        micros(present),
        new.category.as_str(),
        batch,
        cut(who, 200),
        clean_maybe(new.header.as_deref()),
        to_json("buttons", &new.buttons)?
    )?;
    if written == 0 {
        return Ok(None);
    }
    let outbox = say(tx, new, timed, (id, later)).await?;
    execute!(tx, "UPDATE notices SET outbox_id = $2 WHERE id = $1", id.0, outbox.map(|o| o.0))?;
    Ok(Some(id))
}

/// Queues the message of a notice, not before `later`.
async fn say(
    tx: &mut Tx,
    new: &NewNotice,
    timed: &Timed<'_>,
    (id, later): (NoticeId, Option<OffsetDateTime>),
) -> Result<Option<OutboxId>, CatalogError> {
    let reply = NewReply {
        purpose: Purpose::Notice,
        body: new.params.join(" · "),
        language: timed.language.to_owned(),
        nonce: id.to_string(),
    };
    let saying = Saying {
        document: None,
        case: None,
        contact: new.contact,
        phone_number_id: Some(timed.number),
        category: Some(new.category.as_str()),
    };
    let shape = Shape {
        payload: carried(new, timed.file),
        attachment: timed.file,
        not_before: later,
        expires_at: Some(timed.expires),
        is_behind: true,
    };
    outbox::queue_as(tx, saying, &reply, &shape).await
}

/// A message moved: whether it is a notice's, and what that has come to.
pub(crate) async fn moved(tx: &mut Tx, message: OutboxId) -> Result<(), CatalogError> {
    let row = optional!(
        tx,
        (Uuid, Uuid, String, String, String, Option<String>, Option<i64>),
        "SELECT n.id, n.contact_id, n.idempotency_key, n.state, o.state, o.error, \
         (SELECT MAX(s.rank) FROM message_statuses s WHERE s.wamid = o.wamid) \
         FROM notices n JOIN outbox o ON o.id = n.outbox_id WHERE n.outbox_id = $1",
        message.0
    )?;
    let Some((id, contact, key, was, state, error, rank)) = row else { return Ok(()) };
    let was: NoticeState = word(T, "state", &was)?;
    let is = stands(word("outbox", "state", &state)?, error.as_deref(), rank.unwrap_or_default());
    if was == is || was == NoticeState::Read {
        return Ok(());
    }
    let present = micros(tx.now());
    let why = error.filter(|_| is == NoticeState::Failed);
    execute!(
        tx,
        "UPDATE notices SET state = $2, error = $3, updated_at = $4 WHERE id = $1",
        id,
        is.as_str(),
        clean_maybe(why.as_deref()),
        present
    )?;
    let kind = match is {
        NoticeState::Queued | NoticeState::Sent => return Ok(()),
        NoticeState::Delivered => "notice.delivered",
        NoticeState::Read => "notice.read",
        NoticeState::Failed => "notice.failed",
        NoticeState::Expired => "notice.expired",
        NoticeState::Withdrawn => "notice.withdrawn",
    };
    let data = json!({ "notice_id": id, "contact_id": contact, "idempotency_key": key, "error": why });
    events::write(tx, &[NewEvent { kind, document: None, data }]).await
}

/// Where a notice stands by its message.
fn stands(message: OutboxState, error: Option<&str>, rank: i64) -> NoticeState {
    /// Rank of the status that says they looked.
    const READ: i64 = 4;
    match message {
        _ if rank >= READ => NoticeState::Read,
        OutboxState::Delivered => NoticeState::Delivered,
        OutboxState::Sent => NoticeState::Sent,
        OutboxState::Failed | OutboxState::WindowClosed => NoticeState::Failed,
        OutboxState::Withdrawn if error == Some(outbox::TOO_LATE) => NoticeState::Expired,
        OutboxState::Withdrawn => NoticeState::Withdrawn,
        OutboxState::Queued | OutboxState::Sending | OutboxState::Unknown | OutboxState::Refused => {
            NoticeState::Queued
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_stands_where_its_message_does() {
        let table = [
            (OutboxState::Queued, None, 0, NoticeState::Queued),
            (OutboxState::Refused, None, 2, NoticeState::Queued),
            (OutboxState::Sent, None, 1, NoticeState::Sent),
            (OutboxState::Delivered, None, 3, NoticeState::Delivered),
            (OutboxState::Delivered, None, 4, NoticeState::Read),
            (OutboxState::Failed, Some("x"), 2, NoticeState::Failed),
            (OutboxState::WindowClosed, Some("x"), 0, NoticeState::Failed),
            (OutboxState::Withdrawn, Some(outbox::TOO_LATE), 0, NoticeState::Expired),
            (OutboxState::Withdrawn, Some("opted out"), 0, NoticeState::Withdrawn),
        ];
        for (message, error, rank, notice) in table {
            assert_eq!(stands(message, error, rank), notice, "{message} {error:?} {rank}");
        }
    }
}
