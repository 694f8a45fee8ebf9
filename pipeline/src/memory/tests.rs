//! What memory says, and what it keeps silent about.

use super::*;
use crate::{
    fields::{Field, FieldName, Fields, Source},
    reading::{Outcome, Reading},
    reason::{Reason, ReasonCode},
    understand::scorer::Scorers,
};

const SLIP: &str = "PANADERIA EL SOL S.L.\nCalle Mayor 3, 41001 Sevilla\nNIF: B12345674\nTel: +34 954 000 111\n\
    www.panaderiaelsol.es\nTOTAL 4,00 EUR\nIVA 10 %";

fn fields(of: &[(FieldName, &str)]) -> Fields {
    let field = |value: &str| Field::unplaced(value, 0.5, Source::Ocr);
    of.iter().map(|(name, value)| (*name, field(value))).collect()
}

fn slip(of: &[(FieldName, &str)]) -> Paper {
    let mut all = vec![
        (FieldName::MerchantName, "Panadería El Sol"),
        (FieldName::MerchantTaxId, "B12345674"),
        (FieldName::MerchantAddress, "Calle Mayor 3, 41001 Sevilla"),
        (FieldName::Total, "4.00"),
    ];
    all.extend(of);
    Paper::of(Kind::Receipt, &fields(&all), SLIP, &Theirs::default()).unwrap()
}

fn of_text(text: &str, of: &[(FieldName, &str)]) -> Clues {
    Clues::of(&fields(of), text)
}

fn bill(iban: &str) -> Paper {
    let of = [
        (FieldName::IssuerName, "Aguas del Norte S.A."),
        (FieldName::IssuerTaxId, "B12345674"),
        (FieldName::Iban, iban),
    ];
    Paper::of(Kind::Invoice, &fields(&of), "", &Theirs::default()).unwrap()
}

const OLD: &str = "DE89370400440532013000";
const NEW: &str = "ES9121000418450200051332";

#[test]
fn a_known_vendor_is_recognised_by_any_strong_sign() {
    let papers = [slip(&[]), slip(&[])];
    for (text, by) in [
        ("Panaderia El Sol\nNIF B12345674\nTOTAL 3,00", SignKind::TaxId),
        ("P4N ... SOL\ntelefono 954 000 111\nwww.panaderiaelsol.es\nTOTAL 3,00", SignKind::Phone),
        ("PANADERIA EL SOL\nCalle Mayor 3, 41001 Sevilla\nTOTAL 3,00", SignKind::Address),
        ("Panaderia El Sol\nwww.panaderiaelsol.es\nTOTAL 3,00", SignKind::Domain),
    ] {
        let vendor = recall(Kind::Receipt, &of_text(text, &[]), &papers).vendor.expect(text);
        assert_eq!((vendor.name.as_str(), vendor.papers), ("Panadería El Sol", 2));
        assert_eq!(vendor.tax_id.as_deref(), Some("B12345674"));
        assert!(vendor.by.contains(&by), "{vendor:?}");
    }
}

#[test]
fn one_paper_does_not_vouch_nor_two_that_disagree() {
    let clues = of_text("", &[(FieldName::MerchantTaxId, "B12345674")]);
    assert_eq!(recall(Kind::Receipt, &clues, &[slip(&[])]), Recall::default());
    let other = slip(&[(FieldName::MerchantName, "El Sol Bar")]);
    assert_eq!(recall(Kind::Receipt, &clues, &[slip(&[]), other.clone()]).vendor, None);
    let three = [slip(&[]), other, slip(&[])];
    assert_eq!(recall(Kind::Receipt, &clues, &three).vendor.unwrap().papers, 2);
    assert_eq!(recall(Kind::Id, &clues, &three), Recall::default());
}

#[test]
fn one_sign_that_may_be_anothers_does_not_vouch() {
    let papers = [slip(&[]), slip(&[])];
    for text in ["www.panaderiaelsol.es", "tel 954 000 111", "Calle Mayor 3, 41001 Sevilla", "NIF B12345674"]
    {
        let clues = of_text(&format!("CAFE LUNA\n{text}"), &[]);
        assert_eq!(recall(Kind::Receipt, &clues, &papers).vendor, None, "{text}");
    }
    // The recipient is a vendor that is known: its name, tax id and phone stand on the bill, and it did not issue it.
    let text = "Gas S.A.\nPanaderia El Sol\nNIF B12345674\nTel 954 000 111\nwww.panaderiaelsol.es";
    let clues = of_text(text, &[(FieldName::IssuerName, "Gas S.A.")]);
    assert_eq!(recall(Kind::Invoice, &clues, &papers).vendor, None);
    // The phone and the mail of one customer stand on the invoices of all who write to it.
    let told = "Tel. 600 111 222\npagos@cliente.es";
    let of = [(FieldName::IssuerName, "Luz S.A.")];
    let paper = Paper::of(Kind::Invoice, &fields(&of), told, &Theirs::default()).unwrap();
    let clues = of_text(&format!("Gas S.A.\n{told}"), &[(FieldName::IssuerName, "Gas S.A.")]);
    assert_eq!(recall(Kind::Invoice, &clues, &[paper.clone(), paper]).vendor, None);
}

#[test]
fn a_contradiction_is_not_overridden_and_a_slip_of_the_reader_is() {
    let papers = [slip(&[]), slip(&[])];
    let text = "telefono 954 000 111\nwww.panaderiaelsol.es";
    let says = |id| recall(Kind::Receipt, &of_text(text, &[(FieldName::MerchantTaxId, id)]), &papers).vendor;
    assert_eq!(says("A58818501"), None, "another's, and it proves itself");
    assert!(says("B12345671").is_some(), "one digit misread");
    assert_eq!(says("99887766"), None, "something else altogether");
}

#[test]
fn what_one_paper_of_another_prints_too_is_no_sign() {
    let text = "tel 954 000 111\nwww.panaderiaelsol.es";
    let known = |papers: &[Paper]| recall(Kind::Receipt, &of_text(text, &[]), papers).vendor;
    assert!(known(&[slip(&[]), slip(&[])]).is_some());
    let other = slip(&[(FieldName::MerchantName, "Bar Luna"), (FieldName::MerchantTaxId, "A58818501")]);
    assert_eq!(known(&[slip(&[]), slip(&[]), other]), None);
}

#[test]
fn of_two_vendors_with_one_phone_neither_is_vouched_for() {
    let other = slip(&[(FieldName::MerchantName, "Bar Luna"), (FieldName::MerchantTaxId, "A58818501")]);
    let papers = [slip(&[]), slip(&[]), other.clone(), other];
    assert_eq!(recall(Kind::Receipt, &of_text("tel 954000111", &[]), &papers).vendor, None);
    let certain =
        recall(Kind::Receipt, &of_text("tel 954000111", &[(FieldName::MerchantTaxId, "A58818501")]), &papers)
            .vendor;
    assert_eq!(certain.unwrap().name, "Bar Luna");
}

#[test]
fn a_changed_account_always_holds() {
    let says = |of: &[(FieldName, &str)], papers: &[Paper]| {
        recall(Kind::Invoice, &of_text("", of), papers).changed_iban
    };
    let of = [(FieldName::IssuerName, "Aguas del Norte S.A."), (FieldName::Iban, NEW)];
    let changed = says(&of, &[bill(OLD)]).expect("one paper is enough to hold");
    assert_eq!((changed.old, changed.new), (vec![OLD.to_owned()], vec![NEW.to_owned()]));
    let renamed =
        [(FieldName::IssuerName, "A.d.N."), (FieldName::IssuerTaxId, "ES-B12345674"), (FieldName::Iban, NEW)];
    assert!(says(&renamed, &[bill(OLD)]).is_some(), "known by its tax id");
    assert_eq!(says(&of, &[bill(OLD), bill(NEW)]), None, "decided before");
    let same = [of[0], (FieldName::Iban, OLD)];
    assert_eq!(says(&same, &[bill(OLD)]), None);
    let another = [(FieldName::IssuerName, "Gas del Sur"), (FieldName::Iban, NEW)];
    assert_eq!(says(&another, &[bill(OLD)]), None);
    // A direct debit prints the customer's own.
    let printed = of_text("IBAN ES91 2100 0418 4502 0005 1332", &of[..1]);
    assert_eq!(recall(Kind::Invoice, &printed, &[bill(OLD)]).changed_iban, None);
}

#[test]
fn nothing_of_the_customer_is_remembered() {
    let text = "Luz S.A.  Tel. 900 100 200\nCliente: tel 600 111 222, ana@cliente.es NIF A58818501";
    let of = [
        (FieldName::IssuerName, "Luz S.A."),
        (FieldName::RecipientTaxId, "A58818501"),
        (FieldName::RecipientName, "Cliente S.A."),
        (FieldName::Total, "77.31"),
        (FieldName::Number, "FV-2024/0012"),
    ];
    let theirs = Theirs {
        phones: vec!["34600111222".into()],
        emails: vec!["ana@cliente.es".into()],
        tax_ids: vec!["A58818501".into()],
    };
    let paper = Paper::of(Kind::Invoice, &fields(&of), text, &theirs).unwrap();
    let signs: Vec<String> = paper.signs.iter().map(ToString::to_string).collect();
    assert_eq!(signs, ["phone:00100200", "name:luzsa"]);
    assert_eq!(paper.number_shape.as_deref(), Some("A-9/9"));
    for sign in &paper.signs {
        assert_eq!(&sign.to_string().parse::<Sign>().unwrap(), sign);
    }
    let own = [(FieldName::IssuerName, "Cliente S.A."), (FieldName::IssuerTaxId, "A58818501")];
    assert_eq!(Paper::of(Kind::Invoice, &fields(&own), "", &theirs).unwrap().tax_id, None);
    assert_eq!(Paper::of(Kind::Id, &fields(&own), text, &theirs), None);
}

/// A slip of which the party alone is doubtful.
fn doubtful() -> Reading {
    let mut reading = Reading::refused("image/jpeg", Reason::new(ReasonCode::Corrupt, ""));
    reading.kind = Some(Kind::Receipt);
    reading.confidence = 0.99;
    reading.fields = fields(&[
        (FieldName::MerchantName, "PANADERLA"),
        (FieldName::Date, "2024-03-12"),
        (FieldName::Total, "3.00"),
        (FieldName::Currency, "EUR"),
    ]);
    for (name, field) in &mut reading.fields {
        field.confidence = if *name == FieldName::MerchantName { 0.4 } else { 0.99 };
    }
    let detail = serde_json::json!({ "merchant_name": 0.4, "document": 0.4 });
    reading.reasons = vec![Reason::new(ReasonCode::LowConfidence, "").with("confidence", detail)];
    reading
}

#[test]
fn a_document_held_for_its_party_alone_is_filed() {
    let clues = of_text("telefono 954 000 111\nwww.panaderiaelsol.es", &[]);
    let recall = recall(Kind::Receipt, &clues, &[slip(&[]), slip(&[])]);
    let mut reading = doubtful();
    apply(&recall, &mut reading, Scorers::committed());
    assert_eq!((reading.outcome, reading.reasons.len()), (Outcome::Accepted, 0), "{:?}", reading.reasons);
    assert_eq!(reading.fields[&FieldName::MerchantName].value, "Panadería El Sol");
    assert_eq!(reading.fields[&FieldName::MerchantTaxId].value, "B12345674");

    let mut unsure = doubtful();
    unsure.fields.get_mut(&FieldName::Total).unwrap().confidence = 0.3;
    apply(&recall, &mut unsure, Scorers::committed());
    assert_eq!(unsure.outcome, Outcome::Review, "its total is doubtful, too");

    let mut nameless = doubtful();
    nameless.fields.remove(&FieldName::MerchantName);
    let missing = |names: &[&str]| Reason::new(ReasonCode::MissingFields, "").with("missing", names.to_vec());
    nameless.reasons.push(missing(&["merchant_name"]));
    apply(&recall, &mut nameless, Scorers::committed());
    assert_eq!(nameless.outcome, Outcome::Accepted, "{:?}", nameless.reasons);

    let mut undated = doubtful();
    undated.reasons = vec![missing(&["merchant_name", "date"])];
    undated.fields.remove(&FieldName::Date);
    apply(&recall, &mut undated, Scorers::committed());
    assert_eq!(undated.reasons[0].detail["missing"], serde_json::json!(["date"]));
}

#[test]
fn what_a_machine_wrote_stays_and_a_changed_account_holds_what_is_sure() {
    let clues = of_text("telefono 954 000 111\nwww.panaderiaelsol.es", &[]);
    let mut recalled = recall(Kind::Receipt, &clues, &[slip(&[]), slip(&[])]);
    let mut reading = doubtful();
    reading.fields.get_mut(&FieldName::MerchantName).unwrap().source = Source::Xml;
    apply(&recalled, &mut reading, Scorers::committed());
    assert_eq!(reading.fields[&FieldName::MerchantName].value, "PANADERLA");
    recalled.changed_iban =
        Some(ChangedIban { name: "El Sol".into(), old: vec![OLD.into()], new: vec![NEW.into()] });
    let mut reading = doubtful();
    apply(&recalled, &mut reading, Scorers::committed());
    assert_eq!((reading.outcome, reading.reasons[0].code), (Outcome::Review, ReasonCode::ChecksFailed));
    assert!(reading.reasons[0].fields().is_empty(), "no other value of a field makes it a known one");
    assert_eq!(
        (&reading.reasons[0].detail["left"], &reading.reasons[0].detail["right"]),
        (&OLD.into(), &NEW.into())
    );
}
