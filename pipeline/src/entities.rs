//! Who *we* are, as evidence for roles: a tax id or a name of ours on a bill is its buyer's, unless it is its issuer's.

use crate::{
    document::{Kind, words},
    fields::{FieldName, Fields},
    linking::folded,
    memory::{Clues, Sign},
};

words! {
    /// Which way the money goes.
    Direction, "direction" {
        /// We are to pay.
        Payable = "payable",
        /// We are to be paid.
        Receivable = "receivable",
    }
}

/// One of the firms that we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity<Id> {
    /// Which.
    pub id: Id,
    /// As registered.
    pub name: String,
    /// In any form.
    pub tax_ids: Vec<String>,
    /// At Meta: where documents for it come in.
    pub phone_number_ids: Vec<String>,
}

/// Whose of us a document is, and which way its money goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side<Id> {
    /// Which of us; none where nothing says so.
    pub entity: Option<Id>,
    /// None where nothing says so.
    pub direction: Option<Direction>,
}

impl<Id> Entity<Id> {
    fn is(&self, name: Option<&str>, tax_id: Option<&str>) -> bool {
        match tax_id {
            // A tax id says more than a name: a branch, a namesake.
            Some(id) if !self.tax_ids.is_empty() => {
                self.tax_ids.iter().any(|own| Sign::tax_id(own) == Sign::tax_id(id))
            }
            _ => name.is_some_and(|name| folded(name) == folded(&self.name)),
        }
    }
}

/// Whether the issuer that was read is one of us, though nobody is named as the buyer: then we may be the buyer.
#[must_use]
pub fn is_doubtful<Id>(fields: &Fields, ours: &[Entity<Id>]) -> bool {
    let read = |name: FieldName| fields.get(&name).map(|f| f.value.as_str());
    let issuer = [read(FieldName::IssuerName), read(FieldName::IssuerTaxId)];
    let buyer = [FieldName::RecipientName, FieldName::RecipientTaxId].into_iter().find_map(read);
    buyer.is_none() && ours.iter().any(|one| one.is(issuer[0], issuer[1]))
}

/// Says whose a bill is. `number` is the number of ours that it came to; of what is no bill only that speaks.
#[must_use]
pub fn side<Id: Copy + PartialEq>(
    kind: Kind,
    fields: &Fields,
    text: &str,
    number: Option<&str>,
    ours: &[Entity<Id>],
) -> Side<Id> {
    let called = ours.iter().find(|one| one.phone_number_ids.iter().any(|n| Some(n.as_str()) == number));
    let by_number = Side { entity: called.map(|one| one.id), direction: None };
    if !matches!(kind, Kind::Invoice | Kind::Receipt) {
        return by_number;
    }
    let read = |names: &[FieldName]| names.iter().find_map(|n| fields.get(n)).map(|f| f.value.as_str());
    let issuer = [
        read(&[FieldName::IssuerName, FieldName::MerchantName]),
        read(&[FieldName::IssuerTaxId, FieldName::MerchantTaxId]),
    ];
    let buyer = [read(&[FieldName::RecipientName]), read(&[FieldName::RecipientTaxId])];
    let issues = ours.iter().find(|one| one.is(issuer[0], issuer[1]));
    let buys = ours.iter().find(|one| one.is(buyer[0], buyer[1]));
    let as_buyer = |one: &Entity<Id>| Side { entity: Some(one.id), direction: Some(Direction::Payable) };
    let as_issuer = |one: &Entity<Id>| Side { entity: Some(one.id), direction: Some(Direction::Receivable) };
    match (issues, buys) {
        // Between two of us it is whose number it came to.
        (Some(_), Some(buys)) if called.is_some_and(|c| c.id == buys.id) => as_buyer(buys),
        (Some(issues), _) => as_issuer(issues),
        (None, Some(buys)) => as_buyer(buys),
        (None, None) => {
            let clues = Clues::of(fields, text);
            let printed =
                |one: &&Entity<Id>| one.tax_ids.iter().any(|id| clues.signs.contains(&Sign::tax_id(id)));
            // An unlabelled tax id of ours on somebody else's bill.
            ours.iter().find(printed).map_or(by_number, as_buyer)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::{Field, Source};

    fn fields(of: &[(FieldName, &str)]) -> Fields {
        let field = |value: &str| Field::unplaced(value, 0.9, Source::Ocr);
        of.iter().map(|(name, value)| (*name, field(value))).collect()
    }

    fn ours() -> Vec<Entity<u8>> {
        let one = |id, name: &str, tax_id: &str, number: &str| Entity {
            id,
            name: name.to_owned(),
            tax_ids: vec![tax_id.to_owned()],
            phone_number_ids: vec![number.to_owned()],
        };
        vec![one(1, "Nuestra S.L.", "B-12345674", "n1"), one(2, "Otra S.A.", "A58818501", "n2")]
    }

    fn of(
        kind: Kind,
        read: &[(FieldName, &str)],
        text: &str,
        number: &str,
    ) -> (Option<u8>, Option<Direction>) {
        let side = side(kind, &fields(read), text, Some(number), &ours());
        (side.entity, side.direction)
    }

    #[test]
    fn ours_on_a_bill_is_the_buyer_unless_it_is_the_issuer() {
        use Direction::{Payable, Receivable};
        use FieldName::{IssuerName, IssuerTaxId, MerchantName, RecipientName, RecipientTaxId};
        let bill = Kind::Invoice;
        let luz = (IssuerName, "Luz S.A.");
        assert_eq!(of(bill, &[luz, (RecipientTaxId, "ESB12345674")], "", "-"), (Some(1), Some(Payable)));
        assert_eq!(of(bill, &[luz, (RecipientName, "NUESTRA, S.L.")], "", "-"), (Some(1), Some(Payable)));
        assert_eq!(of(bill, &[luz], "NIF cliente B12345674", "-"), (Some(1), Some(Payable)));
        assert_eq!(of(bill, &[(IssuerTaxId, "B12345674")], "", "-"), (Some(1), Some(Receivable)));
        let namesake = [(IssuerName, "Nuestra S.L."), (IssuerTaxId, "B99999999")];
        assert_eq!(of(bill, &namesake, "", "n2"), (Some(2), None), "its tax id is another's");
        let between = [(IssuerTaxId, "B12345674"), (RecipientTaxId, "A58818501")];
        assert_eq!(of(bill, &between, "", "n1"), (Some(1), Some(Receivable)));
        assert_eq!(of(bill, &between, "", "n2"), (Some(2), Some(Payable)));
        let slip = [(MerchantName, "Bar Luna")];
        assert_eq!(of(Kind::Receipt, &slip, "TOTAL 4,00", "n1"), (Some(1), None));
        assert_eq!(of(Kind::Id, &[], "B12345674", "n1"), (Some(1), None));
        assert_eq!(of(Kind::Receipt, &slip, "", "-"), (None, None));
    }

    #[test]
    fn an_issuer_of_ours_without_a_buyer_is_doubtful() {
        let us = (FieldName::IssuerTaxId, "B12345674");
        assert!(is_doubtful(&fields(&[us]), &ours()));
        assert!(!is_doubtful(&fields(&[us, (FieldName::RecipientName, "Ana")]), &ours()));
        assert!(!is_doubtful(&fields(&[(FieldName::IssuerName, "Luz")]), &ours()));
    }
}
