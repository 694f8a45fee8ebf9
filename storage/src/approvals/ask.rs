//! Whom an approval is asked of, and in which order: the first, or all at once; whoever lets the time pass makes way for the
//! next.

use acuse_pipeline::document::Status;
use serde_json::json;
use time::OffsetDateTime;

use super::{
    Approval, ApprovalState, Mode, get,
    worth::{Cover, Worth},
};
use crate::{
    access::Access,
    audit, cases,
    catalog::Catalog,
    consents::{self, Category, Word},
    conversation, documents,
    error::CatalogError,
    key_file::ErasedKind,
    merges,
    names::{ApprovalId, ContactId, DocumentId, Stage, cut, micros, to_json},
    sql::Tx,
    timeline,
};

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
        let approvers = merges::contacts_for(&mut tx, &new.approvers).await?;
        let new = &NewApproval { approvers, ..new.clone() };
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
}

/// A decision to ask for, as its row has it.
pub(super) struct Asking<'a> {
    pub document: Option<DocumentId>,
    pub question: &'a str,
    pub approvers: &'a [ContactId],
    pub mode: Mode,
    pub number: &'a str,
    pub due_at: Option<OffsetDateTime>,
    pub by: &'a str,
    pub by_rule: bool,
    pub cover: Cover,
}

/// Asks the first of the approvers, or all; their document waits for them.
pub(super) async fn begin(tx: &mut Tx, new: &Asking<'_>) -> Result<ApprovalId, CatalogError> {
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
pub(super) async fn not_askable(
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
pub(super) async fn waits_still(tx: &mut Tx, document: DocumentId) -> Result<(), CatalogError> {
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
    // Whoever turned out to be somebody else since taps as that one.
    let contact = ContactId(merges::stands_for(tx, ErasedKind::Contact, contact.0).await?);
    Ok(Some((contact, approval.phone_number_id, approval.due_at)))
}
