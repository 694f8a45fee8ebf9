//! Customers who owe, and of whom nobody may be reminded: nobody of theirs agreed to be (`billing`). Once the first
//! reminder would be due an incident says so. It ends when somebody agrees, when a person has the matter, or when nothing
//! of it is owed.

use std::collections::{HashMap, HashSet};

use acuse_conversation::{End, House, State};
use serde_json::json;
use time::{Duration, UtcOffset};
use uuid::Uuid;

use super::{OPEN, billed, next_of, schedule, unseen};
use crate::{
    catalog::Catalog,
    error::CatalogError,
    house, incidents,
    names::{ContactId, CustomerId},
    obligations::{Open, open_of, written},
    sql::Tx,
};

/// Nobody may be reminded of what a customer owes; its subject is the customer.
pub const UNBILLED: &str = "obligation_unbilled";

/// A person is told, once it is time; where nobody is known to be, it is as late as in UTC.
pub(super) async fn tell(
    tx: &mut Tx,
    customer: CustomerId,
    open: &[&Open],
    house: &House,
) -> Result<(), CatalogError> {
    let (rules, present) = (house.collecting(), tx.now());
    let is_time = |open: &&&Open| next_of(&rules, open, UtcOffset::UTC).day() <= present.date();
    let due = open.iter().filter(is_time).count();
    if due == 0 {
        return Ok(());
    }
    let detail = json!({ "customer_id": customer, "obligations": due });
    incidents::open(tx, UNBILLED, &customer.to_string(), &detail, 1, present).await.map(drop)
}

/// Somebody may be reminded, or nothing is owed.
pub(super) async fn over(tx: &mut Tx, customer: CustomerId) -> Result<(), CatalogError> {
    let present = tx.now();
    incidents::resolve(tx, UNBILLED, Some(&customer.to_string()), present).await.map(drop)
}

/// What a sweep found of customers who owe something that may be reminded of by now.
#[derive(Default)]
struct Found {
    /// To be looked at anew.
    changed: Vec<Uuid>,
    /// Nobody of theirs may be reminded, and nobody has the matter.
    unbilled: Vec<String>,
    /// An incident was there before.
    was_told: bool,
    /// A receipt may pay what they owe, and no case shows it to anybody.
    unseen: Vec<Uuid>,
}

async fn find(tx: &mut Tx) -> Result<Found, CatalogError> {
    let told = all!(
        tx,
        (String,),
        "SELECT subject FROM incidents WHERE kind = $1 AND state <> 'resolved'",
        UNBILLED
    )?;
    let told: HashSet<String> = told.into_iter().map(|(subject,)| subject).collect();
    // In the order of their index, or it is read off all that is open of any kind.
    let text = format!(
        "SELECT subject, state FROM cases WHERE kind = 'collection' AND state IN {OPEN} ORDER BY subject"
    );
    let cases = all!(tx, (String, String), sqlx::AssertSqlSafe(text.clone()))?;
    let cases: HashMap<String, String> = cases.into_iter().collect();
    // A day later than here it may be somewhere.
    let by = house::rules(tx).await?.collecting().due_by(tx.now().date()).saturating_add(Duration::DAY);
    let owing = all!(
        tx,
        (Uuid,),
        "SELECT DISTINCT customer_id FROM obligations WHERE state = 'open' AND due <= $1",
        written(by)
    )?;
    let mut unseen = unseen::holding(tx).await?;
    unseen.retain(|customer| !cases.contains_key(&CustomerId(*customer).to_string()));
    let mut found = Found { was_told: !told.is_empty(), unseen, ..Found::default() };
    for (customer,) in owing {
        let subject = CustomerId(customer).to_string();
        let is_told = told.contains(&subject);
        if let Some(state) = cases.get(&subject) {
            // Its own time comes, and then it is looked at; what a person has is told.
            if is_told && state != State::Human.as_str() {
                found.unbilled.push(subject);
            }
        } else if let Some(whom) = billed_of(tx, customer).await? {
            if is_told || !was_collected(tx, &subject, &whom).await? {
                found.changed.push(customer);
            }
        } else {
            found.unbilled.push(subject);
            if !is_told {
                found.changed.push(customer);
            }
        }
    }
    Ok(found)
}

async fn billed_of(tx: &mut Tx, customer: Uuid) -> Result<Option<(ContactId, String)>, CatalogError> {
    let all = open_of(tx, CustomerId(customer)).await?;
    billed(tx, CustomerId(customer), &all).await
}

/// Whether what a customer owes was a case before with whom it would be now: then whoever ended it knew why. Who wants no
/// more speaks for themselves alone, and so does whoever sent a receipt.
async fn was_collected(
    tx: &mut Tx,
    subject: &str,
    (contact, number): &(ContactId, String),
) -> Result<bool, CatalogError> {
    let last = optional!(
        tx,
        (Uuid, String, String),
        "SELECT contact_id, phone_number_id, state FROM cases WHERE kind = 'collection' AND subject = $1 \
         ORDER BY id DESC LIMIT 1",
        subject
    )?;
    Ok(last.is_some_and(|(with, from, state)| {
        with == contact.0 && from == *number && state != State::Closed(End::Stopped).as_str()
    }))
}

impl Catalog {
    /// Belt and braces: whatever became of contacts and of what they agreed to, what a customer owes is reminded of, or a
    /// person knows that it cannot be.
    pub(crate) async fn look_for_unbilled(&self) -> Result<(), CatalogError> {
        let mut tx = self.reading().await?;
        if tx.policies().is_none() {
            return Ok(());
        }
        let found = find(&mut tx).await?;
        drop(tx);
        for customer in found.changed {
            let mut tx = self.writing().await?;
            schedule(&mut tx, CustomerId(customer)).await?;
            tx.commit().await?;
        }
        self.show_unseen(&found.unseen).await?;
        if found.was_told {
            let unbilled: Vec<&str> = found.unbilled.iter().map(String::as_str).collect();
            self.resolve_incidents_beside(UNBILLED, &unbilled).await?;
        }
        Ok(())
    }
}
