//! Customers who owe, and of whom nobody may be reminded: nobody of theirs agreed to be (`billing`). Once the first
//! reminder would be due an incident says so. It ends when somebody agrees, when a person has the matter, or when nothing
//! of it is owed.

use std::collections::{BTreeSet, HashMap, HashSet};

use acuse_conversation::{End, House, State};
use serde_json::json;
use time::{Duration, UtcOffset};
use uuid::Uuid;

use super::{Matter, Near, OPEN, billed::Billed, next_of, schedule, unseen};
use crate::{
    catalog::Catalog,
    error::CatalogError,
    house, incidents,
    names::CustomerId,
    obligations::{Open, written},
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
    /// To be looked at anew, by whoever of theirs nobody speaks with yet, or any more.
    changed: Vec<(Uuid, Near)>,
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
    let mut several = HashSet::new();
    let mut states: HashMap<String, String> = HashMap::new();
    for (subject, state) in cases {
        if states.insert(subject.clone(), state).is_some() {
            several.insert(subject);
        }
    }
    let cases = states;
    // A day later than here it may be somewhere.
    let by = house::rules(tx).await?.collecting().due_by(tx.now().date()).saturating_add(Duration::DAY);
    let by = written(by);
    let owing = all!(
        tx,
        (Uuid,),
        "SELECT DISTINCT customer_id FROM obligations WHERE state = 'open' AND due <= $1",
        by.as_str()
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
            continue;
        }
        let matter = Matter::of(tx, CustomerId(customer)).await?;
        let begins: BTreeSet<&Billed> = matter.begins().collect();
        if begins.is_empty() {
            found.unbilled.push(subject);
            found.changed.extend((!is_told).then_some((customer, Near::Nobody)));
            continue;
        }
        for whom in &begins {
            let ended = match begins.len() {
                1 => was_collected(tx, &subject, whom).await?,
                _ => was_ended(tx, CustomerId(customer), whom, &matter).await?,
            };
            if is_told || !ended {
                found.changed.push((customer, Near::Contact(whom.0)));
                break;
            }
        }
    }
    for customer in parted(tx, &by, &several).await? {
        let is_told = told.contains(&CustomerId(customer).to_string());
        let near = unattended(tx, CustomerId(customer), is_told).await?;
        found.changed.extend(near.map(|near| (customer, near)));
    }
    Ok(found)
}

/// Customers of whose bills not all are told to one contact from one number, as far as is known of what is due by then, or
/// who have `several` cases.
async fn parted(tx: &mut Tx, by: &str, several: &HashSet<String>) -> Result<BTreeSet<Uuid>, CatalogError> {
    let rows = all!(
        tx,
        (Uuid,),
        "SELECT customer_id FROM obligations WHERE state = 'open' AND due <= $1 GROUP BY customer_id \
         HAVING COUNT(DISTINCT COALESCE(phone_number_id, '')) > 1 \
           OR COUNT(DISTINCT contact_id) + MAX(CASE WHEN contact_id IS NULL THEN 1 ELSE 0 END) > 1",
        by
    )?;
    let with_cases = several.iter().filter_map(|subject| subject.parse().ok());
    Ok(rows.into_iter().map(|(customer,)| customer).chain(with_cases).collect())
}

/// With whom of a customer's nobody speaks of what is theirs to pay, or still does of what is not; by nobody, where something
/// of it nobody may be told of, and no person knows (`is_told`).
async fn unattended(tx: &mut Tx, customer: CustomerId, is_told: bool) -> Result<Option<Near>, CatalogError> {
    let matter = Matter::of(tx, customer).await?;
    if matter.cases.is_empty() {
        return Ok(None);
    }
    if let Some(over) = matter.cases.iter().find(|case| matter.is_over(case)) {
        return Ok(Some(Near::Contact(over.contact)));
    }
    for whom in matter.begins() {
        if !was_ended(tx, customer, whom, &matter).await? {
            return Ok(Some(Near::Contact(whom.0)));
        }
    }
    let is_known = is_told || matter.cases.iter().any(|case| case.is_persons);
    let is_nobodys = !is_known && matter.open().any(|(_, whom)| whom.is_none());
    Ok(is_nobodys.then_some(Near::Nobody))
}

/// Whether a person ended the last case in which this was told: none of it is owed only since.
async fn was_ended(
    tx: &mut Tx,
    customer: CustomerId,
    whom: &Billed,
    matter: &Matter,
) -> Result<bool, CatalogError> {
    let last = optional!(
        tx,
        (String, Option<i64>),
        "SELECT state, closed_at FROM cases WHERE kind = 'collection' AND subject = $1 AND contact_id = $2 \
         AND phone_number_id = $3 ORDER BY id DESC LIMIT 1",
        customer.to_string(),
        whom.0.0,
        whom.1.as_str()
    )?;
    let Some((state, Some(closed))) = last else { return Ok(false) };
    if state == State::Closed(End::Stopped).as_str() {
        return Ok(false);
    }
    for open in matter.told_to(whom).filter(|open| open.is_open) {
        let (made,) = one!(tx, (i64,), "SELECT created_at FROM obligations WHERE id = $1", open.id.0)?;
        if made > closed {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether what a customer owes was a case before with whom it would be now: then whoever ended it knew why. Who wants no
/// more speaks for themselves alone, and so does whoever sent a receipt.
async fn was_collected(tx: &mut Tx, subject: &str, (contact, number): &Billed) -> Result<bool, CatalogError> {
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
        for (customer, near) in found.changed {
            let mut tx = self.writing().await?;
            schedule(&mut tx, CustomerId(customer), near).await?;
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
