//! Handing a notice in: whether its contact agreed, whether its template takes what was given, and when it may leave.

use acuse_conversation::Kind;
use acuse_whatsapp::template::Given;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    NOTICE_LIFE, NewNotice, Notice, Noticed,
    list::{NOTICES, Row},
};
use crate::{
    access::Access,
    accounts, attachments, cases,
    catalog::Catalog,
    consents::{self, Category, Word},
    conversation, erasure,
    error::CatalogError,
    key_file::ErasedKind,
    merges,
    names::{AttachmentId, ContactId, NoticeId, OutboxId, clean_maybe, cut, micros, to_json},
    outbox::{self, NewReply, Payload, Purpose, Saying, Shape},
    sql::Tx,
};

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
            let contact = merges::stands_for(&mut tx, ErasedKind::Contact, new.contact.0).await?;
            let new = NewNotice { contact: ContactId(contact), ..new.clone() };
            became.push(queue_one(&mut tx, access, &new, (batch, who)).await?);
        }
        tx.commit().await?;
        Ok(became)
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
}

/// What whoever hands it in calls a notice by, of all of whom each has names of their own.
fn of_theirs(who: &str, key: &str) -> String {
    format!("{}\n{key}", cut(who, 200))
}

/// What they handed in under this key before; what was there before keys had names of their own says whose it is.
async fn known(tx: &mut Tx, who: &str, key: &str) -> Result<Option<Notice>, CatalogError> {
    let text = format!(
        "{NOTICES} WHERE n.idempotency_key = $1 \
         OR (n.idempotency_key = $2 AND n.client_key IS NULL AND n.made_by = $3) ORDER BY n.id LIMIT 1"
    );
    let (name, who) = (of_theirs(who, key), cut(who, 200));
    optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), name.as_str(), key, who.as_str())?
        .map(Notice::try_from)
        .transpose()
}

/// A number, if it is one of ours.
async fn ours(tx: &mut Tx, number: Option<String>) -> Result<Option<String>, CatalogError> {
    let sql = "SELECT phone_number_id FROM numbers WHERE phone_number_id = $1";
    Ok(optional!(tx, (String,), sql, number)?.map(|(number,)| number))
}

/// A notice under a key that they used before: that one, or another.
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
    // Nobody, whatever they agreed to before.
    if erasure::is_erased(tx, ErasedKind::Contact, new.contact.0).await? {
        return Ok(Noticed::NoContact);
    }
    if let Some(before) = known(tx, who, &key).await? {
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
        return known(tx, who, &key).await?.map(|before| again(before, new)).ok_or(CatalogError::Contention);
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
         expires_at, state, created_at, category, batch, made_by, updated_at, header, buttons, client_key) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'queued', $10, $11, $12, $13, $10, $14, $15, $16) \
         ON CONFLICT (idempotency_key) DO NOTHING",
        id.0,
        new.contact.0,
        timed.number,
        cut(&new.template, 512),
        cut(timed.language, 16),
        to_json("params", &new.params)?,
        of_theirs(who, timed.key),
        later.map(micros),
        micros(timed.expires),
        micros(present),
        new.category.as_str(),
        batch,
        cut(who, 200),
        clean_maybe(new.header.as_deref()),
        to_json("buttons", &new.buttons)?,
        timed.key
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
