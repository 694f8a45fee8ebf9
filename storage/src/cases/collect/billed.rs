//! To whom what a customer owes is told, and from which of our numbers: of each bill whoever is named on it, else one of the
//! customer's, who agreed to be reminded, from the number of the firm that is owed. What is told to one contact from one
//! number is one case; what is owed to another firm of ours, or is somebody else's to pay, is another.

use std::collections::HashMap;

use acuse_conversation::State;
use uuid::Uuid;

use super::OPEN;
use crate::{
    consents::{self, Category, Word},
    error::CatalogError,
    names::{CaseId, ContactId, CustomerId, ObligationId},
    obligations::{Open, open_of},
    sql::Tx,
};

/// Whom, from which number.
pub(super) type Billed = (ContactId, String);

/// An open case of a customer who owes.
pub(super) struct Collected {
    pub id: CaseId,
    pub contact: ContactId,
    pub number: String,
    /// A person has it.
    pub is_persons: bool,
    /// It shows a receipt of which nobody has said whether it pays, also where another has paid since.
    pub shows_slip: bool,
}

impl Collected {
    /// Whether it is where this is told.
    pub(super) fn tells(&self, (contact, number): &Billed) -> bool {
        self.contact == *contact && self.number == *number
    }
}

/// By what somebody comes to what a customer owes: of several with whom it is talked of, it is about them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Near {
    /// A contact of theirs.
    Contact(ContactId),
    /// A contact of theirs who is held already.
    Held(ContactId),
    /// One of the bills.
    Bill(ObligationId),
    /// Nothing.
    Nobody,
}

/// What a customer owes, to whom each of it is told, and the open cases in which it is.
pub(super) struct Matter {
    pub all: Vec<Open>,
    pub billed: Vec<Option<Billed>>,
    pub cases: Vec<Collected>,
}

impl Matter {
    pub(super) async fn of(tx: &mut Tx, customer: CustomerId) -> Result<Self, CatalogError> {
        let all = open_of(tx, customer).await?;
        let cases = open_cases(tx, customer).await?;
        let billed = billed(tx, customer, (&all, &cases)).await?;
        Ok(Self { all, billed, cases })
    }

    /// What is open, and to whom it is told.
    pub(super) fn open(&self) -> impl Iterator<Item = (&Open, Option<&Billed>)> {
        let all = self.all.iter().zip(&self.billed);
        all.filter(|(open, _)| open.is_open).map(|(open, whom)| (open, whom.as_ref()))
    }

    /// What is told to somebody.
    pub(super) fn told_to<'a>(&'a self, whom: &'a Billed) -> impl Iterator<Item = &'a Open> {
        let all = self.all.iter().zip(&self.billed);
        all.filter(move |(_, to)| to.as_ref() == Some(whom)).map(|(open, _)| open)
    }

    /// Whether nothing is left of what a case would tell: nothing is owed and no receipt waits for a word, or all of it is told
    /// to somebody else. Of one that a person has they say so.
    pub(super) fn is_over(&self, case: &Collected) -> bool {
        let is_told = self.billed.iter().any(Option::is_some);
        (self.all.is_empty() && !case.shows_slip) || (!case.is_persons && is_told && !self.is_told_in(case))
    }

    /// Whether a case tells any of it.
    fn is_told_in(&self, case: &Collected) -> bool {
        self.billed.iter().flatten().any(|whom| case.tells(whom))
    }

    /// To whom something is told for which there is no case. While a person speaks of it with somebody to whom nothing is told,
    /// as with whoever sent a receipt, none begins beside them.
    pub(super) fn begins(&self) -> impl Iterator<Item = &Billed> {
        let is_persons = self.cases.iter().any(|case| case.is_persons && !self.is_told_in(case));
        let whom = self.open().filter_map(|(_, whom)| whom).filter(move |_| !is_persons);
        whom.filter(move |whom| !self.cases.iter().any(|case| case.tells(whom)))
    }

    /// With whom it is talked of by whoever comes to it: one alone, for one contact is held at a time. The others' turn comes
    /// with the sweep, or with the time of their case.
    pub(super) fn with(&self, by: Near) -> Option<ContactId> {
        let near = match by {
            Near::Contact(contact) | Near::Held(contact) => Some(contact),
            Near::Bill(id) => {
                let place = self.all.iter().position(|open| open.id == id);
                place.and_then(|place| self.billed.get(place)?.as_ref()).map(|(contact, _)| *contact)
            }
            Near::Nobody => None,
        };
        let has_case = |contact: &ContactId| self.cases.iter().any(|case| case.contact == *contact);
        let ends = self.cases.iter().find(|case| self.is_over(case)).map(|case| case.contact);
        let begins = |contact: &ContactId| self.begins().any(|(whom, _)| whom == contact);
        let is_held = matches!(by, Near::Held(_));
        near.filter(|contact| has_case(contact) || (is_held && begins(contact)))
            .or(ends)
            .or(near.filter(begins))
            .or_else(|| self.begins().next().map(|(contact, _)| *contact))
            .or_else(|| self.cases.first().map(|case| case.contact))
    }
}

type CaseRow = (Uuid, Uuid, String, String, bool);

/// The open cases of a customer who owes, in their order.
pub(super) async fn open_cases(tx: &mut Tx, customer: CustomerId) -> Result<Vec<Collected>, CatalogError> {
    let text = format!(
        "SELECT id, contact_id, phone_number_id, state, EXISTS (SELECT 1 FROM case_documents d \
           JOIN obligation_payments p ON p.document_id = d.document_id JOIN obligations o ON o.id = p.obligation_id \
           WHERE d.case_id = cases.id AND d.role = 'receipt' AND p.state = 'proposed' AND o.state IN ('held', 'paid')) \
         FROM cases WHERE kind = 'collection' AND subject = $1 AND state IN {OPEN} ORDER BY id"
    );
    let rows = all!(tx, CaseRow, sqlx::AssertSqlSafe(text.clone()), customer.0.to_string())?;
    let case = |(id, contact, number, state, shows_slip): CaseRow| Collected {
        id: CaseId(id),
        contact: ContactId(contact),
        number,
        is_persons: state == State::Human.as_str(),
        shows_slip,
    };
    Ok(rows.into_iter().map(case).collect())
}

/// To whom each of what a customer owes is told, in the same order; none where nobody agreed.
async fn billed(
    tx: &mut Tx,
    customer: CustomerId,
    (all, cases): (&[Open], &[Collected]),
) -> Result<Vec<Option<Billed>>, CatalogError> {
    let rows = all!(
        tx,
        (Uuid,),
        "SELECT id FROM contacts WHERE customer_id = $1 AND merged_into IS NULL ORDER BY id LIMIT 50",
        customer.0
    )?;
    // Who is spoken with goes on being so.
    let mut theirs: Vec<ContactId> = cases.iter().map(|case| case.contact).collect();
    theirs.extend(rows.into_iter().map(|(id,)| ContactId(id)));
    let ours: Vec<&str> = all.iter().filter_map(|open| open.number_of_ours.as_deref()).collect();
    let mut known: HashMap<(Option<ContactId>, Option<&str>), Option<Billed>> = HashMap::new();
    let mut billed = Vec::with_capacity(all.len());
    for open in all {
        let key = (open.contact, open.number_of_ours.as_deref());
        let whom = match known.get(&key) {
            Some(whom) => whom.clone(),
            None => {
                let whom: Vec<ContactId> = open.contact.into_iter().chain(theirs.iter().copied()).collect();
                let found = who_agreed(tx, &whom, key.1, (cases, &ours)).await?;
                known.insert(key, found.clone());
                found
            }
        };
        billed.push(whom);
    }
    Ok(billed)
}

/// The first of these who agreed to be reminded from this number of ours. Where no bill says from which it is, it is the one
/// from which they are spoken with, that they last wrote to, or from which something else of theirs is told.
async fn who_agreed(
    tx: &mut Tx,
    whom: &[ContactId],
    number: Option<&str>,
    (cases, ours): (&[Collected], &[&str]),
) -> Result<Option<Billed>, CatalogError> {
    for contact in whom.iter().copied() {
        let numbers = match number {
            Some(number) => vec![number.to_owned()],
            None => {
                let last = optional!(
                    tx,
                    (Option<String>,),
                    "SELECT phone_number_id FROM contacts WHERE id = $1",
                    contact.0
                )?;
                let spoken = cases.iter().filter(|case| case.contact == contact);
                let spoken = spoken.map(|case| case.number.clone());
                let last = last.and_then(|(number,)| number);
                spoken.chain(last).chain(ours.iter().map(|number| (*number).to_owned())).collect()
            }
        };
        for number in numbers {
            if consents::latest(tx, contact, &number, Category::Billing).await? == Some(Word::Granted) {
                return Ok(Some((contact, number)));
            }
        }
    }
    Ok(None)
}
