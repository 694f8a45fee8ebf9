//! UN/CEFACT Cross Industry Invoice: Factur-X, ZUGFeRD 1 and 2, XRechnung.

use super::{currency, date, put, put_amount, tree::Node};
use crate::fields::{FieldName, Fields};

/// ZUGFeRD 1 and 2 name the same things differently; the first name that is there counts.
fn first<'a>(node: &'a Node, names: &[&str]) -> Option<&'a Node> {
    names.iter().find_map(|n| node.child(n))
}

fn party(party: Option<&Node>) -> (Option<&str>, Option<&str>) {
    let Some(party) = party else { return (None, None) };
    let id = |scheme: &str| {
        party
            .all("SpecifiedTaxRegistration")
            .filter_map(|r| r.child("ID"))
            .find(|id| id.attribute("schemeID") == Some(scheme))
            .map(|id| id.text.as_str())
    };
    let name = party.text_at(&["Name"]);
    let legal = party.text_at(&["SpecifiedLegalOrganization", "TradingBusinessName"]);
    // VA is the VAT identifier, FC the local fiscal number (UNTDID 1153).
    (name.or(legal), id("VA").or_else(|| id("FC")).filter(|t| !t.is_empty()))
}

/// What the invoice says.
pub fn fields(root: &Node) -> Fields {
    let mut fields = Fields::new();
    let head = first(root, &["ExchangedDocument", "HeaderExchangedDocument"]);
    let trade = first(root, &["SupplyChainTradeTransaction", "SpecifiedSupplyChainTradeTransaction"]);
    if let Some(head) = head {
        put(&mut fields, FieldName::Number, head.text_at(&["ID"]));
        put(
            &mut fields,
            FieldName::IssueDate,
            head.text_at(&["IssueDateTime", "DateTimeString"]).and_then(date),
        );
    }
    let Some(trade) = trade else { return fields };
    let agreement = first(trade, &["ApplicableHeaderTradeAgreement", "ApplicableSupplyChainTradeAgreement"]);
    if let Some(agreement) = agreement {
        let (name, id) = party(agreement.child("SellerTradeParty"));
        put(&mut fields, FieldName::IssuerName, name);
        put(&mut fields, FieldName::IssuerTaxId, id);
        let (name, id) = party(agreement.child("BuyerTradeParty"));
        put(&mut fields, FieldName::RecipientName, name);
        put(&mut fields, FieldName::RecipientTaxId, id);
    }
    let settlement =
        first(trade, &["ApplicableHeaderTradeSettlement", "ApplicableSupplyChainTradeSettlement"]);
    if let Some(settlement) = settlement {
        money(settlement, &mut fields);
    }
    fields
}

fn money(settlement: &Node, fields: &mut Fields) {
    put(fields, FieldName::Currency, settlement.text_at(&["InvoiceCurrencyCode"]).and_then(currency));
    let due = settlement
        .all("SpecifiedTradePaymentTerms")
        .find_map(|t| t.text_at(&["DueDateDateTime", "DateTimeString"]));
    put(fields, FieldName::DueDate, due.and_then(date));
    let sums =
        ["SpecifiedTradeSettlementHeaderMonetarySummation", "SpecifiedTradeSettlementMonetarySummation"];
    if let Some(sums) = first(settlement, &sums) {
        put_amount(fields, FieldName::Total, sums.text_at(&["GrandTotalAmount"]));
        put_amount(fields, FieldName::Subtotal, sums.text_at(&["TaxBasisTotalAmount"]));
        // Tax may be told again in the accounting currency.
        let own = fields.get(&FieldName::Currency).map(|c| c.value.clone());
        let tax = sums
            .all("TaxTotalAmount")
            .find(|t| t.attribute("currencyID").is_none_or(|c| Some(c) == own.as_deref()));
        put_amount(fields, FieldName::Tax, tax.map(|t| t.text.as_str()));
    }
}
