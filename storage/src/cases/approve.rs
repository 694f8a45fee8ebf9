//! Approvals: each approver is asked in a case of their own, by two buttons. One decision counts and ends the cases of
//! all others; who lets the time pass makes way for the next, and after the last a person has it.

use acuse_conversation::{
    Choice, Event, Expects, Kind, Stands, State,
    said::{self, Approval},
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{
    About, CaseId, Held, Listed, OPEN,
    choose::{self, Chosen},
    find_or_open, get, happens, hold_contact, speak, subject_of,
};
use crate::{
    access::Access,
    approvals::{self, Counting, Seen},
    error::CatalogError,
    names::{ApprovalId, AttachmentId, ContactId, DocumentId, OutboxId, micros},
    outbox::{self, NewReply, Purpose, Saying, Shape},
    sql::Tx,
};

/// In which cases an approval is asked for: also in those that a merge put something behind, so that two of one person go on
/// beside each other.
const ASKED: &str = "kind = 'approval' AND SUBSTR(subject, 1, 36) = $1";
const APPROVE: &str = "approve";
const REFUSE: &str = "refuse";
/// How long an approver's buttons count where the approval has no end of its own.
const LASTS: Duration = Duration::days(7);

/// What a case asks its contact to approve, if that is what it is about.
fn approval_of(held: &Held) -> Option<ApprovalId> {
    approval_in(held.case.kind, &held.subject)
}

/// Also where a merge put something behind it.
fn approval_in(kind: Kind, subject: &str) -> Option<ApprovalId> {
    if kind == Kind::Approval { subject_of(subject).parse().ok() } else { None }
}

impl Listed {
    /// What its contact is asked to approve, if that is what it is about.
    #[must_use]
    pub fn approval(&self) -> Option<ApprovalId> {
        approval_in(Kind::of(&self.kind)?, &self.subject)
    }
}

/// Asks an approver.
pub(crate) async fn ask(
    tx: &mut Tx,
    approval: ApprovalId,
    (contact, number): (ContactId, &str),
    until: Option<OffsetDateTime>,
) -> Result<CaseId, CatalogError> {
    hold_contact(tx, contact).await?;
    let subject = approval.to_string();
    let about = About { contact, phone_number_id: number, kind: Kind::Approval, subject: &subject };
    let held = find_or_open(tx, about).await?;
    let id = held.id;
    happens(tx, held, Uuid::now_v7(), Event::Asked(Expects::Choice)).await?;
    let person = speak::person(tx, contact).await?;
    let question = question(tx, approval, &person).await?;
    tell(tx, (id, contact, number), &person, question, until).await?;
    Ok(id)
}

/// What is said above the buttons.
struct Asked {
    body: String,
    /// The picture that stands there too, and what is said where it cannot be taken along.
    picture: Option<(AttachmentId, String)>,
}

/// The question, with the picture of what it is about where everybody may see that; else with where at the desk it is.
async fn question(tx: &mut Tx, approval: ApprovalId, person: &speak::Person) -> Result<Asked, CatalogError> {
    let at_desk = approvals::in_words(tx, approval, person.language, Seen::AtDesk).await?;
    let by_desk = said::approval(Approval::Ask(&at_desk), person.language);
    let Some(picture) = approvals::picture(tx, approval).await? else {
        return Ok(Asked { body: by_desk, picture: None });
    };
    let what = approvals::in_words(tx, approval, person.language, Seen::InPicture).await?;
    let body = said::approval(Approval::Ask(&what), person.language);
    Ok(Asked { body, picture: Some((picture, by_desk)) })
}

/// The question with its two buttons.
async fn tell(
    tx: &mut Tx,
    (case, contact, number): (CaseId, ContactId, &str),
    person: &speak::Person,
    asked: Asked,
    until: Option<OffsetDateTime>,
) -> Result<(), CatalogError> {
    let choice =
        |key: &str, what| Choice { key: key.to_owned(), title: said::approval(what, person.language) };
    let choices = [choice(APPROVE, Approval::Approve), choice(REFUSE, Approval::Refuse)];
    let until = until.unwrap_or(tx.now() + LASTS);
    let identity = choose::identity_of(tx, (case, contact)).await?;
    let offered = choose::offer_bound(tx, (case, contact), &choices, until, identity.as_deref()).await?;
    let reply = NewReply {
        purpose: Purpose::Approval,
        body: asked.body,
        language: person.language.as_str().to_owned(),
        nonce: Uuid::now_v7().to_string(),
    };
    let saying = Saying {
        document: None,
        case: Some(case),
        contact,
        phone_number_id: Some(number),
        category: Some("utility"),
    };
    let mut shape = Shape { expires_at: Some(until), ..Shape::with_choices(offered) };
    shape.payload.identity_key_hash = identity;
    if let Some((picture, without)) = asked.picture {
        shape.attachment = Some(picture);
        shape.payload.without_file = Some(without);
    }
    outbox::queue_as(tx, saying, &reply, &shape).await.map(drop)
}

/// Reminds an approver, with the buttons once more; each of the two sets is good for one tap, and one decision counts.
pub(super) async fn remind(tx: &mut Tx, held: &Held, person: &speak::Person) -> Result<(), CatalogError> {
    let Some(approval) = approval_of(held) else { return Ok(()) };
    let Counting::Until(until) = approvals::counting(tx, approval).await? else { return Ok(()) };
    let what = approvals::in_words(tx, approval, person.language, Seen::AtDesk).await?;
    let body = said::approval(Approval::Reminder(&what), person.language);
    // The picture stands above the first question still.
    let asked = Asked { body, picture: None };
    tell(tx, (held.id, held.contact, &held.phone_number_id), person, asked, until).await
}

/// An approver decided. Of two who do so at once, one does.
pub(super) async fn chosen(tx: &mut Tx, held: Held, chosen: &Chosen) -> Result<(), CatalogError> {
    let (id, contact, number) = (held.id, held.contact, held.phone_number_id.clone());
    let Some(approval) = approval_of(&held) else { return Ok(()) };
    let approves = chosen.key == APPROVE;
    let language = speak::person(tx, contact).await?.language;
    let decided = approvals::decide(tx, approval, approves, (contact, chosen.message)).await?;
    let body = match (decided, approves) {
        (true, true) => said::approval(Approval::Approved, language),
        (true, false) => said::approval(Approval::Refused, language),
        (false, _) => said::tap(acuse_conversation::Judged::Over, "", language).unwrap_or_default(),
    };
    happens(tx, held, chosen.message, Event::Choice).await?;
    if let Some(held) = get(tx, id).await? {
        happens(tx, held, Uuid::now_v7(), Event::DocumentAtRest { left: 0 }).await?;
    }
    let purpose = if decided { Purpose::Decided } else { Purpose::TapRefused };
    let reply =
        NewReply { purpose, body, language: language.as_str().to_owned(), nonce: chosen.message.to_string() };
    let saying =
        Saying { document: None, case: None, contact, phone_number_id: Some(&number), category: None };
    outbox::queue(tx, saying, &reply).await?;
    if decided { close(tx, approval).await } else { Ok(()) }
}

/// Whether a tap on what an approver is asked counts: it is asked still, and its document waits for them.
pub(super) async fn stands(tx: &mut Tx, held: &Held) -> Result<Stands, CatalogError> {
    let Some(approval) = approval_of(held) else { return Ok(Stands::Over) };
    Ok(match approvals::counting(tx, approval).await? {
        Counting::Until(_) => Stands::Open,
        Counting::InAMoment => Stands::Soon,
        Counting::Over => Stands::Over,
    })
}

/// Whether one of the approvers is waited for still; those who let the time pass have made way for a person.
pub(crate) async fn is_asked(tx: &mut Tx, approval: ApprovalId) -> Result<bool, CatalogError> {
    count(tx, approval, "('gathering', 'working', 'waiting')").await.map(|asked| asked > 0)
}

/// Whether one of the approvers can answer still, whoever has their conversation in hand.
pub(crate) async fn can_be_answered(tx: &mut Tx, approval: ApprovalId) -> Result<bool, CatalogError> {
    count(tx, approval, OPEN).await.map(|open| open > 0)
}

/// How many of its cases are in these states.
async fn count(tx: &mut Tx, approval: ApprovalId, states: &str) -> Result<i64, CatalogError> {
    let text = format!("SELECT COUNT(*) FROM cases WHERE {ASKED} AND state IN {states}");
    one!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), approval.to_string()).map(|(many,)| many)
}

/// Whoever tapped what did not count yet is asked again, of what it is by now.
pub(crate) async fn ask_again(tx: &mut Tx, approval: ApprovalId) -> Result<(), CatalogError> {
    let text = format!(
        "SELECT id FROM cases WHERE {ASKED} AND state IN {OPEN} \
         AND EXISTS (SELECT 1 FROM choices o WHERE o.case_id = cases.id AND o.tapped_at IS NOT NULL) ORDER BY id"
    );
    for (id,) in all!(tx, (Uuid,), sqlx::AssertSqlSafe(text.clone()), approval.to_string())? {
        let Some(held) = get(tx, CaseId(id)).await? else { continue };
        execute!(tx, "UPDATE choices SET tapped_at = NULL WHERE case_id = $1", id)?;
        remind(tx, &held, &held.person).await?;
    }
    Ok(())
}

/// A person of ours has an approver's conversation in hand: what reminds is silent, and the buttons count still.
pub(super) async fn taken(tx: &mut Tx, held: &Held) -> Result<(), CatalogError> {
    match approval_of(held) {
        Some(approval) => approvals::taken(tx, approval).await,
        None => Ok(()),
    }
}

/// They gave it back: the approver is reminded again, and waited for.
pub(super) async fn given_back(tx: &mut Tx, case: CaseId) -> Result<(), CatalogError> {
    let held = get(tx, case).await?.filter(|held| held.case.state == State::Waiting);
    match held.as_ref().and_then(approval_of) {
        Some(approval) => approvals::waited_for_again(tx, approval).await,
        None => Ok(()),
    }
}

/// Whether what is asked in this case exists for whoever acts on it; what is no approval does.
pub(super) async fn is_there_for(tx: &mut Tx, held: &Held, access: &Access) -> Result<bool, CatalogError> {
    match approval_of(held) {
        Some(approval) => approvals::is_there_for(tx, access, approval).await,
        None => Ok(true),
    }
}

/// Whether a rule waits for this approver's word still.
pub(super) async fn is_wanted_by_a_rule(tx: &mut Tx, held: &Held) -> Result<bool, CatalogError> {
    match approval_of(held) {
        Some(approval) => approvals::is_wanted_by_a_rule(tx, approval).await,
        None => Ok(false),
    }
}

/// Whoever has it says yes or no themselves, nobody else being left, or the time being over; whether that is theirs to say.
pub(super) async fn decided(
    tx: &mut Tx,
    held: &Held,
    approves: bool,
    who: &str,
) -> Result<bool, CatalogError> {
    match approval_of(held).filter(|_| held.case.state == State::Human) {
        Some(approval) => approvals::decide_instead(tx, approval, approves, who).await,
        None => Ok(false),
    }
}

/// They closed it: who else is asked is asked still, and where nobody is, nothing is asked any more.
pub(super) async fn closed(tx: &mut Tx, case: CaseId, who: &str) -> Result<(), CatalogError> {
    let held = get(tx, case).await?;
    let Some(approval) = held.as_ref().and_then(approval_of) else { return Ok(()) };
    if can_be_answered(tx, approval).await? {
        return approvals::left_to_reviewers(tx, approval).await;
    }
    approvals::cancel(tx, approval, who).await.map(drop)
}

/// Whose cases what is asked about a document is in.
pub(super) async fn asked_about(tx: &mut Tx, document: DocumentId) -> Result<Vec<Uuid>, CatalogError> {
    let sql = "SELECT id FROM approvals WHERE document_id = $1 AND state = 'asked'";
    let text = format!("SELECT contact_id FROM cases WHERE {ASKED} AND state IN {OPEN}");
    let mut whom = Vec::new();
    for (approval,) in all!(tx, (Uuid,), sql, document.0)? {
        let approval = ApprovalId(approval).to_string();
        let rows = all!(tx, (Uuid,), sqlx::AssertSqlSafe(text.clone()), approval.as_str())?;
        whom.extend(rows.into_iter().map(|(contact,)| contact));
    }
    Ok(whom)
}

/// It is decided, or not asked any more: nobody is asked, and what of it waits to leave does not.
pub(crate) async fn close(tx: &mut Tx, approval: ApprovalId) -> Result<(), CatalogError> {
    let text = format!("SELECT id FROM cases WHERE {ASKED} AND state IN {OPEN} ORDER BY id");
    for (id,) in all!(tx, (Uuid,), sqlx::AssertSqlSafe(text.clone()), approval.to_string())? {
        let Some(held) = get(tx, CaseId(id)).await? else { continue };
        hold_contact(tx, held.contact).await?;
        happens(tx, held, Uuid::now_v7(), Event::ReviewDecided).await?;
    }
    let text = format!(
        "SELECT id FROM outbox WHERE COALESCE(case_id, document_id) IN (SELECT id FROM cases WHERE {ASKED}) \
         AND purpose = 'approval' AND state = 'queued' ORDER BY id"
    );
    for (id,) in all!(tx, (Uuid,), sqlx::AssertSqlSafe(text.clone()), approval.to_string())? {
        outbox::supersede(tx, OutboxId(id)).await?;
    }
    Ok(())
}

/// Its time is over: nobody is asked. Where no document waits for it, a person has what one of them was asked, unless they
/// do already; whoever calls ends it in the same transaction.
pub(crate) async fn late(tx: &mut Tx, approval: ApprovalId, is_persons: bool) -> Result<(), CatalogError> {
    let text = format!("SELECT id, state FROM cases WHERE {ASKED} AND state IN {OPEN} ORDER BY id");
    let open = all!(tx, (Uuid, String), sqlx::AssertSqlSafe(text.clone()), approval.to_string())?;
    let human = State::Human.as_str();
    let mut left = is_persons && !open.iter().any(|(_, state)| state == human);
    for (id, _) in open.iter().filter(|(_, state)| state != human) {
        let Some(seen) = get(tx, CaseId(*id)).await? else { continue };
        hold_contact(tx, seen.contact).await?;
        let Some(held) = get(tx, CaseId(*id)).await? else { continue };
        let event = if std::mem::take(&mut left) { Event::Overdue } else { Event::ReviewDecided };
        happens(tx, held, Uuid::now_v7(), event).await?;
    }
    Ok(())
}

/// Empties what was asked of an approver, and takes back what waits to be; how many messages.
pub(crate) async fn forget(tx: &mut Tx, approval: ApprovalId) -> Result<u64, CatalogError> {
    let present = micros(tx.now());
    let text = format!(
        "UPDATE outbox SET body = '', payload = '{{}}', error = NULL, next_attempt_at = NULL, lease_until = NULL, \
         updated_at = $2, state = CASE WHEN state IN ('queued', 'refused') THEN 'withdrawn' ELSE state END \
         WHERE COALESCE(case_id, document_id) IN (SELECT id FROM cases WHERE {ASKED})"
    );
    execute!(tx, sqlx::AssertSqlSafe(text.clone()), approval.to_string(), present)
}

/// The time of an approver's case came: where it has gone to a person, the next approver is asked first, if there is one.
pub(super) async fn escalate(tx: &mut Tx, case: CaseId) -> Result<(), CatalogError> {
    let Some(held) = get(tx, case).await?.filter(|held| held.case.state == State::Human) else {
        return Ok(());
    };
    let Some(approval) = approval_of(&held) else { return Ok(()) };
    if let Some((contact, number, until)) = approvals::next(tx, approval).await? {
        happens(tx, held, Uuid::now_v7(), Event::ReviewDecided).await?;
        return ask(tx, approval, (contact, &number), until).await.map(drop);
    }
    approvals::left_to_reviewers(tx, approval).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_is_what_a_case_of_that_kind_is_about_and_of_no_other() {
        let id = ApprovalId::generate();
        for subject in [id.to_string(), format!("{id}+{}", Uuid::now_v7())] {
            assert_eq!(approval_in(Kind::Approval, &subject), Some(id), "{subject}");
            assert_eq!(approval_in(Kind::Ask, &subject), None, "{subject}");
        }
        assert_eq!(approval_in(Kind::Approval, "withheld"), None);
    }
}
