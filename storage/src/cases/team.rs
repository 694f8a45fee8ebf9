//! Teams: whose a case is once a person is to have it, by when they answer, and what becomes of it when they do not.

use acuse_conversation::{Facts, House, Kind, Sum};
use acuse_pipeline::reason::Reason;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Held, speak};
use crate::{
    error::CatalogError,
    house, incidents,
    names::{CaseId, CustomerId, json as parsed, maybe_at, micros},
    obligations::open_of,
    sql::Tx,
};

/// An answer was promised and its time is over.
pub const OVERDUE: &str = "case_overdue";
/// Documents of a case that its rules look at.
const LOOKED_AT: i64 = 100;

/// A person is to have this case: it goes to its team, which answers by a time of its own.
pub(super) async fn assign(tx: &mut Tx, held: &Held, person: &speak::Person) -> Result<(), CatalogError> {
    let house = house::rules(tx).await?;
    let (known,) = one!(tx, (Option<String>,), "SELECT team FROM cases WHERE id = $1", held.id.0)?;
    let team = match known {
        // Whoever gave it to a team knew why.
        Some(team) => Some(team),
        None => {
            let (reasons, sums) = facts_of(tx, held).await?;
            let codes: Vec<_> = reasons.iter().map(|reason| reason.code).collect();
            let facts = Facts {
                kind: held.case.kind,
                reasons: &codes,
                number: &held.phone_number_id,
                language: person.language,
                sums: &sums,
            };
            house.team_for(&facts).map(str::to_owned)
        }
    };
    promise(tx, &house, (held, team.as_deref())).await
}

/// The contact waits for whoever has the case: again, where they were answered before.
pub(super) async fn awaits(tx: &mut Tx, held: &Held, person: &speak::Person) -> Result<(), CatalogError> {
    let (promised,) = one!(tx, (Option<i64>,), "SELECT answer_by FROM cases WHERE id = $1", held.id.0)?;
    if promised.is_some() { Ok(()) } else { assign(tx, held, person).await }
}

/// Another team has it from now on.
pub(super) async fn moved(tx: &mut Tx, held: &Held, team: &str) -> Result<(), CatalogError> {
    let house = house::rules(tx).await?;
    over(tx, held.id).await?;
    promise(tx, &house, (held, Some(team))).await
}

async fn promise(
    tx: &mut Tx,
    house: &House,
    (held, team): (&Held, Option<&str>),
) -> Result<(), CatalogError> {
    let by = team.and_then(|team| house.answers_by(team, tx.now()));
    execute!(
        tx,
        "UPDATE cases SET team = COALESCE($2, team), answer_by = $3 WHERE id = $1",
        held.id.0,
        team,
        by.map(micros)
    )?;
    match by {
        Some(by) => super::wake(tx, held, by).await,
        None => Ok(()),
    }
}

/// Nobody waits for a person's answer any more.
pub(super) async fn over(tx: &mut Tx, id: CaseId) -> Result<(), CatalogError> {
    let (promised, late) = one!(
        tx,
        (Option<i64>, Option<i64>),
        "SELECT answer_by, escalated_at FROM cases WHERE id = $1",
        id.0
    )?;
    if promised.is_none() && late.is_none() {
        return Ok(());
    }
    execute!(tx, "UPDATE cases SET answer_by = NULL, escalated_at = NULL WHERE id = $1", id.0)?;
    if late.is_some() {
        let present = tx.now();
        incidents::resolve(tx, OVERDUE, Some(&id.to_string()), present).await?;
    }
    Ok(())
}

/// The time to answer came: where nobody has, the case stands in the supervisors' list, and an incident says so. Whether it
/// came; where it is to come, a task comes then.
pub(super) async fn turn(tx: &mut Tx, held: &Held) -> Result<bool, CatalogError> {
    let (by, late, team, assignee) = one!(
        tx,
        (Option<i64>, Option<i64>, Option<String>, Option<String>),
        "SELECT answer_by, escalated_at, team, assignee FROM cases WHERE id = $1",
        held.id.0
    )?;
    let Some(by) = maybe_at("cases", "answer_by", by)?.filter(|_| late.is_none()) else { return Ok(false) };
    let present: OffsetDateTime = tx.now();
    if by > present {
        super::wake(tx, held, by).await?;
        return Ok(false);
    }
    execute!(
        tx,
        "UPDATE cases SET escalated_at = $2, version = version + 1, updated_at = $2 WHERE id = $1",
        held.id.0,
        micros(present)
    )?;
    let detail = json!({ "case_id": held.id, "kind": held.case.kind.as_str(), "team": team, "assignee": assignee,
        "contact_id": held.contact });
    incidents::open(tx, OVERDUE, &held.id.to_string(), &detail, 1, present).await?;
    Ok(true)
}

/// Ends the incidents of cases that are late no more, whatever became of them otherwise: an erasure, say. Each is asked for
/// by itself: no index knows which of all cases are late.
pub(super) async fn end_incidents(tx: &mut Tx) -> Result<(), CatalogError> {
    let present = tx.now();
    for subject in incidents::subjects(tx, OVERDUE).await? {
        let is_late = match subject.parse::<CaseId>() {
            Ok(id) => {
                let sql = "SELECT COUNT(*) FROM cases WHERE id = $1 AND escalated_at IS NOT NULL";
                let (late,) = one!(tx, (i64,), sql, id.0)?;
                late > 0
            }
            Err(_) => false,
        };
        if !is_late {
            incidents::resolve(tx, OVERDUE, Some(&subject), present).await?;
        }
    }
    Ok(())
}

/// Why the documents of a case wait, and what they come to; of a collection, what is owed.
async fn facts_of(tx: &mut Tx, held: &Held) -> Result<(Vec<Reason>, Vec<Sum>), CatalogError> {
    let rows = all!(
        tx,
        (String, Option<i64>, Option<String>),
        "SELECT d.reasons, d.amount, d.currency FROM case_documents cd JOIN documents d ON d.id = cd.document_id \
         WHERE cd.case_id = $1 ORDER BY d.id DESC LIMIT $2",
        held.id.0,
        LOOKED_AT
    )?;
    let (mut reasons, mut sums) = (Vec::new(), Vec::new());
    for (why, amount, currency) in rows {
        reasons.extend(parsed::<Vec<Reason>>("documents", "reasons", &why)?);
        sums.extend(amount.zip(currency).map(|(amount, currency)| Sum { amount, currency }));
    }
    let owes = (held.case.kind == Kind::Collection).then(|| held.subject.parse::<Uuid>().ok()).flatten();
    if let Some(customer) = owes {
        sums.extend(owed(tx, CustomerId(customer)).await?);
    }
    Ok((reasons, sums))
}

/// What a customer owes, in all, of each currency.
async fn owed(tx: &mut Tx, customer: CustomerId) -> Result<Vec<Sum>, CatalogError> {
    let mut sums: Vec<Sum> = Vec::new();
    for open in open_of(tx, customer).await? {
        match sums.iter_mut().find(|sum| sum.currency == open.currency) {
            Some(sum) => sum.amount = sum.amount.saturating_add(open.left),
            None => sums.push(Sum { amount: open.left, currency: open.currency }),
        }
    }
    Ok(sums)
}
