//! What is to change of a customer, laid over what is there.

use super::{Customer, CustomerAlias, NewCustomer};

/// What is to change of a customer; absent members stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerPatch {
    /// Their name.
    pub name: Option<String>,
    /// The integrator's own id, or none any more.
    pub external_id: Option<Option<String>>,
    /// All their phone numbers.
    pub phones: Option<Vec<String>>,
    /// All their e-mail addresses.
    pub emails: Option<Vec<String>>,
    /// All their tax ids.
    pub tax_ids: Option<Vec<String>>,
    /// All numbers of their IDs.
    pub id_numbers: Option<Vec<String>>,
}

impl CustomerPatch {
    /// Of which kinds it says the names.
    pub(super) fn named(&self) -> Vec<CustomerAlias> {
        let lists = [
            (CustomerAlias::Phone, &self.phones),
            (CustomerAlias::Email, &self.emails),
            (CustomerAlias::TaxId, &self.tax_ids),
            (CustomerAlias::IdNumber, &self.id_numbers),
        ];
        lists.into_iter().filter(|(_, list)| list.is_some()).map(|(kind, _)| kind).collect()
    }

    /// The customer as it is to be.
    #[must_use]
    pub fn on(self, customer: &Customer) -> NewCustomer {
        let held = |kind: CustomerAlias| {
            let all = customer.aliases.iter().chain(&customer.disputed);
            all.filter(|(k, _)| *k == kind).map(|(_, v)| v.clone()).collect()
        };
        NewCustomer {
            external_id: self.external_id.unwrap_or_else(|| customer.external_id.clone()),
            name: self.name.unwrap_or_else(|| customer.name.clone()),
            phones: self.phones.unwrap_or_else(|| held(CustomerAlias::Phone)),
            emails: self.emails.unwrap_or_else(|| held(CustomerAlias::Email)),
            tax_ids: self.tax_ids.unwrap_or_else(|| held(CustomerAlias::TaxId)),
            id_numbers: self.id_numbers.unwrap_or_else(|| held(CustomerAlias::IdNumber)),
        }
    }
}
