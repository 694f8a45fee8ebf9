//! Approvals: a decision that somebody is asked for in the chat, by buttons and never by free text alone. The approvers
//! are asked in their order, or all at once and the first decides; who decided, and by which message, is in the trail, on
//! the document and in the feed.

mod by_rule;
mod changed;
mod late;
mod worth;

use acuse_conversation::{
    Policies,
    language::Language,
    said::{self, Approval as Said},
    wording::particulars,
};
use acuse_pipeline::document::Status;
use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    access::{Access, Sensitivity},
    attachments, audit, cases,
    catalog::Catalog,
    consents::{self, Category, Word},
    conversation, documents,
    error::CatalogError,
    events::{self, NewEvent},
    names::{
        ApprovalId, AttachmentId, ContactId, DocumentId, Stage, at, cut, json as parsed, maybe_at, micros,
        to_json, word, words,
    },
    sql::{Bind, Query, Tx},
    timeline,
};

pub use by_rule::{UNASKED, reason};
pub(crate) use by_rule::{holds_back, is_all, is_missing};
pub(crate) use changed::{document_changed, look_again};
use changed::{end_all, is_asked};
use worth::Cover;
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
        /// It is asked no more.
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

/// A decision to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApproval {
    /// Of which document in review.
    pub document: Option<DocumentId>,
    /// Of what, in words; needed without a document.
    pub question: String,
    /// Who is asked.
    pub approvers: Vec<ContactId>,
    /// In which way.
    pub mode: Mode,
    /// From which of our numbers.
    pub phone_number_id: String,
    /// Until when the buttons count.
    pub due_at: Option<OffsetDateTime>,
}

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
    /// Who decided.
    pub decided_by: Option<ContactId>,
    /// When.
    #[serde(with = "time::serde::rfc3339::option")]
    pub decided_at: Option<OffsetDateTime>,
    /// When it was asked for.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// What became of an approval that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Approving {
    /// It is asked.
    Asked(Box<Approval>),
    /// There is no such document for this caller.
    NoDocument,
    /// The document does not wait in front of a person.
    NotInReview,
    /// There is no such contact for this caller.
    NoContact(ContactId),
    /// This approver never agreed to be written to from this number.
    NoConsent(ContactId),
    /// The number is none of ours.
    NoNumber,
    /// Conversations are not led: whoever lets the time pass would make way for nobody.
    NotLed,
}

type Row =
    (Uuid, Option<Uuid>, String, String, String, String, String, Option<i64>, Option<Uuid>, Option<i64>, i64);

const COLUMNS: &str = "a.id, a.document_id, a.question, a.approvers, a.mode, a.phone_number_id, a.state, a.due_at, \
     a.decided_by, a.decided_at, a.created_at";

fn approval(row: Row) -> Result<Approval, CatalogError> {
    let (id, document, question, approvers, mode, number, state, due, by, decided, made) = row;
    Ok(Approval {
        id: ApprovalId(id),
        document_id: document.map(DocumentId),
        question,
        approvers: parsed(T, "approvers", &approvers)?,
        mode: word(T, "mode", &mode)?,
        phone_number_id: number,
        state: word(T, "state", &state)?,
        due_at: maybe_at(T, "due_at", due)?,
        decided_by: by.map(ContactId),
        decided_at: maybe_at(T, "decided_at", decided)?,
        created_at: at(T, "created_at", made)?,
    })
}

/// The columns as this caller may have them: what is asked may quote the document that it is about.
fn columns_for(access: &Access) -> String {
    if access.sees_ids() {
        return COLUMNS.to_owned();
    }
    let question = "CASE WHEN d.sensitivity <> 'open' OR d.part IS NOT NULL THEN '' ELSE a.question END";
    COLUMNS.replace("a.question", question)
}

async fn get(tx: &mut Tx, id: ApprovalId) -> Result<Option<Approval>, CatalogError> {
    let text = format!("SELECT {COLUMNS} FROM approvals a WHERE a.id = $1");
    optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), id.0)?.map(approval).transpose()
}

impl Catalog {
    /// Asks for an approval.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn ask_for_approval(
        &self,
        access: &Access,
        new: &NewApproval,
        who: &str,
    ) -> Result<Approving, CatalogError> {
        if let Some(document) = new.document
            && self.document_for(access, document).await?.is_none()
        {
            return Ok(Approving::NoDocument);
        }
        let mut tx = self.writing().await?;
        let mut cover = Cover::default();
        if let Some(document) = new.document {
            // Nobody decides it meanwhile.
            cases::hold_document_for(&mut tx, document, &new.approvers).await?;
            let known = documents::lookup(&mut tx, document).await?;
            let Some(known) = known.filter(|known| known.status == Status::InReview) else {
                return Ok(Approving::NotInReview);
            };
            let worth = Worth::of(known.kind, &known.fields);
            cover = worth.as_ref().map(Worth::cover).unwrap_or_default();
        }
        if tx.policies().is_none() {
            return Ok(Approving::NotLed);
        }
        let (ours,) = one!(
            tx,
            (i64,),
            "SELECT COUNT(*) FROM numbers WHERE phone_number_id = $1",
            new.phone_number_id.as_str()
        )?;
        if ours == 0 {
            return Ok(Approving::NoNumber);
        }
        let whom = (new.approvers.as_slice(), new.phone_number_id.as_str());
        if let Some(refused) = not_askable(&mut tx, access, whom).await? {
            return Ok(refused);
        }
        let asking = Asking {
            document: new.document,
            question: &new.question,
            approvers: &new.approvers,
            mode: new.mode,
            number: &new.phone_number_id,
            due_at: new.due_at,
            by: who,
            by_rule: false,
            cover,
        };
        let id = begin(&mut tx, &asking).await?;
        let asked = get(&mut tx, id).await?;
        tx.commit().await?;
        asked.map(|asked| Approving::Asked(Box::new(asked))).ok_or(CatalogError::Missing { what: "approval" })
    }

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

    /// Nobody is asked any more; whether anybody was.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn cancel_approval(
        &self,
        access: &Access,
        id: ApprovalId,
        who: &str,
    ) -> Result<Option<bool>, CatalogError> {
        let Some(seen) = self.approval(access, id).await? else { return Ok(None) };
        let mut tx = self.writing().await?;
        // Contacts, documents, then its row, as everywhere.
        match seen.document_id {
            Some(document) => cases::hold_document(&mut tx, document).await?,
            None => cases::hold_contacts(&mut tx, &seen.approvers).await?,
        }
        let present = micros(tx.now());
        let sql = "UPDATE approvals SET state = 'expired', decided_at = $2 WHERE id = $1 AND state = 'asked'";
        if execute!(tx, sql, id.0, present)? != 1 {
            return Ok(Some(false));
        }
        let detail = json!({ "approval_id": id });
        audit::write(&mut tx, who, "approval_cancelled", seen.document_id, &detail).await?;
        told(&mut tx, &seen, "approval.expired", &detail).await?;
        cases::close_approval(&mut tx, id).await?;
        tx.commit().await?;
        Ok(Some(true))
    }
}

/// Those of a document that exists for the caller; those of none, for whoever is not bound.
fn within(access: &Access, tx: &Tx) -> String {
    if access.is_bound() {
        format!("d.id IS NOT NULL AND {}", access.reach(tx, "d"))
    } else {
        "1 = 1".to_owned()
    }
}

/// A decision to ask for, as its row has it.
struct Asking<'a> {
    document: Option<DocumentId>,
    question: &'a str,
    approvers: &'a [ContactId],
    mode: Mode,
    number: &'a str,
    due_at: Option<OffsetDateTime>,
    by: &'a str,
    by_rule: bool,
    cover: Cover,
}

/// Asks the first of the approvers, or all; their document waits for them.
async fn begin(tx: &mut Tx, new: &Asking<'_>) -> Result<ApprovalId, CatalogError> {
    let (id, present) = (ApprovalId::generate(), micros(tx.now()));
    execute!(
        tx,
        "INSERT INTO approvals (id, document_id, state, due_at, created_at, question, approvers, mode, phone_number_id, \
         asked_by, by_rule, up_to, currency, payee) \
         VALUES ($1, $2, 'asked', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        id.0,
        new.document.map(|d| d.0),
        new.due_at.map(micros),
        present,
        cut(new.question, 900),
        to_json("approvers", &new.approvers)?,
        new.mode.as_str(),
        new.number,
        cut(new.by, 200),
        new.by_rule,
        new.cover.up_to,
        new.cover.currency.as_deref(),
        new.cover.payee.as_deref()
    )?;
    if let Some(document) = new.document {
        waits(tx, document, id).await?;
    }
    let mut detail = json!({ "approval_id": id, "approvers": new.approvers, "mode": new.mode });
    if new.by_rule {
        detail["by_rule"] = json!(true);
    }
    audit::write(tx, new.by, "approval_asked", new.document, &detail).await?;
    let first = if new.mode == Mode::Any { new.approvers.len() } else { 1 };
    for contact in new.approvers.iter().take(first) {
        cases::ask_approver(tx, id, (*contact, new.number), new.due_at).await?;
    }
    Ok(id)
}

/// Why one of the approvers cannot be asked from a number.
async fn not_askable(
    tx: &mut Tx,
    access: &Access,
    (approvers, number): (&[ContactId], &str),
) -> Result<Option<Approving>, CatalogError> {
    let text = format!(
        "SELECT COUNT(*) FROM contacts c WHERE c.id = $1 AND c.merged_into IS NULL AND {}",
        conversation::reach(access, tx)
    );
    for contact in approvers {
        let (known,) = one!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), contact.0)?;
        if known == 0 {
            return Ok(Some(Approving::NoContact(*contact)));
        }
        let word = consents::latest(tx, *contact, number, Category::Utility).await?;
        if word != Some(Word::Granted) {
            return Ok(Some(Approving::NoConsent(*contact)));
        }
    }
    Ok(None)
}

/// The document waits for its approver, who is asked now.
async fn waits(tx: &mut Tx, document: DocumentId, id: ApprovalId) -> Result<(), CatalogError> {
    waits_still(tx, document).await?;
    timeline::note(tx, document, Stage::Done, "approval_asked", json!({ "approval_id": id })).await
}

/// The document waits for its approver.
async fn waits_still(tx: &mut Tx, document: DocumentId) -> Result<(), CatalogError> {
    let present = micros(tx.now());
    execute!(
        tx,
        "UPDATE documents SET waits_for = 'approver', version = version + 1, updated_at = $2 \
         WHERE id = $1 AND status = 'in_review'",
        document.0,
        present
    )
    .map(drop)
}

/// What fits above buttons beside the words around it, characters (Meta takes 1024).
const SAID_CHARS: usize = 980;

/// How an approver sees the document that they are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Beside the words.
    InPicture,
    /// At the desk, where the words say that it is.
    AtDesk,
}

/// The picture that goes with the question of an approval, where its document has one that everybody may see.
pub(crate) async fn picture(tx: &mut Tx, id: ApprovalId) -> Result<Option<AttachmentId>, CatalogError> {
    let Some(document) = get(tx, id).await?.and_then(|approval| approval.document_id) else {
        return Ok(None);
    };
    match documents::lookup(tx, document).await? {
        Some(known) => attachments::of_document(tx, &known).await,
        None => Ok(None),
    }
}

/// What an approver is asked about, in words: of a document only what everybody may see, and no number of a tax office
/// or a bank. Of one that not everybody may see nothing is told but where at the desk it is.
pub(crate) async fn in_words(
    tx: &mut Tx,
    id: ApprovalId,
    language: Language,
    seen: Seen,
) -> Result<String, CatalogError> {
    let Some(approval) = get(tx, id).await? else { return Ok(String::new()) };
    let differs =
        by_rule::differs(tx, id).await?.map(|how| said::approval(how, language)).unwrap_or_default();
    let mut shown = String::new();
    if let Some(document) = approval.document_id
        && let Some(known) = documents::lookup(tx, document).await?
    {
        let policies = tx.policies();
        let desk = policies.as_deref().and_then(Policies::desk);
        let place = desk.map(|desk| format!("{desk}/documents/{document}"));
        let is_open = known.sensitivity == Sensitivity::Open;
        let words = if is_open {
            particulars(&known.fields, language).join(", ")
        } else {
            said::approval(Said::Withheld, language)
        };
        shown = match place.filter(|_| !is_open || seen == Seen::AtDesk) {
            Some(place) if words.is_empty() => place,
            Some(place) => format!("{words}: {place}"),
            None => words,
        };
    }
    let taken = differs.chars().count() + shown.chars().count();
    let question = cut(&approval.question, SAID_CHARS.saturating_sub(taken));
    let parts: Vec<String> = [differs, question, shown].into_iter().filter(|part| !part.is_empty()).collect();
    Ok(parts.join(". "))
}

/// Until when an approval that is still asked for counts (`None` inside: it has no end of its own). While its document is
/// read anew, or what was decided of it can be taken back, it counts for nothing.
pub(crate) async fn open_until(
    tx: &mut Tx,
    id: ApprovalId,
) -> Result<Option<Option<OffsetDateTime>>, CatalogError> {
    let present = tx.now();
    let Some(open) = get(tx, id).await?.filter(|a| a.state == ApprovalState::Asked) else { return Ok(None) };
    if let Some(document) = open.document_id {
        let known = documents::lookup(tx, document).await?;
        if known.is_none_or(|known| known.status != Status::InReview) {
            return Ok(None);
        }
        let sql = "SELECT 1 FROM holds WHERE document_id = $1";
        if optional!(tx, (i32,), sql, document.0)?.is_some() {
            return Ok(None);
        }
    }
    Ok(Some(open.due_at).filter(|due| due.is_none_or(|due| due > present)))
}

/// An approver said yes or no: whether that decides it.
pub(crate) async fn decide(
    tx: &mut Tx,
    id: ApprovalId,
    approves: bool,
    (contact, message): (ContactId, Uuid),
) -> Result<bool, CatalogError> {
    let Some(approval) = get(tx, id).await? else { return Ok(false) };
    let present = micros(tx.now());
    let state = if approves { ApprovalState::Approved } else { ApprovalState::Refused };
    let mine = execute!(
        tx,
        "UPDATE approvals SET state = $2, decided_by = $3, decided_at = $4, message_id = $5 \
         WHERE id = $1 AND state = 'asked'",
        id.0,
        state.as_str(),
        contact.0,
        present,
        message
    )?;
    if mine != 1 {
        return Ok(false);
    }
    let detail = json!({ "approval_id": id, "message_id": message, "contact_id": contact });
    let who = format!("contact:{contact}");
    audit::write(tx, &who, state.as_str(), approval.document_id, &detail).await?;
    let kind = if approves { "approval.approved" } else { "approval.refused" };
    told(tx, &approval, kind, &detail).await?;
    if let Some(document) = approval.document_id.filter(|_| approves)
        && !is_asked(tx, document).await?
    {
        by_rule::goes_on(tx, document, &who).await?;
    }
    Ok(true)
}

/// It ended: its document waits for a reviewer again, unless somebody else is asked about it, and its timeline and the feed
/// say so.
async fn told(
    tx: &mut Tx,
    approval: &Approval,
    kind: &'static str,
    detail: &serde_json::Value,
) -> Result<(), CatalogError> {
    if let Some(document) = approval.document_id {
        let present = micros(tx.now());
        execute!(
            tx,
            "UPDATE documents SET waits_for = 'reviewer', version = version + 1, updated_at = $2 \
             WHERE id = $1 AND status = 'in_review' AND waits_for = 'approver' \
               AND NOT EXISTS (SELECT 1 FROM approvals a WHERE a.document_id = documents.id AND a.state = 'asked')",
            document.0,
            present
        )?;
        let event = match kind {
            "approval.approved" => "approved_by_approver",
            "approval.refused" => "refused_by_approver",
            _ => "approval_expired",
        };
        timeline::note(tx, document, Stage::Done, event, detail.clone()).await?;
    }
    let data = json!({ "approval_id": approval.id, "document_id": approval.document_id,
        "by": detail.get("contact_id") });
    events::write(tx, &[NewEvent { kind, document: approval.document_id, data }]).await
}

/// A document is erased: nobody is asked about it any more, nor reminded, and nothing stays of what was asked. How many
/// messages.
pub(crate) async fn forget_of_document(tx: &mut Tx, document: DocumentId) -> Result<u64, CatalogError> {
    end_all(tx, document).await?;
    let mut messages = 0;
    let sql = "SELECT id FROM approvals WHERE document_id = $1 ORDER BY id";
    for (id,) in all!(tx, (Uuid,), sql, document.0)? {
        messages += cases::forget_approval(tx, ApprovalId(id)).await?;
    }
    Ok(messages)
}

/// Nobody is left who could be asked: its document is a reviewer's, and the approval stands until its time is over.
pub(crate) async fn left_to_reviewers(tx: &mut Tx, id: ApprovalId) -> Result<(), CatalogError> {
    let Some(document) = get(tx, id).await?.and_then(|approval| approval.document_id) else { return Ok(()) };
    for (asked,) in
        all!(tx, (Uuid,), "SELECT id FROM approvals WHERE document_id = $1 AND state = 'asked'", document.0)?
    {
        if cases::is_approver_asked(tx, ApprovalId(asked)).await? {
            return Ok(());
        }
    }
    let present = micros(tx.now());
    execute!(
        tx,
        "UPDATE documents SET waits_for = 'reviewer', version = version + 1, updated_at = $2 \
         WHERE id = $1 AND status = 'in_review' AND waits_for = 'approver'",
        document.0,
        present
    )
    .map(drop)
}

/// Who is asked next where the one before let the time pass; none: a person has it.
pub(crate) async fn next(
    tx: &mut Tx,
    id: ApprovalId,
) -> Result<Option<(ContactId, String, Option<OffsetDateTime>)>, CatalogError> {
    let Some(approval) = get(tx, id).await?.filter(|a| a.state == ApprovalState::Asked) else {
        return Ok(None);
    };
    let present = tx.now();
    if approval.mode != Mode::Order || approval.due_at.is_some_and(|due| due <= present) {
        return Ok(None);
    }
    let (at,) = one!(tx, (i64,), "SELECT position FROM approvals WHERE id = $1", id.0)?;
    let next = usize::try_from(at.saturating_add(1)).ok().and_then(|place| approval.approvers.get(place));
    let Some(contact) = next.copied() else { return Ok(None) };
    execute!(tx, "UPDATE approvals SET position = position + 1 WHERE id = $1", id.0)?;
    Ok(Some((contact, approval.phone_number_id, approval.due_at)))
}
