//! Approvals that are asked for because a document comes to so much ([`acuse_conversation::House`]). Nothing of that sum is
//! filed before somebody approved it: not by itself, and not by a reviewer; nor is what somebody asked an approver about.
//! Where nobody can be asked, or all let the time pass, a person decides.

use acuse_conversation::{Approve, said::Approval as Said};
use acuse_pipeline::reason::{Reason, ReasonCode};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    ApprovalState, Mode,
    ask::{Asking, begin, not_askable, waits_still},
    changed::is_asked,
    worth::{Cover, Worth},
};
use crate::{
    access::Access,
    cases,
    catalog::Catalog,
    documents::{self, Document},
    error::CatalogError,
    events, house, incidents,
    names::{ApprovalId, ContactId, DocumentId, ReviewId, Stage, json as parsed, maybe_at, micros, word},
    reviews::four_eyes,
    sql::Tx,
    stages::push_stage,
    timeline,
};

/// Nobody whom a rule names can be asked.
pub const UNASKED: &str = "approval_unasked";
/// The particular of a reason that says that an approval is waited for, and nothing else.
const FLAG: &str = "approval";

/// Why a document waits that nothing else is wrong with.
#[must_use]
pub fn reason() -> Reason {
    let message = "It comes to more than is filed without an approval.";
    Reason::new(ReasonCode::LowConfidence, message).with(FLAG, true)
}

/// Whether an approval is all that a document waits for.
pub(crate) fn is_all(reasons: &[Reason]) -> bool {
    !reasons.is_empty()
        && reasons.iter().all(|reason| reason.detail.get(FLAG).is_some_and(|flag| flag == true))
}

/// How the approvals of a document stand.
enum Standing {
    /// Nothing is in the way.
    Clear,
    /// Somebody is asked.
    Asked,
    /// Somebody is to be asked, by this rule.
    Missing(Approve),
}

async fn standing(
    tx: &mut Tx,
    document: DocumentId,
    worth: Option<&Worth>,
) -> Result<Standing, CatalogError> {
    if tx.policies().is_none() {
        return Ok(Standing::Clear);
    }
    if is_asked(tx, document).await? {
        return Ok(Standing::Asked);
    }
    let Some(worth) = worth else { return Ok(Standing::Clear) };
    let house = house::rules(tx).await?;
    let Some(rule) = house.approval_of(worth.kind, &worth.sum) else { return Ok(Standing::Clear) };
    type Row = (Uuid, String, Option<i64>, Option<i64>, Option<i64>, Option<String>, Option<String>);
    let sql = "SELECT id, state, due_at, left_at, up_to, currency, payee FROM approvals \
         WHERE document_id = $1 AND by_rule ORDER BY created_at DESC, id DESC LIMIT 50";
    let present = tx.now();
    let mut latest = None;
    for (id, state, due, left, up_to, currency, payee) in all!(tx, Row, sql, document.0)? {
        let state: ApprovalState = word("approvals", "state", &state)?;
        let due: Option<OffsetDateTime> = maybe_at("approvals", "due_at", due)?;
        // Of a smaller sum, or of what somebody else is paid, nobody said anything of this one.
        if !(Cover { up_to, currency, payee }).is_of(Some(worth)) {
            continue;
        }
        if state == ApprovalState::Approved {
            return Ok(Standing::Clear);
        }
        if latest.is_none() {
            let is_over = state == ApprovalState::Expired
                || due.is_some_and(|due| due <= present)
                // Of whoever cannot be reached, or has let all reminders pass, nobody waits for a word.
                || left.is_some()
                || !cases::can_approver_answer(tx, ApprovalId(id)).await?;
            latest = Some((state, is_over));
        }
    }
    Ok(match latest {
        // They let the time pass: the last that is asked is a person at the desk.
        Some((ApprovalState::Asked | ApprovalState::Expired, true)) => Standing::Clear,
        Some((ApprovalState::Asked, false)) => Standing::Asked,
        // Refused, and somebody insists: it is asked anew.
        _ => Standing::Missing(rule.clone()),
    })
}

/// How what is asked differs from what was approved of the same document for as much: in whom it is paid to, or in its
/// currency.
pub(super) async fn differs(tx: &mut Tx, id: ApprovalId) -> Result<Option<Said<'static>>, CatalogError> {
    let rows = all!(
        tx,
        (String, Option<String>),
        "SELECT p.payee, a.payee FROM approvals a JOIN approvals p ON p.document_id = a.document_id AND p.id <> a.id \
         WHERE a.id = $1 AND a.by_rule AND p.by_rule AND p.state = 'approved' AND p.up_to >= a.up_to \
           AND p.payee IS NOT NULL LIMIT 50",
        id.0
    )?;
    let is_of_same = rows.iter().any(|(approved, asked)| Some(approved) == asked.as_ref());
    let how = if is_of_same { Said::OtherCurrency } else { Said::OtherPayee };
    Ok((!rows.is_empty()).then_some(how))
}

/// Who is asked by a rule: those of its phone numbers that are somebody's.
async fn approvers(tx: &mut Tx, rule: &Approve) -> Result<Vec<ContactId>, CatalogError> {
    let mut found = Vec::new();
    for phone in &rule.approvers {
        let row = optional!(
            tx,
            (Uuid,),
            "SELECT c.id FROM contacts c WHERE c.merged_into IS NULL AND (c.phone = $1 OR c.id IN \
               (SELECT a.contact_id FROM contact_aliases a WHERE a.kind = 'wa_id' AND a.value = $1)) ORDER BY c.id LIMIT 1",
            phone.as_str()
        )?;
        let Some((id,)) = row else { continue };
        let whom = [ContactId(id)];
        let refused = not_askable(tx, &Access::whole(), (&whom, &rule.number)).await?;
        if refused.is_none() && !found.contains(&whom[0]) {
            found.push(whom[0]);
        }
    }
    Ok(found)
}

/// Asks by a rule; whether anybody could be asked.
async fn ask(tx: &mut Tx, document: DocumentId, worth: &Worth, rule: &Approve) -> Result<bool, CatalogError> {
    let (ours,) =
        one!(tx, (i64,), "SELECT COUNT(*) FROM numbers WHERE phone_number_id = $1", rule.number.as_str())?;
    let whom = if ours == 0 { Vec::new() } else { approvers(tx, rule).await? };
    let present = tx.now();
    if whom.is_empty() {
        let detail = json!({ "document_id": document, "phone_number_id": rule.number });
        incidents::open(tx, UNASKED, &document.to_string(), &detail, 1, present).await?;
        return Ok(false);
    }
    let asking = Asking {
        document: Some(document),
        question: "",
        approvers: &whom,
        mode: if rule.any { Mode::Any } else { Mode::Order },
        number: &rule.number,
        due_at: Some(present.saturating_add(rule.lasts)),
        by: "rule",
        by_rule: true,
        cover: worth.cover(),
    };
    begin(tx, &asking).await?;
    Ok(true)
}

/// Whether an approval stands between a document in review and its being filed; it is asked for now, where nobody was.
pub(crate) async fn holds_back(
    tx: &mut Tx,
    document: DocumentId,
    worth: Option<&Worth>,
) -> Result<bool, CatalogError> {
    match standing(tx, document, worth).await? {
        Standing::Clear => Ok(false),
        Standing::Asked => {
            waits_still(tx, document).await?;
            Ok(true)
        }
        Standing::Missing(rule) => match worth {
            Some(worth) => ask(tx, document, worth, &rule).await,
            None => Ok(false),
        },
    }
}

/// Whether an approval is missing for what a document at rest is to be; nobody is asked.
pub(crate) async fn is_missing(
    tx: &mut Tx,
    document: DocumentId,
    worth: Option<&Worth>,
) -> Result<bool, CatalogError> {
    Ok(!matches!(standing(tx, document, worth).await?, Standing::Clear))
}

/// A document that waited for nothing else was approved: it goes on to be filed, unless a person has it in hand. Whether it
/// did.
pub(super) async fn goes_on(tx: &mut Tx, document: DocumentId, who: &str) -> Result<bool, CatalogError> {
    let row = optional!(
        tx,
        (Uuid, String),
        "SELECT id, reasons FROM reviews WHERE document_id = $1 AND resolved_at IS NULL",
        document.0
    )?;
    let Some((review, reasons)) = row else { return Ok(false) };
    if !is_all(&parsed::<Vec<Reason>>("reviews", "reasons", &reasons)?) {
        return Ok(false);
    }
    let present = micros(tx.now());
    // Before its review, as everywhere.
    documents::hold(tx, document).await?;
    // What one person said and another is to say, too, is not done by an approver's word.
    if four_eyes::waits_for_another(tx, document).await? {
        return Ok(false);
    }
    let mine = execute!(
        tx,
        "UPDATE reviews SET resolved_at = $3, resolved_by = $2, resolution = 'approved' WHERE id = $1 \
         AND resolved_at IS NULL AND (claimed_by IS NULL OR claim_expires_at <= $3)",
        review,
        who,
        present
    )?;
    if mine != 1 {
        return Ok(false);
    }
    execute!(
        tx,
        "UPDATE documents SET status = 'processing', stage = 'link', waits_for = NULL, reasons = '[]', \
         awaits_customer = FALSE, attempts = 0, next_attempt_at = NULL, version = version + 1, updated_at = $2 \
         WHERE id = $1 AND status = 'in_review'",
        document.0,
        present
    )?;
    push_stage(tx, document, Stage::Link, None).await?;
    let detail = json!({ "review_id": ReviewId(review), "by": who, "resolution": "approved" });
    timeline::note(tx, document, Stage::Done, "approved", detail.clone()).await?;
    events::tell(tx, "document.processing", document, detail).await?;
    Ok(true)
}

impl Catalog {
    /// Whether a document that nothing is wrong with comes to so much that it is not filed without an approval, or is asked
    /// about by somebody still.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn needs_approval(&self, document: &Document) -> Result<bool, CatalogError> {
        let worth = Worth::of(document.kind, &document.fields);
        let mut tx = self.reading().await?;
        is_missing(&mut tx, document.id, worth.as_ref()).await
    }
}
