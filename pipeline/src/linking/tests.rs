//! Whose a document is, by clues of every strength.

use super::*;
use crate::fields::{Field, Source};

fn known(id: u8, name: &str) -> Known<u8> {
    Known {
        id,
        name: name.into(),
        is_sender: false,
        phones: vec![],
        tax_ids: vec![],
        id_numbers: vec![],
        emails: vec![],
        named: vec![],
    }
}

#[test]
fn what_the_sender_wrote_links_where_nothing_stronger_does() {
    let mut ana = known(1, "Ana Núñez");
    ana.named = vec!["C-1042".into()];
    let mut acme = known(2, "Acme S.A.");
    acme.tax_ids = vec!["B-12345678".into()];
    let said = Clues { said: vec!["c1042".into()], ..Clues::default() };
    assert_eq!(linked_to(&said, &[ana.clone(), acme.clone()]), Some((1, Clue::Said)));
    let read = Clues { tax_ids: vec!["b12345678".into()], ..said.clone() };
    assert_eq!(linked_to(&read, &[ana.clone(), acme.clone()]), Some((2, Clue::TaxId)), "the paper says more");
    let mut both = acme;
    both.named = vec!["c1042".into()];
    assert_eq!(linked_to(&said, &[ana, both]), None, "and of two a person chooses");
}

fn linked_to(clues: &Clues, known: &[Known<u8>]) -> Option<(u8, Clue)> {
    match link(clues, known) {
        Linked::To(candidate) => Some((candidate.id, candidate.clue)),
        _ => None,
    }
}

fn phone(number: &str) -> Clues {
    Clues { phones: vec![number.into()], ..Clues::default() }
}

#[test]
fn clues_are_taken_from_the_kind_they_belong_to() {
    let field = |value: &str| Field::unplaced(value, 1.0, Source::Ocr);
    let fields = Fields::from([
        (FieldName::IssuerTaxId, field("B-12.345.678")),
        (FieldName::MerchantTaxId, field("A99")),
        (FieldName::DocumentNumber, field("12345678-Z")),
        (FieldName::GivenNames, field("Ana María")),
        (FieldName::Surname, field("Núñez")),
    ]);
    let invoice = Clues::of(Kind::Invoice, &fields, "pagos: Ana@Example.COM, @x y a@b", &["+34 600".into()]);
    assert_eq!(invoice.tax_ids, ["b12345678"]);
    assert_eq!(invoice.emails, ["ana@example.com"]);
    assert_eq!(invoice.phones, ["34600"]);
    assert!(Clues::of(Kind::Receipt, &fields, "", &[]).tax_ids.is_empty(), "a shop is not the customer");
    let id = Clues::of(Kind::Id, &fields, "", &[]);
    assert_eq!((id.id_numbers, id.names), (vec!["12345678z".to_owned()], vec!["Ana María Núñez".to_owned()]));
}

#[test]
fn the_strongest_clue_links() {
    let mut ana = known(1, "Ana Núñez");
    ana.phones = vec!["+34 600 111 222".into()];
    let mut acme = known(2, "Acme S.A.");
    acme.tax_ids = vec!["B-12345678".into()];
    acme.emails = vec!["Pagos@Acme.example".into()];
    let all = [ana, acme];
    assert_eq!(linked_to(&phone("34600111222"), &all), Some((1, Clue::Sender)));
    let by_tax_id = Clues { tax_ids: vec!["b12345678".into()], ..Clues::default() };
    assert_eq!(linked_to(&by_tax_id, &all), Some((2, Clue::TaxId)));
    let by_email = Clues { emails: vec!["pagos@acme.example".into()], ..Clues::default() };
    assert_eq!(linked_to(&by_email, &all), Some((2, Clue::Email)));
    let both = Clues { tax_ids: vec!["b12345678".into()], ..phone("34600111222") };
    assert_eq!(linked_to(&both, &all), Some((1, Clue::Sender)), "the sender has no tax id to contradict it");
}

#[test]
fn several_are_narrowed_by_weaker_clues_or_left_to_a_person() {
    let mut one = known(1, "Hermanos López");
    let mut two = known(2, "Transportes López");
    one.phones = vec!["34600".into()];
    two.phones = vec!["34600".into()];
    two.tax_ids = vec!["B1".into()];
    let all = [one, two];
    let Linked::Several(candidates) = link(&phone("34600"), &all) else { panic!("should be several") };
    assert_eq!(candidates.len(), 2);
    let narrower = Clues { tax_ids: vec!["b1".into()], ..phone("34600") };
    assert_eq!(linked_to(&narrower, &all).map(|(id, _)| id), Some(2));
    let named = Clues { names: vec!["TRANSPORTES LOPEZ SL".into()], ..phone("34600") };
    assert_eq!(linked_to(&named, &all).map(|(id, _)| id), Some(2));
}

#[test]
fn anothers_identifier_is_never_filed_under_the_sender() {
    let mut sender = known(1, "Ana");
    sender.is_sender = true;
    sender.id_numbers = vec!["11111111H".into()];
    let mut other = known(2, "Beatriz");
    other.id_numbers = vec!["22222222J".into()];
    let clues = Clues { id_numbers: vec!["22222222j".into()], ..Clues::default() };
    let Linked::Several(candidates) = link(&clues, &[sender, other]) else {
        panic!("filed under the sender")
    };
    assert_eq!(candidates.iter().map(|c| c.id).collect::<Vec<_>>(), [1, 2]);
    let reason = Linked::Several(candidates).reason().expect("a reason");
    assert_eq!(reason.code, ReasonCode::AmbiguousCustomer);
    assert_eq!(reason.detail["candidates"][1]["clue"], "id_number");
}

#[test]
fn names_are_alike_in_spite_of_accents_forms_and_order() {
    for (a, b) in [
        ("Panadería Núñez, S.L.", "PANADERIA NUNEZ SL"),
        ("García López, Ana", "Ana García López"),
        ("Comercial del Norte S.A. de C.V.", "Comercial Norte SA"),
    ] {
        assert!(alike(a, b) >= SURE, "{a} / {b}: {}", alike(a, b));
    }
    for (a, b) in [
        ("Panadería Núñez", "Panadería Muñoz"),
        ("Transportes López", "Hermanos López"),
        ("Ana", "Ana"),
        ("S.A.", "S.A."),
        ("", ""),
    ] {
        assert!(alike(a, b) < SURE, "{a} / {b}: {}", alike(a, b));
    }
}

#[test]
fn two_names_too_near_each_other_are_a_persons_to_decide() {
    let clues = Clues { names: vec!["Distribuidora Andina".into()], ..Clues::default() };
    let both = [known(1, "Distribuidora Andina SA"), known(2, "Distribuidora Andina SAC")];
    assert!(matches!(link(&clues, &both), Linked::Several(_)));
    assert_eq!(linked_to(&clues, &both[..1]), Some((1, Clue::Name)));
    assert_eq!(link(&clues, &[known(3, "Otra Cosa SL")]), Linked::Nobody);
    assert_eq!(Linked::<u8>::Nobody.reason().map(|r| r.code), Some(ReasonCode::UnknownCustomer));
}
