//! What a customer owes and has not settled, as those who remind of it and the receipts that pay it read it.

use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{ObligationState, T, amount, day_of};
use crate::{
    error::CatalogError,
    names::{ContactId, CustomerId, ObligationId, maybe_at},
    sql::Tx,
};

/// An obligation that is not settled, for reminders and receipts.
pub(crate) struct Open {
    pub id: ObligationId,
    pub number: String,
    /// Ten-thousandths.
    pub left: i64,
    pub currency: String,
    pub due: Date,
    /// When its debtor was reminded of it last.
    pub said_at: Option<OffsetDateTime>,
    pub promised: Option<Date>,
    pub contact: Option<ContactId>,
    pub number_of_ours: Option<String>,
    /// Nothing holds its reminders.
    pub is_open: bool,
}

fn day(column: &'static str, text: &str) -> Result<Date, CatalogError> {
    day_of(text).ok_or_else(|| CatalogError::ImpossibleRow { table: T, column, why: "no day".to_owned() })
}

type OpenRow = (
    Uuid,
    String,
    String,
    String,
    String,
    String,
    Option<i64>,
    Option<String>,
    Option<Uuid>,
    Option<String>,
    String,
);

/// What a customer owes and has not settled.
pub(crate) async fn open_of(tx: &mut Tx, customer: CustomerId) -> Result<Vec<Open>, CatalogError> {
    let rows = all!(
        tx,
        OpenRow,
        "SELECT id, number, amount, paid, currency, due, said_at, promised_for, contact_id, phone_number_id, state \
         FROM obligations WHERE customer_id = $1 AND state IN ('open', 'held') ORDER BY due, id LIMIT 500",
        customer.0
    )?;
    rows.into_iter()
        .map(|(id, bill, owed, paid, currency, due, said, promised, contact, ours, state)| {
            Ok(Open {
                id: ObligationId(id),
                number: bill,
                left: amount("amount", &owed)? - amount("paid", &paid)?,
                currency,
                due: day("due", &due)?,
                said_at: maybe_at(T, "said_at", said)?,
                promised: promised.as_deref().map(|text| day("promised_for", text)).transpose()?,
                contact: contact.map(ContactId),
                number_of_ours: ours,
                is_open: state == ObligationState::Open.as_str(),
            })
        })
        .collect()
}
