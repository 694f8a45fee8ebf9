//! What is owed to us. Its debtor is reminded ([`crate::cases`]), and a filed receipt that pays it closes it: by itself
//! only within the guards of [`acuse_conversation::pays`], else a person confirms. Whatever changes the receipt takes the
//! payment back in the same transaction.

mod add;
mod bills;
mod open;
mod payments;
mod receipts;
mod verdicts;

use serde::Serialize;
use serde_json::json;
use time::{Date, OffsetDateTime, macros::format_description};
use uuid::Uuid;

pub use add::{NewObligation, Owing};
pub(crate) use bills::reassigned as bill_reassigned;
pub(crate) use open::{Open, open_of};
use payments::Known;
pub use payments::Payment;
pub(crate) use receipts::document_changed;
pub use verdicts::{Settled, Verdict};

use crate::{
    access::Access,
    catalog::Catalog,
    documents::Amount,
    error::CatalogError,
    events::{self, NewEvent},
    key_file::ErasedKind,
    merges,
    names::{ContactId, CustomerId, DocumentId, ObligationId, at, number, word, words},
    sql::{Bind, Query, Tx},
};

words! {
    /// Where an obligation stands.
    ObligationState, "obligation state" {
        /// It is owed.
        Open = "open",
        /// A receipt may pay it: nobody is reminded until a person has looked.
        Held = "held",
        /// It is paid.
        Paid = "paid",
        /// It is owed no more.
        Cancelled = "cancelled",
    }
}

const T: &str = "obligations";

/// An obligation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Obligation {
    /// Its id.
    pub id: ObligationId,
    /// Who owes it.
    pub customer_id: CustomerId,
    /// The number of its bill; absent where it is withheld.
    pub number: Option<String>,
    /// How much, a decimal with a point; absent where it is withheld.
    pub amount: Option<String>,
    /// How much of it is paid; none where it is withheld, or a receipt that counts in it is not for this reader's eyes, or
    /// not theirs: the sum would say what it says.
    pub paid: Option<String>,
    /// ISO 4217; absent where it is withheld.
    pub currency: Option<String>,
    /// When it is due; absent where it is withheld.
    pub due: Option<String>,
    /// Where it stands.
    pub state: ObligationState,
    /// How often its debtor was reminded.
    pub reminders: u32,
    /// Until when they promised to pay.
    pub promised_for: Option<String>,
    /// Who is reminded, where one was named.
    pub contact_id: Option<ContactId>,
    /// The bill of ours, where it was filed and exists for this reader.
    pub document_id: Option<DocumentId>,
    /// Whether it is owed because its bill was filed, and what that says is kept from the reader.
    pub withheld: bool,
    /// Receipts that pay it, or may.
    pub payments: Vec<Payment>,
    /// When it was handed in.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// Which obligations.
#[derive(Debug, Clone, Default)]
pub struct ObligationFilter {
    /// Only of this customer.
    pub customer: Option<CustomerId>,
    /// Only of this state.
    pub state: Option<ObligationState>,
    /// Only those of which a receipt waits for a person's word, also where another one has paid since.
    pub awaits_word: bool,
    /// Those after this one.
    pub after: Option<ObligationId>,
}

/// An amount of ten-thousandths as a field writes it: two decimals, or as many as it has.
pub(crate) fn to_text(amount: i64) -> String {
    let sign = if amount < 0 { "-" } else { "" };
    let amount = amount.unsigned_abs();
    let (whole, rest) = (amount / 10_000, amount % 10_000);
    let digits = format!("{rest:04}");
    let digits = digits.strip_suffix("00").unwrap_or(&digits);
    format!("{sign}{whole}.{digits}")
}

/// An amount of a row.
fn amount(column: &'static str, text: &str) -> Result<i64, CatalogError> {
    let wrong = |_| CatalogError::ImpossibleRow { table: T, column, why: "no amount".to_owned() };
    text.parse::<Amount>().map(|amount| amount.0).map_err(wrong)
}

/// A day as a row says it.
pub(crate) fn written(day: Date) -> String {
    day.format(format_description!("[year]-[month]-[day]")).unwrap_or_default()
}

/// A day as a field of a document says it.
fn day_of(text: &str) -> Option<Date> {
    Date::parse(text, format_description!("[year]-[month]-[day]")).ok()
}

/// Those who follow the feed hear where an obligation stands, where it stood elsewhere `before`; beside its bill, where that
/// is here: whoever does not see what that says is not told its number.
async fn moved(tx: &mut Tx, id: Uuid, before: ObligationState) -> Result<(), CatalogError> {
    let (customer, bill, document, state) = one!(
        tx,
        (Uuid, String, Option<Uuid>, String),
        "SELECT customer_id, number, document_id, state FROM obligations WHERE id = $1",
        id
    )?;
    let state: ObligationState = word(T, "state", &state)?;
    let kind = match state {
        _ if state == before => return Ok(()),
        ObligationState::Open => "obligation.opened",
        ObligationState::Held => "obligation.held",
        ObligationState::Paid => "obligation.paid",
        ObligationState::Cancelled => return Ok(()),
    };
    let document = document.map(DocumentId);
    let data = json!({ "obligation_id": id, "customer_id": customer, "number": bill });
    events::write(tx, &[NewEvent { kind, document, data }]).await
}

type Row = (
    Uuid,
    Uuid,
    String,
    String,
    String,
    String,
    String,
    String,
    i64,
    Option<String>,
    Option<Uuid>,
    Option<Uuid>,
    bool,
    i64,
);

/// What is read of an obligation (under `o`) for this reader: its bill, where that exists for them, and whether it is owed by
/// what that says and they are not told. What was handed in is whoever's word it was.
fn columns(tx: &Tx, access: &Access) -> String {
    let of_bill = "FROM documents bill WHERE bill.id = o.document_id";
    let (reach, told) = (access.reach(tx, "bill"), access.told("bill"));
    format!(
        "o.id, o.customer_id, o.number, o.amount, o.paid, o.currency, o.due, o.state, o.said, o.promised_for, \
         o.contact_id, (SELECT bill.id {of_bill} AND {reach}), \
         (o.by_rule AND (SELECT ({reach} AND {told}) {of_bill}) IS NOT TRUE), o.created_at"
    )
}

fn obligation(row: Row, known: Known) -> Result<Obligation, CatalogError> {
    let (
        id,
        customer,
        bill,
        owed,
        paid,
        currency,
        due,
        state,
        said,
        promised_for,
        contact,
        document,
        withheld,
        made,
    ) = row;
    // All of it is paid, or so much of all of it by a receipt: that would say what it comes to.
    let told = |text: String| Some(text).filter(|_| !withheld);
    let mut payments = known.payments;
    if withheld {
        payments.iter_mut().for_each(|payment| payment.amount = None);
    }
    Ok(Obligation {
        id: ObligationId(id),
        customer_id: CustomerId(customer),
        number: told(bill),
        amount: told(to_text(amount("amount", &owed)?)),
        paid: told(to_text(amount("paid", &paid)?)).filter(|_| known.is_sum_told),
        currency: told(currency),
        due: told(due),
        state: word(T, "state", &state)?,
        reminders: number(T, "said", said)?,
        promised_for,
        contact_id: contact.map(ContactId),
        document_id: document.map(DocumentId),
        withheld,
        payments,
        created_at: at(T, "created_at", made)?,
    })
}

impl Catalog {
    /// Obligations, the first one first.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn obligations(
        &self,
        access: &Access,
        filter: &ObligationFilter,
        limit: u32,
    ) -> Result<Vec<Obligation>, CatalogError> {
        let mut tx = self.reading().await?;
        let mut query = Query::default();
        if let Some(asked) = filter.customer {
            let customer = merges::stands_for(&mut tx, ErasedKind::Customer, asked.0).await?;
            query.holds("o.customer_id =", Some(Bind::Id(customer)));
        }
        query.holds("o.state =", filter.state.map(|s| Bind::text(s.as_str())));
        query.holds("o.id >", filter.after.map(|o| Bind::Id(o.0)));
        if filter.awaits_word {
            query.and(
                "o.state IN ('held', 'paid') AND EXISTS (SELECT 1 FROM obligation_payments p \
                 WHERE p.obligation_id = o.id AND p.state = 'proposed')",
            );
        }
        query.and(access.reach_customers(&tx, "c"));
        // A left join, so that it is the obligations which are walked.
        let text = format!(
            "SELECT {} FROM obligations o LEFT JOIN customers c ON c.id = o.customer_id WHERE {} \
             ORDER BY o.id LIMIT {}",
            columns(&tx, access),
            query.all(),
            limit.min(500)
        );
        let rows = all_of!(tx, Row, text, query.binds)?;
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let known = payments::known_of(&mut tx, access, row.0).await?;
            found.push(obligation(row, known)?);
        }
        Ok(found)
    }

    /// An obligation.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn obligation(
        &self,
        access: &Access,
        id: ObligationId,
    ) -> Result<Option<Obligation>, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!(
            "SELECT {} FROM obligations o JOIN customers c ON c.id = o.customer_id WHERE o.id = $1 AND {}",
            columns(&tx, access),
            access.reach_customers(&tx, "c")
        );
        let Some(row) = optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), id.0)? else { return Ok(None) };
        let known = payments::known_of(&mut tx, access, id.0).await?;
        obligation(row, known).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_written_as_fields_are() {
        for (amount, text) in
            [(1_200_000, "120.00"), (5, "0.0005"), (12_345, "1.2345"), (-15_000, "-1.50"), (0, "0.00")]
        {
            assert_eq!(to_text(amount), text);
            assert_eq!(text.parse::<Amount>().unwrap().0, amount);
        }
    }
}
