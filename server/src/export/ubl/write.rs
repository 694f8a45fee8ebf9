//! An invoice as OASIS UBL 2.1 writes it, by EN 16931's binding (CEN/TS 16931-3-2).

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};

use super::{
    rules::percent,
    terms::{Invoice, InvoiceLine, Money, Party},
};

const SPECIFICATION: &str = "urn:cen.eu:en16931:2017";
const UBL: &str = "urn:oasis:names:specification:ubl:schema:xsd:";
/// UNCL 4461: the means of payment are not told.
const UNTOLD_MEANS: &str = "1";
/// UNCL 5189: a discount.
const DISCOUNT: &str = "95";

/// What is being written.
struct Xml(Writer<Vec<u8>>);

type Written = std::io::Result<()>;

/// A text without what XML 1.0 cannot hold.
fn legal(text: &str) -> String {
    let fits = |c: &char| {
        matches!(c, '\t' | '\n' | '\r') || !(c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}'))
    };
    text.chars().filter(fits).collect()
}

impl Xml {
    fn open(&mut self, name: &str) -> Written {
        self.0.write_event(Event::Start(BytesStart::new(name)))
    }

    fn close(&mut self, name: &str) -> Written {
        self.0.write_event(Event::End(BytesEnd::new(name)))
    }

    fn with(&mut self, name: &str, attribute: Option<(&str, &str)>, text: &str) -> Written {
        let mut start = BytesStart::new(name);
        if let Some(attribute) = attribute {
            start.push_attribute(attribute);
        }
        self.0.write_event(Event::Start(start))?;
        self.0.write_event(Event::Text(BytesText::new(&legal(text))))?;
        self.close(name)
    }

    fn text(&mut self, name: &str, text: &str) -> Written {
        self.with(name, None, text)
    }

    fn maybe(&mut self, name: &str, text: Option<&str>) -> Written {
        text.map_or(Ok(()), |text| self.text(name, text))
    }

    fn within(&mut self, names: &[&str], inner: impl FnOnce(&mut Self) -> Written) -> Written {
        for name in names {
            self.open(name)?;
        }
        inner(self)?;
        names.iter().rev().try_for_each(|name| self.close(name))
    }

    fn tax_scheme(&mut self, id: &str) -> Written {
        self.within(&["cac:TaxScheme"], |x| x.text("cbc:ID", id))
    }
}

/// The XML of an invoice.
pub(super) fn xml(invoice: &Invoice) -> std::io::Result<Vec<u8>> {
    let credit = invoice.type_code == "381";
    let root = if credit { "CreditNote" } else { "Invoice" };
    let mut x = Xml(Writer::new_with_indent(Vec::new(), b' ', 1));
    x.0.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let own = format!("{UBL}{root}-2");
    let [cac, cbc] = ["CommonAggregateComponents", "CommonBasicComponents"].map(|n| format!("{UBL}{n}-2"));
    let names = [("xmlns", own.as_str()), ("xmlns:cac", cac.as_str()), ("xmlns:cbc", cbc.as_str())];
    x.0.write_event(Event::Start(BytesStart::new(root).with_attributes(names)))?;
    head(&mut x, invoice, credit)?;
    party(&mut x, "cac:AccountingSupplierParty", &invoice.seller, true)?;
    party(&mut x, "cac:AccountingCustomerParty", &invoice.buyer, false)?;
    payment(&mut x, invoice, credit)?;
    sums(&mut x, invoice)?;
    for (number, line) in (1..).zip(&invoice.lines) {
        line_of(&mut x, number, line, &invoice.currency, credit)?;
    }
    x.close(root)?;
    Ok(x.0.into_inner())
}

fn head(x: &mut Xml, i: &Invoice, credit: bool) -> Written {
    x.text("cbc:CustomizationID", SPECIFICATION)?;
    x.text("cbc:ID", &i.number)?;
    x.text("cbc:IssueDate", &i.issue_date)?;
    if !credit {
        x.maybe("cbc:DueDate", i.due_date.as_deref())?;
    }
    x.text(if credit { "cbc:CreditNoteTypeCode" } else { "cbc:InvoiceTypeCode" }, i.type_code)?;
    x.text("cbc:DocumentCurrencyCode", &i.currency)?;
    match &i.order {
        Some(order) => x.within(&["cac:OrderReference"], |x| x.text("cbc:ID", order)),
        None => Ok(()),
    }
}

fn party(x: &mut Xml, role: &str, party: &Party, sells: bool) -> Written {
    x.within(&[role, "cac:Party"], |x| {
        if let Some(id) = &party.tax_id {
            x.within(&["cac:PartyIdentification"], |x| x.text("cbc:ID", id))?;
        }
        if let Some(name) = &party.trading_name {
            x.within(&["cac:PartyName"], |x| x.text("cbc:Name", name))?;
        }
        x.within(&["cac:PostalAddress", "cac:Country"], |x| {
            x.text("cbc:IdentificationCode", &party.country)
        })?;
        let tax = match (&party.vat_id, &party.tax_id) {
            (Some(vat), _) => Some((vat, "VAT")),
            // BT-32 is of whoever sells alone.
            (None, tax_id) => tax_id.as_ref().filter(|_| sells).map(|id| (id, "TAX")),
        };
        if let Some((id, scheme)) = tax {
            x.within(&["cac:PartyTaxScheme"], |x| {
                x.text("cbc:CompanyID", id)?;
                x.tax_scheme(scheme)
            })?;
        }
        x.within(&["cac:PartyLegalEntity"], |x| x.text("cbc:RegistrationName", &party.name))
    })
}

fn payment(x: &mut Xml, i: &Invoice, credit: bool) -> Written {
    let due = i.due_date.as_deref().filter(|_| credit);
    if i.iban.is_some() || i.payment_reference.is_some() || due.is_some() {
        x.within(&["cac:PaymentMeans"], |x| {
            x.text("cbc:PaymentMeansCode", UNTOLD_MEANS)?;
            x.maybe("cbc:PaymentDueDate", due)?;
            x.maybe("cbc:PaymentID", i.payment_reference.as_deref())?;
            match &i.iban {
                Some(iban) => x.within(&["cac:PayeeFinancialAccount"], |x| x.text("cbc:ID", iban)),
                None => Ok(()),
            }
        })?;
    }
    match &i.terms {
        Some(terms) => x.within(&["cac:PaymentTerms"], |x| x.text("cbc:Note", terms)),
        None => Ok(()),
    }
}

fn category(x: &mut Xml, name: &str, id: &str, rate: i128) -> Written {
    x.within(&[name], |x| {
        x.text("cbc:ID", id)?;
        x.text("cbc:Percent", &percent(rate))?;
        x.tax_scheme("VAT")
    })
}

fn sums(x: &mut Xml, i: &Invoice) -> Written {
    let money =
        |x: &mut Xml, name: &str, of: Money| x.with(name, Some(("currencyID", &i.currency)), &of.to_string());
    let some = |x: &mut Xml, name: &str, of: Money| if of.0 == 0 { Ok(()) } else { money(x, name, of) };
    if let Some(first) = i.breakdown.first().filter(|_| i.allowance.0 != 0) {
        x.within(&["cac:AllowanceCharge"], |x| {
            x.text("cbc:ChargeIndicator", "false")?;
            x.text("cbc:AllowanceChargeReasonCode", DISCOUNT)?;
            money(x, "cbc:Amount", i.allowance)?;
            category(x, "cac:TaxCategory", &first.category, first.rate)
        })?;
    }
    x.within(&["cac:TaxTotal"], |x| {
        money(x, "cbc:TaxAmount", i.tax)?;
        i.breakdown.iter().try_for_each(|part| {
            x.within(&["cac:TaxSubtotal"], |x| {
                money(x, "cbc:TaxableAmount", part.base)?;
                money(x, "cbc:TaxAmount", part.amount)?;
                category(x, "cac:TaxCategory", &part.category, part.rate)
            })
        })
    })?;
    x.within(&["cac:LegalMonetaryTotal"], |x| {
        money(x, "cbc:LineExtensionAmount", i.line_sum())?;
        money(x, "cbc:TaxExclusiveAmount", i.net)?;
        money(x, "cbc:TaxInclusiveAmount", i.gross)?;
        some(x, "cbc:AllowanceTotalAmount", i.allowance)?;
        some(x, "cbc:PrepaidAmount", i.paid)?;
        some(x, "cbc:PayableRoundingAmount", i.rounding)?;
        money(x, "cbc:PayableAmount", i.due)
    })
}

fn line_of(x: &mut Xml, number: u32, line: &InvoiceLine, currency: &str, credit: bool) -> Written {
    let (element, quantity) = if credit {
        ("cac:CreditNoteLine", "cbc:CreditedQuantity")
    } else {
        ("cac:InvoiceLine", "cbc:InvoicedQuantity")
    };
    let money = Some(("currencyID", currency));
    x.within(&[element], |x| {
        x.text("cbc:ID", &number.to_string())?;
        x.with(quantity, Some(("unitCode", &line.unit)), &line.quantity.to_string())?;
        x.with("cbc:LineExtensionAmount", money, &line.net.to_string())?;
        x.within(&["cac:Item"], |x| {
            x.text("cbc:Name", &line.name)?;
            category(x, "cac:ClassifiedTaxCategory", &line.category, line.rate)
        })?;
        x.within(&["cac:Price"], |x| x.with("cbc:PriceAmount", money, &line.price.to_string()))
    })
}
