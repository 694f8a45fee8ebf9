//! What one paper teaches of its vendor.

use std::collections::BTreeSet;

use super::signs::{Clues, Sign, SignKind, address_lines, contact, tax_id_key};
use crate::{
    document::Kind,
    fields::{FieldName, Fields},
    linking::folded,
    phone::canonical,
};

/// One paper that a person filed: what it says of its vendor, and of nobody else. No amount, no day, no recipient.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paper {
    /// As it was filed.
    pub name: String,
    /// As it was filed.
    pub legal_name: Option<String>,
    /// As it was filed.
    pub tax_id: Option<String>,
    /// How its numbers look: runs of letters as `A`, of digits as `9`.
    pub number_shape: Option<String>,
    /// By what it is known again.
    pub signs: BTreeSet<Sign>,
}

/// What is known to be the customer's or the sender's: none of it is remembered of a vendor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Theirs {
    /// In any form.
    pub phones: Vec<String>,
    /// In any form.
    pub emails: Vec<String>,
    /// In any form.
    pub tax_ids: Vec<String>,
}

/// Longest value that is remembered, characters.
const CHARS: usize = 200;

impl Paper {
    /// Of what was filed; none of what is no bill or names nobody.
    #[must_use]
    pub fn of(kind: Kind, fields: &Fields, text: &str, theirs: &Theirs) -> Option<Self> {
        let (name, legal, tax_id) = match kind {
            Kind::Invoice => (FieldName::IssuerName, FieldName::IssuerLegalName, FieldName::IssuerTaxId),
            Kind::Receipt => {
                (FieldName::MerchantName, FieldName::MerchantLegalName, FieldName::MerchantTaxId)
            }
            Kind::Id | Kind::Other => return None,
        };
        let value = |name: FieldName| {
            let value = fields.get(&name).map(|f| f.value.trim().to_owned());
            value.filter(|v| !v.is_empty() && v.chars().count() <= CHARS)
        };
        let name = value(name).filter(|name| !folded(name).is_empty())?;
        let mut paper = Self {
            number_shape: value(FieldName::Number).map(|n| shape(&n)),
            legal_name: value(legal),
            tax_id: value(tax_id),
            signs: contact(text),
            name,
        };
        paper.signs.insert(Sign::new(SignKind::Name, folded(&paper.name)));
        paper.signs.extend(paper.legal_name.as_deref().map(|n| Sign::new(SignKind::Name, folded(n))));
        paper.signs.extend(paper.tax_id.as_deref().map(|id| Sign::new(SignKind::TaxId, tax_id_key(id))));
        if fields.contains_key(&FieldName::Iban) {
            let ibans = Clues::of(fields, "").ibans;
            paper.signs.extend(ibans.into_iter().map(|iban| Sign::new(SignKind::Iban, iban)));
        }
        // Of a receipt only: an invoice prints two addresses.
        if let Some(address) = value(FieldName::MerchantAddress) {
            let whole = folded(&address);
            let lines = address_lines(text).into_iter().filter(|line| whole.contains(line.as_str()));
            paper.signs.extend(lines.map(|line| Sign::new(SignKind::Address, line)));
        }
        paper.leave_out(fields, theirs);
        Some(paper)
    }

    /// Takes out what is not the vendor's own.
    fn leave_out(&mut self, fields: &Fields, theirs: &Theirs) {
        let recipient = fields.get(&FieldName::RecipientTaxId).map(|f| f.value.to_string());
        let ids: BTreeSet<String> =
            theirs.tax_ids.iter().chain(recipient.iter()).map(|id| tax_id_key(id)).collect();
        if self.tax_id.as_deref().is_some_and(|id| ids.contains(&tax_id_key(id))) {
            self.tax_id = None;
        }
        let of_theirs: String = theirs.emails.iter().fold(String::new(), |all, mail| all + mail + "\n");
        let mut not_ours = contact(&of_theirs);
        let phones = theirs.phones.iter().map(|phone| format!("tel {}\n", canonical(phone)));
        not_ours.extend(contact(&phones.collect::<String>()));
        not_ours.extend(ids.into_iter().map(|id| Sign::new(SignKind::TaxId, id)));
        self.signs.retain(|sign| !not_ours.contains(sign));
    }
}

/// How a number looks, runs as one: `FV-2024/0012` as `A-9/9`.
pub(super) fn shape(number: &str) -> String {
    let mut shape = String::new();
    for c in number.chars().take(60) {
        let c = match c {
            c if c.is_ascii_digit() => '9',
            c if c.is_alphabetic() => 'A',
            c => c,
        };
        if !shape.ends_with(c) || !c.is_alphanumeric() {
            shape.push(c);
        }
    }
    shape
}
