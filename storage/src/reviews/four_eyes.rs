//! Four eyes: what a rule names is done only when two persons say the same of it, the second blind to the first. What they
//! say differently is shown to a third, who settles it; where there are only two, either takes the other's answer.

use std::collections::BTreeMap;

use acuse_pipeline::{
    document::Kind,
    fields::{FieldName, Fields, Value},
    reason::ReasonCode,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Deciding, Decision};
use crate::{
    audit,
    catalog::Catalog,
    documents::{Amount, Document},
    error::CatalogError,
    names::{CustomerId, DocumentId, ReviewId, Stage, at, json, micros, number, to_json, word},
    sql::Tx,
    timeline,
};

/// What is asked of two persons. What is none is any.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scope {
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// Only what waits with this reason.
    pub reason: Option<ReasonCode>,
    /// Only this customer's.
    pub customer_id: Option<CustomerId>,
    /// Only in this currency.
    pub currency: Option<String>,
    /// Only with a total of this or more, whatever its sign.
    pub amount_from: Option<Amount>,
}

/// A rule that stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Which.
    pub id: Uuid,
    /// What it is about.
    pub scope: Scope,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: OffsetDateTime,
}

/// Too few people decide for a rule to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooFew {
    /// How many there are.
    pub deciding: u64,
}

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

impl Scope {
    /// Whether it is about something of this kind, these values and this customer.
    fn is_about(
        &self,
        kind: Option<Kind>,
        fields: &BTreeMap<FieldName, Value>,
        customer: Option<CustomerId>,
        reasons: &[ReasonCode],
    ) -> bool {
        let text = |name| fields.get(&name).map(Value::as_str);
        let amount = text(FieldName::Total).and_then(|t| t.parse::<Amount>().ok()).map(|a| a.0.abs());
        let same = |code: &String| text(FieldName::Currency).is_some_and(|c| c.eq_ignore_ascii_case(code));
        self.kind.is_none_or(|k| Some(k) == kind)
            && self.reason.is_none_or(|reason| reasons.contains(&reason))
            && self.customer_id.is_none_or(|c| Some(c) == customer)
            && self.currency.as_ref().is_none_or(same)
            && self.amount_from.is_none_or(|least| amount.is_some_and(|a| a >= least.0))
    }

    /// Whether a decision on a document needs two: by what it says now, or by what it is to say. Otherwise a rule would be
    /// evaded by changing what it goes by.
    fn is_about_either(&self, document: &Document, answer: &Answer) -> bool {
        let reasons: Vec<ReasonCode> = document.reasons.iter().map(|r| r.code).collect();
        self.is_about(document.kind, &values(&document.fields), document.customer_id, &reasons)
            || self.is_about(answer.kind, &answer.fields, answer.customer_id, &reasons)
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

/// People who may decide.
const DECIDING: &str = "SELECT COUNT(*) FROM users u WHERE u.disabled_at IS NULL \
     AND u.role IN ('reviewer', 'supervisor', 'admin')";

async fn deciding(tx: &mut Tx) -> Result<u64, CatalogError> {
    let (count,) = one!(tx, (i64,), DECIDING)?;
    number("users", "role", count)
}

type RuleRow = (Uuid, Option<String>, Option<String>, Option<Uuid>, Option<String>, Option<i64>, String, i64);

fn rule(row: RuleRow) -> Result<Rule, CatalogError> {
    const T: &str = "four_eyes_rules";
    let (id, kind, reason, customer, currency, amount, created_by, created) = row;
    Ok(Rule {
        id,
        scope: Scope {
            kind: kind.map(|k| word(T, "kind", &k)).transpose()?,
            reason: reason.map(|r| word(T, "reason", &r)).transpose()?,
            customer_id: customer.map(CustomerId),
            currency,
            amount_from: amount.map(Amount),
        },
        created_by,
        created_at: at(T, "created_at", created)?,
    })
}

async fn rules(tx: &mut Tx) -> Result<Vec<Rule>, CatalogError> {
    let rows = all!(
        tx,
        RuleRow,
        "SELECT id, kind, reason, customer_id, currency, amount_from, created_by, created_at \
         FROM four_eyes_rules WHERE ended_at IS NULL ORDER BY created_at LIMIT 200"
    )?;
    rows.into_iter().map(rule).collect()
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
    /// The rules that stand.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn four_eyes_rules(&self) -> Result<Vec<Rule>, CatalogError> {
        let mut tx = self.reading().await?;
        rules(&mut tx).await
    }

    /// Makes a rule, unless too few people decide to keep it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn make_four_eyes_rule(
        &self,
        scope: &Scope,
        who: &str,
    ) -> Result<Result<Uuid, TooFew>, CatalogError> {
        let mut tx = self.writing().await?;
        let deciding = deciding(&mut tx).await?;
        if deciding < 2 {
            return Ok(Err(TooFew { deciding }));
        }
        let (id, present) = (Uuid::now_v7(), micros(tx.now()));
        execute!(
            tx,
            "INSERT INTO four_eyes_rules (id, kind, reason, customer_id, currency, amount_from, created_by, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            id,
            scope.kind.map(Kind::as_str),
            scope.reason.map(ReasonCode::as_str),
            scope.customer_id.map(|c| c.0),
            scope.currency.as_deref(),
            scope.amount_from.map(|a| a.0),
            who,
            present
        )?;
        audit::write(&mut tx, who, "four_eyes_rule_made", None, &said_of(id, scope)).await?;
        tx.commit().await?;
        Ok(Ok(id))
    }

    /// Ends a rule; whether it stood. What waits for a second person goes on waiting.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_four_eyes_rule(&self, id: Uuid, who: &str) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let present = micros(tx.now());
        let ended = execute!(
            tx,
            "UPDATE four_eyes_rules SET ended_by = $2, ended_at = $3 WHERE id = $1 AND ended_at IS NULL",
            id,
            who,
            present
        )?;
        audit::write(&mut tx, who, "four_eyes_rule_ended", None, &json!({ "rule": id })).await?;
        tx.commit().await?;
        Ok(ended == 1)
    }

    /// Who has said something of a document, in their order; what they said is for whoever settles a difference.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn opinions_of(&self, document: DocumentId) -> Result<Vec<Opinion>, CatalogError> {
        let mut tx = self.reading().await?;
        opinions(&mut tx, document).await
    }
}

fn said_of(id: Uuid, scope: &Scope) -> serde_json::Value {
    json!({
        "rule": id, "kind": scope.kind, "reason": scope.reason, "customer_id": scope.customer_id,
        "currency": scope.currency, "amount_from": scope.amount_from.map(|a| a.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(total: &str) -> BTreeMap<FieldName, Value> {
        [(FieldName::Total, total.into()), (FieldName::Currency, "EUR".into())].into()
    }

    #[test]
    fn a_rule_is_about_what_it_names() {
        let scope = Scope {
            kind: Some(Kind::Invoice),
            currency: Some("eur".into()),
            amount_from: Some("1000".parse().unwrap()),
            ..Scope::default()
        };
        let about = |kind, total: &str| scope.is_about(Some(kind), &said(total), None, &[]);
        assert!(about(Kind::Invoice, "1000.00") && about(Kind::Invoice, "-2000.00"), "a credit note too");
        assert!(!about(Kind::Invoice, "999.99") && !about(Kind::Receipt, "1000.00"));
        let reason = Scope { reason: Some(ReasonCode::Malware), ..Scope::default() };
        assert!(!reason.is_about(None, &said("1"), None, &[ReasonCode::Expired]));
        assert!(Scope::default().is_about(None, &BTreeMap::new(), None, &[]), "an empty one is about all");
    }
}
