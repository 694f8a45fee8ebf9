//! Four eyes: what a rule names is done only when two persons say the same of it, the second blind to the first. What they
//! say differently is shown to a third, who settles it; where there are only two, either takes the other's answer. Only
//! whoever signed in is a person: of a key nobody knows who uses it, and who gave one answer at the desk could give the other
//! with it. What is said otherwise once it was settled begins anew.

mod rules;

use std::collections::BTreeMap;

use acuse_pipeline::{
    document::Kind,
    fields::{FieldName, Fields, Value},
    reason::ReasonCode,
};
use serde::{Deserialize, Serialize};

pub(crate) use rules::rules_by_keeping;
use rules::{Deciders, rules};
pub use rules::{Rule, Scope, TooFew};

use super::{
    Deciding, Decision,
    answered::{Answered, Next, note, open_again},
    drafts,
    hold::{self, Was},
};
use crate::{
    catalog::Catalog,
    documents::Document,
    error::CatalogError,
    names::{CustomerId, DocumentId, ReviewId, WaitsFor, json, micros, to_json, word},
    sql::Tx,
};

/// What somebody said of a document, in the terms in which two answers are the same or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Refused.
    pub rejects: bool,
    /// Another one come again.
    pub duplicate_of: Option<DocumentId>,
    /// What it is.
    pub kind: Option<Kind>,
    /// What it says.
    pub fields: BTreeMap<FieldName, Value>,
    /// Whose it is.
    pub customer_id: Option<CustomerId>,
}

/// An answer, and who gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct Opinion {
    /// As the audit trail names them.
    pub person: String,
    /// What they said.
    pub answer: Answer,
}

fn values(fields: &Fields) -> BTreeMap<FieldName, Value> {
    fields.iter().map(|(name, field)| (*name, field.value.clone())).collect()
}

impl Answer {
    /// What a decision says; none where it ends nothing, so that nobody else need be asked.
    fn of(document: &Document, by: &Deciding<'_>, decision: &Decision) -> Option<Self> {
        let whose = |said: Option<CustomerId>| match (said, by.without_customer) {
            (Some(customer), _) => Some(customer),
            (None, true) => None,
            (None, false) => document.customer_id,
        };
        let none = Self {
            rejects: false,
            duplicate_of: None,
            kind: None,
            fields: BTreeMap::new(),
            customer_id: None,
        };
        match decision {
            Decision::Approve { customer_id } => Some(Self {
                kind: document.kind,
                fields: values(&document.fields),
                customer_id: whose(*customer_id),
                ..none
            }),
            Decision::Correct { kind, fields, customer_id } => Some(Self {
                kind: kind.or(document.kind),
                fields: values(fields),
                customer_id: whose(*customer_id),
                ..none
            }),
            Decision::Reject { .. } => Some(Self { rejects: true, ..none }),
            Decision::Duplicate { of, .. } => Some(Self { duplicate_of: Some(*of), ..none }),
            Decision::AskAgain { .. } | Decision::Retry { .. } | Decision::Split { .. } => None,
        }
    }
}

/// Whether what was said is enough.
pub(super) enum Said {
    /// It is done.
    Enough,
    /// It is kept, and somebody else is asked.
    NotEnough,
    /// They have said it already.
    Own,
    /// They are no person, and say nothing.
    Nobodys,
}

/// Whether somebody signed in as this, and is who they are whatever else they use.
fn is_person(who: &str) -> bool {
    who.starts_with("user:")
}

async fn opinions(tx: &mut Tx, document: DocumentId) -> Result<Vec<Opinion>, CatalogError> {
    let rows = all!(
        tx,
        (String, String),
        "SELECT person, answer FROM opinions WHERE document_id = $1 ORDER BY nth",
        document.0
    )?;
    rows.into_iter()
        .map(|(person, answer)| Ok(Opinion { person, answer: json("opinions", "answer", &answer)? }))
        .collect()
}

/// Whether a decision on this document would need another person's.
pub(super) async fn needs_another(
    tx: &mut Tx,
    document: &Document,
    by: &Deciding<'_>,
    decision: &Decision,
) -> Result<bool, CatalogError> {
    let Some(answer) = Answer::of(document, by, decision) else { return Ok(false) };
    is_ruled(tx, document, &answer).await
}

/// Whether a rule that stands is about a document, as it is or as it would be.
async fn is_ruled(tx: &mut Tx, document: &Document, answer: &Answer) -> Result<bool, CatalogError> {
    let standing = rules(tx).await?;
    if standing.is_empty() {
        return Ok(false);
    }
    let reasons = waited_for(tx, document).await?;
    Ok(standing.iter().any(|rule| rule.scope.is_about_either(document, answer, &reasons)))
}

/// Why a document waits, and why it waited when somebody decided it: at rest nothing of that stands on it any more, and one
/// alone could change what two had to say alike.
async fn waited_for(tx: &mut Tx, document: &Document) -> Result<Vec<ReasonCode>, CatalogError> {
    let before = all!(
        tx,
        (String,),
        "SELECT DISTINCT x.code FROM review_reasons x JOIN reviews r ON r.id = x.review_id \
         WHERE r.document_id = $1 AND r.resolution IN ('approved', 'corrected', 'rejected', 'duplicate')",
        document.id.0
    )?;
    let before = before.into_iter().map(|(code,)| word("review_reasons", "code", &code));
    document.reasons.iter().map(|reason| Ok(reason.code)).chain(before).collect()
}

/// Whether a document that waits is one of which two persons must say the same, as it stands or as it would be, or of which
/// one has answered.
pub(super) async fn is_for_two(
    tx: &mut Tx,
    document: &Document,
    by: &Deciding<'_>,
    decision: &Decision,
) -> Result<bool, CatalogError> {
    Ok(!opinions(tx, document.id).await?.is_empty() || needs_another(tx, document, by, decision).await?)
}

/// Hears what somebody says of a document in the transaction that closed its review. Where it is not enough the review is
/// open again, for others.
pub(super) async fn said(
    tx: &mut Tx,
    review: ReviewId,
    document: &Document,
    by: &Deciding<'_>,
    decision: &Decision,
) -> Result<Said, CatalogError> {
    let Some(answer) = Answer::of(document, by, decision) else { return Ok(Said::Enough) };
    let known = opinions(tx, document.id).await?;
    // Once somebody was asked, the second is needed whatever became of the rule.
    if known.is_empty() && !is_ruled(tx, document, &answer).await? {
        return Ok(Said::Enough);
    }
    // It was settled before, and waited for something else since.
    if is_settled(&known, Some(&answer)) {
        return Ok(Said::Enough);
    }
    if !is_person(by.who) {
        return Ok(Said::Nobodys);
    }
    let known = if is_settled(&known, None) { forget(tx, document.id).await? } else { known };
    let own = known.iter().position(|o| o.person == by.who);
    let waits_for = match (known.as_slice(), own) {
        ([], _) => {
            keep(tx, document.id, by.who, &answer).await?;
            "second_reviewer"
        }
        ([first], None) => {
            keep(tx, document.id, by.who, &answer).await?;
            if first.answer == answer {
                return Ok(Said::Enough);
            }
            "approver"
        }
        ([_], Some(_)) => return Ok(Said::Own),
        // A third settles it.
        (_, None) => {
            keep(tx, document.id, by.who, &answer).await?;
            return Ok(Said::Enough);
        }
        // The two that there are settle it between them: whoever takes the other's answer.
        ([a, b, ..], Some(own)) => {
            if Deciders::now(tx).await?.on(document) > 2 {
                return Ok(Said::Own);
            }
            change(tx, document.id, by.who, &answer).await?;
            let other = if own == 0 { b } else { a };
            if other.answer == answer {
                return Ok(Said::Enough);
            }
            "approver"
        }
    };
    wait_for(tx, review, document, by, waits_for).await?;
    Ok(Said::NotEnough)
}

/// Whether two have said the same, or a third has settled it; with an answer, whether as just this.
fn is_settled(known: &[Opinion], answer: Option<&Answer>) -> bool {
    let settled = match known {
        [_, _, third, ..] => Some(&third.answer),
        [first, second] if first.answer == second.answer => Some(&first.answer),
        _ => None,
    };
    settled.is_some_and(|settled| answer.is_none_or(|answer| answer == settled))
}

/// Whether somebody has said something of a document that is not settled: another person is waited for.
pub(crate) async fn waits_for_another(tx: &mut Tx, document: DocumentId) -> Result<bool, CatalogError> {
    let known = opinions(tx, document).await?;
    Ok(!known.is_empty() && !is_settled(&known, None))
}

/// For whom a document waits that no approver is waited for any more: what persons have said of it stands.
pub(crate) async fn waits_for(tx: &mut Tx, document: DocumentId) -> Result<&'static str, CatalogError> {
    let known = opinions(tx, document).await?;
    Ok(match known.as_slice() {
        known if known.is_empty() || is_settled(known, None) => "reviewer",
        [_] => "second_reviewer",
        // They differ.
        _ => "approver",
    })
}

/// What was settled counts no more; nothing is known any more.
async fn forget(tx: &mut Tx, document: DocumentId) -> Result<Vec<Opinion>, CatalogError> {
    execute!(tx, "DELETE FROM opinions WHERE document_id = $1", document.0)?;
    Ok(Vec::new())
}

/// An answer in the first place that is free: one that was taken back leaves its own. Whoever calls holds the document.
async fn keep(tx: &mut Tx, document: DocumentId, who: &str, answer: &Answer) -> Result<(), CatalogError> {
    let present = micros(tx.now());
    let taken = all!(tx, (i64,), "SELECT nth FROM opinions WHERE document_id = $1", document.0)?;
    let free = (1..=3).find(|nth| !taken.contains(&(*nth,)));
    let nth: i64 = free.ok_or(CatalogError::Missing { what: "place for an answer" })?;
    execute!(
        tx,
        "INSERT INTO opinions (document_id, nth, person, answer, given_at) VALUES ($1, $2, $3, $4, $5)",
        document.0,
        nth,
        who,
        to_json("an answer", answer)?,
        present
    )
    .map(drop)
}

async fn change(tx: &mut Tx, document: DocumentId, who: &str, answer: &Answer) -> Result<(), CatalogError> {
    let present = micros(tx.now());
    execute!(
        tx,
        "UPDATE opinions SET answer = $3, given_at = $4 WHERE document_id = $1 AND person = $2",
        document.0,
        who,
        to_json("an answer", answer)?,
        present
    )
    .map(drop)
}

/// The document waits for somebody else's answer: from now on, or once this one can no longer be taken back.
async fn wait_for(
    tx: &mut Tx,
    review: ReviewId,
    document: &Document,
    by: &Deciding<'_>,
    waits_for: &str,
) -> Result<(), CatalogError> {
    let was = Was::of(tx, document).await?;
    let present = micros(tx.now());
    execute!(
        tx,
        "UPDATE documents SET waits_for = $2, updated_at = $3 WHERE id = $1",
        document.id.0,
        waits_for,
        present
    )?;
    note(tx, review, document.id, by.who, waits_for).await?;
    let Some(until) = by.held_until else {
        drafts::discard(tx, document.id, by.who).await?;
        return open_again(tx, review).await;
    };
    let answered = Answered::new(review, by, Next::Person).alone();
    hold::hold(tx, review, (by.who, until), &was, (document.id, document.version), &answered).await
}

impl Catalog {
    /// Who has said something of a document, in their order; what they said is for whoever settles a difference.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn opinions_of(&self, document: DocumentId) -> Result<Vec<Opinion>, CatalogError> {
        let mut tx = self.reading().await?;
        opinions(&mut tx, document).await
    }

    /// Whether a document that waits is for others than this person, as the audit trail names them: they have answered, and it
    /// is not for the two that there are to settle. As the queue has it, which gives it to them as the next no more.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn is_for_others(&self, document: &Document, person: &str) -> Result<bool, CatalogError> {
        let differs = match document.waits_for {
            Some(WaitsFor::SecondReviewer) => false,
            Some(WaitsFor::Approver) => true,
            _ => return Ok(false),
        };
        let mut tx = self.reading().await?;
        if opinions(&mut tx, document.id).await?.iter().all(|opinion| opinion.person != person) {
            return Ok(false);
        }
        Ok(!differs || Deciders::now(&mut tx).await?.on(document) > 2)
    }
}
