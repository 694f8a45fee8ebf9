use std::collections::BTreeSet;

use acuse_pipeline::{
    document::Kind,
    fields::{Entry, Field, FieldName, Fields, Source, Value},
    understand::formats::einvoice,
};
use acuse_storage::{
    DocumentId,
    export::{Around, Exact, Line},
};
use time::macros::{date, datetime};

use super::{
    Stated,
    rules::broken,
    terms::{Against, Breakdown, Invoice, Money, Told},
    write::xml,
};

fn stated() -> Stated {
    let text = r#"{"unit_code":"C62","country":"ES","vat_categories":{"0":"Z"}}"#;
    let stated: Stated = serde_json::from_str(text).unwrap();
    stated.check().unwrap();
    stated
}

fn texts(all: &[(FieldName, &str)]) -> Fields {
    let field = |value: &str| Field::unplaced(value, 0.99, Source::Ocr);
    all.iter().map(|(name, value)| (*name, field(value))).collect()
}

fn list(entries: Vec<Entry>) -> Field {
    Field::unplaced(Value::List(entries), 0.99, Source::Ocr)
}

fn item(name: &str, quantity: &str, price: &str, amount: &str, rate: Option<&str>) -> Entry {
    let some = |text: &str| Some(text.to_owned());
    Entry {
        description: some(name),
        quantity: some(quantity),
        unit_price: some(price),
        amount: some(amount),
        rate: rate.map(str::to_owned),
        ..Entry::default()
    }
}

fn tax(rate: &str, base: &str, amount: &str) -> Entry {
    let some = |text: &str| Some(text.to_owned());
    Entry {
        tax_type: some("IVA"),
        rate: some(rate),
        base: some(base),
        amount: some(amount),
        ..Entry::default()
    }
}

/// A paper that says everything, with two rates.
fn paper() -> Fields {
    use FieldName::*;
    let mut fields = texts(&[
        (Type, "invoice"),
        (IssuerName, "Ferretería <Ruiz> & Cía"),
        (IssuerLegalName, "Ruiz e Hijos, S.L."),
        (IssuerTaxId, "ESB12345674"),
        (RecipientName, "Obras del Sur, S.A."),
        (RecipientTaxId, "A-87654321"),
        (Number, "F-2026/001"),
        (OrderNumber, "P-77"),
        (IssueDate, "2026-03-02"),
        (DueDate, "2026-04-01"),
        (Currency, "EUR"),
        (Subtotal, "130.00"),
        (Tax, "24.00"),
        (Total, "154.00"),
        (PaymentReference, "F-2026-001"),
        (Iban, "ES9121000418450200051332"),
    ]);
    fields.insert(Taxes, list(vec![tax("21", "100.00", "21.00"), tax("10", "30.00", "3.00")]));
    fields.insert(
        LineItems,
        list(vec![
            item("Taladro", "2", "50.00", "100.00", Some("21")),
            item("Libro", "1", "30.00", "30.00", Some("10")),
        ]),
    );
    fields
}

fn line(fields: &Fields) -> Line {
    let around = Around {
        document_id: DocumentId(uuid::Uuid::nil()),
        version: 1,
        kind: Kind::Invoice,
        customer_id: None,
        entity_id: None,
        direction: None,
        source: acuse_storage::names::Source::Api,
        received_at: datetime!(2026-03-02 10:00 UTC),
        filed_at: None,
    };
    Line::of(around, fields)
}

fn told(fields: &Fields, stated: &Stated) -> Result<Invoice, Against> {
    Told { line: &line(fields), fields, stated }.invoice()
}

fn sound() -> Invoice {
    let invoice = told(&paper(), &stated()).unwrap_or_else(|against| panic!("{against:?}"));
    assert_eq!(broken(&invoice), [], "the sound one");
    invoice
}

/// What our own reader makes of an XML that we wrote.
fn read(xml: &[u8]) -> Fields {
    match einvoice::read(xml, date!(2026 - 05 - 01)) {
        Some(einvoice::Attached::Invoice(found)) => {
            assert_eq!(found.reasons, [], "{}", String::from_utf8_lossy(xml));
            found.fields
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_written_is_read_as_the_same() {
    let fields = paper();
    let back = read(&xml(&sound()).unwrap());
    for name in [
        FieldName::Type,
        FieldName::Number,
        FieldName::IssueDate,
        FieldName::DueDate,
        FieldName::Currency,
        FieldName::OrderNumber,
        FieldName::IssuerLegalName,
        FieldName::IssuerTaxId,
        FieldName::RecipientName,
        FieldName::RecipientTaxId,
        FieldName::Subtotal,
        FieldName::Tax,
        FieldName::Total,
        FieldName::Iban,
        FieldName::PaymentReference,
    ] {
        let text = |fields: &Fields| fields.get(&name).map(|f| f.value.as_str().to_owned());
        // A buyer's number without its country is no VAT identifier; the reader takes it all the same.
        assert_eq!(text(&back), text(&fields), "{name}");
    }
    assert_eq!(back[&FieldName::LineItems].value.entries().len(), 2);
}

#[test]
fn a_credit_note_is_written_with_positive_amounts() {
    let mut fields = paper();
    fields.extend(texts(&[(FieldName::Type, "credit_note")]));
    let invoice = told(&fields, &stated()).unwrap();
    assert_eq!((invoice.type_code, invoice.gross), ("381", Money(15_400)));
    assert_eq!(broken(&invoice), []);
    let text = String::from_utf8(xml(&invoice).unwrap()).unwrap();
    assert!(
        text.contains("<CreditNote ") && text.contains("CreditedQuantity") && !text.contains("-154"),
        "{text}"
    );
    let back = read(text.as_bytes());
    assert_eq!(back[&FieldName::Type].value, "credit_note");
    assert_eq!(back[&FieldName::Total].value, "-154.00");
    assert_eq!(back[&FieldName::DueDate].value, "2026-04-01", "where a credit note has it");
}

/// What came as XML has no page: from it the same is written again, once and for all.
#[test]
fn a_credit_note_that_came_as_xml_is_written_as_it_came() {
    let mut fields = paper();
    fields.extend(texts(&[(FieldName::Type, "credit_note")]));
    let first = xml(&told(&fields, &stated()).unwrap()).unwrap();
    let back = read(&first);
    assert!(back.values().all(|field| field.page.is_none() && field.source == Source::Xml), "{back:?}");
    let again = told(&back, &stated()).unwrap_or_else(|against| panic!("{against:?}"));
    assert_eq!((again.type_code, broken(&again)), ("381", vec![]));
    let (first, second) =
        (String::from_utf8(first).unwrap(), String::from_utf8(xml(&again).unwrap()).unwrap());
    for part in
        ["cac:CreditNoteLine", "cac:LegalMonetaryTotal", "cac:TaxTotal", "cac:AccountingCustomerParty"]
    {
        let of = |text: &str| text.split(&format!("<{part}>")).skip(1).map(str::to_owned).collect::<Vec<_>>();
        let ends = |all: Vec<String>| -> Vec<String> {
            all.iter().map(|t| t.split(&format!("</{part}>")).next().unwrap_or_default().to_owned()).collect()
        };
        assert_eq!(ends(of(&second)), ends(of(&first)), "{part}");
    }
}

/// Each term, and the field whose absence makes it missing.
#[test]
fn what_is_missing_is_named_and_nothing_is_invented() {
    use FieldName::*;
    for (gone, term) in [
        (Type, "BT-3"),
        (Number, "BT-1"),
        (IssueDate, "BT-2"),
        (Currency, "BT-5"),
        (RecipientName, "BT-44"),
        (Subtotal, "BT-109"),
        (Total, "BT-112"),
        (LineItems, "BT-126"),
        (Taxes, "BT-116"),
    ] {
        let mut fields = paper();
        fields.remove(&gone);
        let against = told(&fields, &stated()).unwrap_err();
        assert!(against.missing.iter().any(|m| m.term == term), "{gone}: {against:?}");
        assert!(against.missing.iter().all(|m| m.rule.starts_with("BR-")), "{against:?}");
    }
    let mut fields = paper();
    fields.remove(&IssuerName);
    fields.remove(&IssuerLegalName);
    assert_eq!(told(&fields, &stated()).unwrap_err().missing[0].term, "BT-27");
    // With nothing stated, what no paper says is missing, all of it at once.
    let against = told(&paper(), &Stated::default()).unwrap_err();
    let terms: Vec<_> = against.missing.iter().map(|m| m.term).collect();
    assert_eq!(terms, ["BT-40", "BT-55", "BT-130"]);
    for (entry, term) in [
        (Entry { description: None, ..item("x", "1", "1", "1", Some("21")) }, "BT-153"),
        (Entry { quantity: None, ..item("x", "1", "1", "1", Some("21")) }, "BT-129"),
        (Entry { unit_price: None, ..item("x", "1", "1", "1", Some("21")) }, "BT-146"),
        (Entry { amount: None, ..item("x", "1", "1", "1", Some("21")) }, "BT-131"),
        (item("x", "1", "1", "1", None), "BT-151"),
    ] {
        let mut fields = paper();
        fields.insert(LineItems, list(vec![entry]));
        let against = told(&fields, &stated()).unwrap_err();
        assert_eq!(against.missing.iter().map(|m| m.term).collect::<Vec<_>>(), [term]);
    }
    for (entry, term) in [
        (Entry { rate: None, ..tax("21", "100.00", "21.00") }, "BT-119"),
        (Entry { tax_type: Some("Ecotasa".into()), ..tax("21", "100.00", "21.00") }, "BT-118"),
        (Entry { base: None, ..tax("21", "100.00", "21.00") }, "BT-116"),
        (Entry { amount: None, ..tax("21", "100.00", "21.00") }, "BT-117"),
    ] {
        let mut fields = paper();
        fields.insert(Taxes, list(vec![entry, tax("10", "30.00", "3.00")]));
        let against = told(&fields, &stated()).unwrap_err();
        assert!(against.missing.iter().any(|m| m.term == term), "{term}: {against:?}");
    }
}

/// Each rule that an invoice of ours can break, broken by itself.
#[test]
fn every_rule_that_can_be_broken_is_told_by_its_id() {
    type Harm = fn(&mut Invoice);
    let zero: Harm = |i| {
        i.breakdown[1] = Breakdown { category: "Z".into(), rate: 0, base: Money(3_000), amount: Money(300) };
        (i.lines[1].category, i.lines[1].rate) = ("Z".into(), 0);
    };
    let of = |category: &'static str| {
        move |i: &mut Invoice| {
            i.lines[0].category = category.into();
            i.breakdown[0].category = category.into();
        }
    };
    let (igic, ipsi) = (of("L"), of("M"));
    type Broken<'a> = (&'a str, &'a dyn Fn(&mut Invoice));
    let harms: &[Broken<'_>] = &[
        ("BR-CO-13", &|i| i.net.0 += 1),
        ("BR-CO-14", &|i| i.tax.0 += 1),
        ("BR-CO-15", &|i| i.gross.0 += 1),
        ("BR-CO-16", &|i| i.due.0 += 1),
        ("BR-CO-17", &|i| i.breakdown[0].amount.0 += 100),
        ("BR-CO-18", &|i| i.breakdown.clear()),
        ("BR-CL-04", &|i| i.currency = "EUX".into()),
        ("BR-S-01", &|i| i.breakdown.iter_mut().for_each(|b| b.category = "L".into())),
        ("BR-CO-25", &|i| i.due_date = None),
        ("BR-CO-26", &|i| i.seller.tax_id = None),
        ("BR-S-02", &|i| i.seller.tax_id = None),
        ("BR-S-03", &|i| (i.seller.tax_id, i.allowance) = (None, Money(100))),
        ("BR-S-05", &|i| i.lines[0].rate = 0),
        ("BR-S-06", &|i| (i.breakdown[0].rate, i.allowance) = (0, Money(100))),
        ("BR-S-08", &|i| i.breakdown[0].base.0 += 1),
        ("BR-S-08", &|i| i.lines[0].rate = 4_000),
        ("BR-S-09", &|i| i.breakdown[0].amount.0 += 100),
        ("BR-Z-01", &|i| {
            zero(i);
            let again = i.breakdown[1].clone();
            i.breakdown.push(again);
        }),
        ("BR-Z-02", &|i| {
            zero(i);
            i.seller.tax_id = None;
        }),
        ("BR-Z-03", &|i| {
            zero(i);
            i.breakdown.reverse();
            (i.seller.tax_id, i.allowance) = (None, Money(100));
        }),
        ("BR-Z-05", &|i| {
            zero(i);
            i.lines[1].rate = 1_000;
        }),
        ("BR-Z-06", &|i| {
            zero(i);
            i.breakdown.reverse();
            (i.breakdown[0].rate, i.allowance) = (1_000, Money(100));
        }),
        ("BR-Z-08", &|i| {
            zero(i);
            i.breakdown[1].base.0 += 1;
        }),
        ("BR-Z-09", &zero),
        ("BR-IG-02", &|i| {
            igic(i);
            i.seller.tax_id = None;
        }),
        ("BR-IG-01", &|i| i.lines[0].category = "L".into()),
        ("BR-IG-03", &|i| {
            igic(i);
            (i.seller.tax_id, i.allowance) = (None, Money(100));
        }),
        ("BR-IG-05", &|i| {
            igic(i);
            i.lines[0].rate = -1;
        }),
        ("BR-IG-06", &|i| {
            igic(i);
            (i.breakdown[0].rate, i.allowance) = (-1, Money(100));
        }),
        ("BR-IG-09", &|i| {
            igic(i);
            i.breakdown[0].amount.0 += 100;
        }),
        ("BR-IG-08", &|i| {
            igic(i);
            i.breakdown[0].base.0 += 1;
        }),
        ("BR-IP-02", &|i| {
            ipsi(i);
            i.seller.tax_id = None;
        }),
        ("BR-IP-01", &|i| i.lines[0].category = "M".into()),
        ("BR-IP-03", &|i| {
            ipsi(i);
            (i.seller.tax_id, i.allowance) = (None, Money(100));
        }),
        ("BR-IP-05", &|i| {
            ipsi(i);
            i.lines[0].rate = -1;
        }),
        ("BR-IP-06", &|i| {
            ipsi(i);
            (i.breakdown[0].rate, i.allowance) = (-1, Money(100));
        }),
        ("BR-IP-09", &|i| {
            ipsi(i);
            i.breakdown[0].amount.0 += 100;
        }),
        ("BR-IP-08", &|i| {
            ipsi(i);
            i.breakdown[0].base.0 += 1;
        }),
        ("BR-27", &|i| i.lines[0].price = -i.lines[0].price),
        ("BR-31", &|i| i.allowance = Money(-100)),
        ("BR-32", &|i| i.allowance = Money(100)),
        ("PEPPOL-EN16931-R120", &|i| i.lines[0].price = Exact::parse("60.50").unwrap()),
    ];
    for (rule, harm) in harms {
        let mut invoice = sound();
        harm(&mut invoice);
        let told = broken(&invoice);
        assert!(told.iter().any(|b| b.rule == *rule), "{rule}: {told:?}");
    }
    // Those that a term's text breaks before there is an invoice.
    use FieldName::*;
    for (name, rule) in [
        (Subtotal, "BR-DEC-12"),
        (Tax, "BR-DEC-13"),
        (Total, "BR-DEC-14"),
        (Paid, "BR-DEC-16"),
        (Rounding, "BR-DEC-17"),
        (AmountDue, "BR-DEC-18"),
        (Discount, "BR-DEC-10"),
        (Withheld, "BR-CO-16"),
    ] {
        let mut fields = paper();
        fields.extend(texts(&[(name, "1.005")]));
        let against = told(&fields, &stated()).unwrap_err();
        assert_eq!(against.broken.iter().map(|b| b.rule).collect::<Vec<_>>(), [rule], "{name}");
    }
    let mut fields = paper();
    fields.insert(Taxes, list(vec![tax("21", "100.001", "21.001")]));
    fields.insert(LineItems, list(vec![item("x", "1", "100.001", "100.001", None)]));
    let rules: BTreeSet<_> = told(&fields, &stated()).unwrap_err().broken.iter().map(|b| b.rule).collect();
    assert_eq!(rules, BTreeSet::from(["BR-DEC-19", "BR-DEC-20", "BR-DEC-23"]));
}

#[test]
fn a_discount_that_the_lines_are_without_is_written_once() {
    let mut fields = paper();
    fields.insert(FieldName::Taxes, list(vec![tax("21", "100.00", "21.00")]));
    fields.insert(FieldName::LineItems, list(vec![item("Taladro", "2", "60.00", "120.00", None)]));
    fields.extend(texts(&[
        (FieldName::Subtotal, "100.00"),
        (FieldName::Discount, "20.00"),
        (FieldName::Tax, "21.00"),
        (FieldName::Total, "121.00"),
    ]));
    let invoice = told(&fields, &stated()).unwrap();
    assert_eq!((invoice.allowance, broken(&invoice)), (Money(2_000), vec![]));
    assert!(String::from_utf8(xml(&invoice).unwrap()).unwrap().contains("AllowanceTotalAmount"));
    fields.insert(FieldName::LineItems, list(vec![item("Taladro", "2", "50.00", "100.00", None)]));
    let invoice = told(&fields, &stated()).unwrap();
    assert_eq!((invoice.allowance, broken(&invoice)), (Money(0), vec![]), "the lines are without it already");
}
