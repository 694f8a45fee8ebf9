//! Four eyes: what a rule names is done only when two persons say the same of it, the second blind to the first. What they
//! say differently is shown to a third, who settles it; where there are only two, either takes the other's answer.

mod rules;

use std::collections::BTreeMap;

use acuse_pipeline::{
    document::Kind,
    fields::{FieldName, Fields, Value},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use rules::{Rule, Scope, TooFew};
use rules::{deciding, rules};

use super::{Deciding, Decision};
use crate::{
    audit,
    catalog::Catalog,
    documents::Document,
    error::CatalogError,
    names::{CustomerId, DocumentId, ReviewId, Stage, json, micros, to_json},
    sql::Tx,
    timeline,
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
    Ok(rules(tx).await?.iter().any(|rule| rule.scope.is_about_either(document, &answer)))
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
    if known.is_empty() && !rules(tx).await?.iter().any(|rule| rule.scope.is_about_either(document, &answer))
    {
        return Ok(Said::Enough);
    }
    // It was settled before, and waited for something else since.
    if is_settled(&known, &answer) {
        return Ok(Said::Enough);
    }
    let own = known.iter().position(|o| o.person == by.who);
    let waits_for = match (known.as_slice(), own) {
        ([], _) => {
            keep(tx, document.id, 1, by.who, &answer).await?;
            "second_reviewer"
        }
        ([first], None) => {
            keep(tx, document.id, 2, by.who, &answer).await?;
            if first.answer == answer {
                return Ok(Said::Enough);
            }
            "approver"
        }
        ([_], Some(_)) => return Ok(Said::Own),
        // A third settles it.
        (_, None) => {
            keep(tx, document.id, 3, by.who, &answer).await?;
            return Ok(Said::Enough);
        }
        // The two that there are settle it between them: whoever takes the other's answer.
        ([a, b, ..], Some(own)) => {
            if deciding(tx).await? > 2 {
                return Ok(Said::Own);
            }
            let other = if own == 0 { b } else { a };
            if other.answer == answer {
                return Ok(Said::Enough);
            }
            change(tx, document.id, by.who, &answer).await?;
            "approver"
        }
    };
    wait_for(tx, review, document, by.who, waits_for).await?;
    Ok(Said::NotEnough)
}

/// Whether two have said just this, or a third who settled it.
fn is_settled(known: &[Opinion], answer: &Answer) -> bool {
    let alike = known.iter().filter(|opinion| opinion.answer == *answer).count();
    alike > 1 || known.get(2).is_some_and(|third| third.answer == *answer)
}

async fn keep(
    tx: &mut Tx,
    document: DocumentId,
    nth: i64,
    who: &str,
    answer: &Answer,
) -> Result<(), CatalogError> {
    let present = micros(tx.now());
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

/// The document waits for somebody else's answer.
async fn wait_for(
    tx: &mut Tx,
    review: ReviewId,
    document: &Document,
    who: &str,
    waits_for: &str,
) -> Result<(), CatalogError> {
    let present = micros(tx.now());
    execute!(
        tx,
        "UPDATE documents SET waits_for = $2, updated_at = $3 WHERE id = $1",
        document.id.0,
        waits_for,
        present
    )?;
    execute!(tx, "DELETE FROM drafts WHERE document_id = $1 AND person = $2", document.id.0, who)?;
    open_again(tx, review, document.id, who, waits_for).await
}

/// Opens the review again, free for others: somebody answered, and somebody else is waited for. What was said is told
/// nobody.
pub(super) async fn open_again(
    tx: &mut Tx,
    review: ReviewId,
    document: DocumentId,
    who: &str,
    waits_for: &str,
) -> Result<(), CatalogError> {
    execute!(
        tx,
        "UPDATE reviews SET resolved_at = NULL, resolved_by = NULL, resolution = NULL, note = NULL, claimed_by = NULL, \
         claim_expires_at = NULL, reserved = FALSE, handed_to = NULL, postponed_until = NULL, fence = fence + 1 \
         WHERE id = $1",
        review.0
    )?;
    let detail = json!({ "review_id": review, "by": who, "waits_for": waits_for });
    audit::write(tx, who, "answered", Some(document), &detail).await?;
    timeline::note(tx, document, Stage::Done, "answered", detail).await
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
}
