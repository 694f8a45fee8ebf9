//! What a document is, what it comes to and whom it is paid to: an approval is of that, and of no more.

use acuse_conversation::Sum;
use acuse_pipeline::{
    document::Kind,
    fields::{FieldName, Fields},
};

use crate::documents::{Amount, Extracted};

/// What a document is and comes to, and whom it is paid to, by these fields.
pub(crate) struct Worth {
    pub(super) kind: Option<Kind>,
    pub(super) sum: Sum,
    payee: String,
}

impl Worth {
    /// None where it names no total.
    pub(crate) fn of(kind: Option<Kind>, fields: &Fields) -> Option<Self> {
        let said = |name| fields.get(&name).map(|field| field.value.as_str());
        let amount = said(FieldName::Total)?.parse::<Amount>().ok()?.0;
        let sum = Sum { amount, currency: said(FieldName::Currency)?.to_uppercase() };
        Some(Self { kind, sum, payee: payee(fields) })
    }

    /// What is said of it.
    pub(super) fn cover(&self) -> Cover {
        Cover {
            up_to: Some(self.sum.amount.saturating_abs()),
            currency: Some(self.sum.currency.clone()),
            payee: Some(self.payee.clone()),
        }
    }
}

/// Whom it is paid to, and on which account, however that is written.
fn payee(fields: &Fields) -> String {
    let account = fields.get(&FieldName::Iban).map(|field| field.value.as_str()).unwrap_or_default();
    let account: String = account.chars().filter(|c| !c.is_whitespace()).collect();
    format!("{} {}", Extracted::from(fields).party.unwrap_or_default(), account.to_uppercase())
}

/// Of what an approval is, as its row has it: nothing of all that where its document named no total, or nothing counts of it
/// any more.
#[derive(Default)]
pub(super) struct Cover {
    /// Ten-thousandths.
    pub up_to: Option<i64>,
    /// ISO 4217.
    pub currency: Option<String>,
    pub payee: Option<String>,
}

impl Cover {
    /// Whether what was asked was of this too: of as much or more, in its currency, and paid to the same.
    pub(super) fn is_of(&self, worth: Option<&Worth>) -> bool {
        let Some(worth) = worth else { return self.up_to.is_none() };
        self.up_to.is_some_and(|most| i128::from(most) >= i128::from(worth.sum.amount).abs())
            && self.currency.as_ref().is_some_and(|c| c.eq_ignore_ascii_case(&worth.sum.currency))
            && self.payee.as_ref().is_some_and(|payee| *payee == worth.payee)
    }
}
