//! Which documents two persons must say the same of.

use std::collections::BTreeMap;

use acuse_pipeline::{
    document::Kind,
    fields::{FieldName, Value},
    reason::ReasonCode,
};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Answer, values};
use crate::{
    access::Access,
    audit,
    catalog::Catalog,
    documents::{Amount, Document},
    error::CatalogError,
    names::{CustomerId, at, micros, number, word},
    sql::Tx,
    users,
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
    /// Whether what the rule names may be an ID, so that only who sees IDs was counted.
    pub of_ids: bool,
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

    /// Whether it may name what only who sees IDs can open: an ID, or anything at all.
    fn is_of_ids(&self) -> bool {
        self.kind.is_none_or(|kind| kind == Kind::Id)
    }

    /// Whether a decision on a document that waits or waited for these reasons needs two: by what it says now, or by what it is
    /// to say. Otherwise a rule would be evaded by changing what it goes by.
    pub(super) fn is_about_either(
        &self,
        document: &Document,
        answer: &Answer,
        reasons: &[ReasonCode],
    ) -> bool {
        self.is_about(document.kind, &values(&document.fields), document.customer_id, reasons)
            || self.is_about(answer.kind, &answer.fields, answer.customer_id, reasons)
    }
}

/// So many must be able to decide what a rule names.
const TWO: u64 = 2;

/// How many people decide whatever comes; who is bound does not reach all of it.
#[derive(Clone, Copy)]
pub(super) struct Deciders {
    all: u64,
    see_ids: u64,
}

impl Deciders {
    pub(super) async fn now(tx: &mut Tx) -> Result<Self, CatalogError> {
        let text = format!(
            "SELECT COUNT(*), COUNT(CASE WHEN u.sees_ids THEN 1 END) FROM users u WHERE {}",
            users::decides()
        );
        let (all, see_ids) = one!(tx, (i64, i64), sqlx::AssertSqlSafe(text.clone()))?;
        Ok(Self { all: number("users", "role", all)?, see_ids: number("users", "sees_ids", see_ids)? })
    }

    /// Those who could decide this document.
    pub(super) fn on(self, document: &Document) -> u64 {
        if Access::new(false).withholds(document.sensitivity) { self.see_ids } else { self.all }
    }

    /// Those who could decide all that a rule names.
    fn on_all(self, scope: &Scope) -> u64 {
        if scope.is_of_ids() { self.see_ids } else { self.all }
    }
}

/// How many of the rules that stand two people could keep, and how many they could not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ByKeeping {
    pub(crate) kept: usize,
    pub(crate) left: usize,
}

/// The rules that stand, counted by whether two people could keep them.
pub(crate) async fn rules_by_keeping(tx: &mut Tx) -> Result<ByKeeping, CatalogError> {
    let standing = rules(tx).await?;
    if standing.is_empty() {
        return Ok(ByKeeping { kept: 0, left: 0 });
    }
    let deciding = Deciders::now(tx).await?;
    let kept = standing.iter().filter(|rule| deciding.on_all(&rule.scope) >= TWO).count();
    Ok(ByKeeping { kept, left: standing.len() - kept })
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

pub(super) async fn rules(tx: &mut Tx) -> Result<Vec<Rule>, CatalogError> {
    let rows = all!(
        tx,
        RuleRow,
        "SELECT id, kind, reason, customer_id, currency, amount_from, created_by, created_at \
         FROM four_eyes_rules WHERE ended_at IS NULL ORDER BY created_at LIMIT 200"
    )?;
    rows.into_iter().map(rule).collect()
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

    /// How many of the rules that stand fewer than two people could keep.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn four_eyes_left(&self) -> Result<usize, CatalogError> {
        let mut tx = self.reading().await?;
        Ok(rules_by_keeping(&mut tx).await?.left)
    }

    /// Makes a rule, unless too few people could decide what it names.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn make_four_eyes_rule(
        &self,
        scope: &Scope,
        who: &str,
    ) -> Result<Result<Uuid, TooFew>, CatalogError> {
        let mut tx = self.writing().await?;
        // Whoever is shut out meanwhile is not counted.
        users::hold_all(&mut tx).await?;
        let deciding = Deciders::now(&mut tx).await?.on_all(scope);
        if deciding < TWO {
            return Ok(Err(TooFew { deciding, of_ids: scope.is_of_ids() }));
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
