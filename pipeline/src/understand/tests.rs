//! What speaks outright, beside what a page says.

use time::macros::date;

use super::{paper::photo, *};
use crate::{
    reading::{Attachment, Barcode},
    reason::ReasonCode,
};

const TODAY: Date = date!(2026 - 11 - 28);
const NFE: &str = include_str!("formats/einvoice/samples/nfe.xml");
const NFCE: &str = include_str!("formats/einvoice/samples/nfce.xml");

fn with_xml(mut evidence: Evidence, xml: &str) -> Understanding {
    evidence.attachments.push(Attachment { name: "f.xml".to_owned(), bytes: xml.as_bytes().to_vec() });
    understand_on(&evidence, &Limits::default(), TODAY)
}

fn codes(understood: &Understanding) -> Vec<ReasonCode> {
    understood.reasons.iter().map(|r| r.code).collect()
}

fn value(understood: &Understanding, name: FieldName) -> Option<&str> {
    understood.fields.get(&name).map(|f| f.value.as_str())
}

const RECEIPT: &[&str] = &[
    "PANADERIA EL SOL S.L.",
    "Calle Mayor 3, 41001 Sevilla",
    "NIF: B12345674",
    "Factura simplificada 00412",
    "12/03/2024 10:31",
    "2 BARRA RUSTICA 2,40",
    "1 CAFE CON LECHE 1,60",
    "TOTAL 4,00 €",
    "EFECTIVO 5,00 €",
    "CAMBIO 1,00 €",
    "Gracias por su visita",
];

fn with_code(text: &str) -> Understanding {
    let mut evidence = photo(0.45, RECEIPT);
    let symbology = "qr_code".to_owned();
    evidence.barcodes.push(Barcode { page: 1, symbology, text: text.to_owned(), bbox: [0.1, 0.9, 0.2, 1.0] });
    understand_on(&evidence, &Limits::default(), TODAY)
}

#[test]
fn an_xml_alone_is_filed_as_what_it_is() {
    let nfe = with_xml(Evidence::default(), NFE);
    assert_eq!((nfe.kind, codes(&nfe)), (Kind::Invoice, vec![]), "{:?}", nfe.reasons);
    let slip = with_xml(Evidence::default(), NFCE);
    assert_eq!((slip.kind, codes(&slip)), (Kind::Receipt, vec![]), "{:?}", slip.reasons);
    for (name, said) in [
        (FieldName::Type, "receipt"),
        (FieldName::MerchantName, "Papelaria Pau-Brasil Ltda"),
        (FieldName::MerchantTaxId, "11222333000181"),
        (FieldName::Date, "2026-10-14"),
        (FieldName::Total, "19.90"),
    ] {
        assert_eq!(value(&slip, name), Some(said), "{name}");
    }
}

#[test]
fn a_page_that_says_otherwise_than_its_xml_is_held() {
    let other = with_xml(photo(0.45, RECEIPT), NFCE);
    assert!(codes(&other).contains(&ReasonCode::ChecksFailed), "{:?}", other.reasons);
}

#[test]
fn the_clock_beside_the_day_is_the_tills() {
    let time = |lines: &[&str]| {
        let understood = understand_on(&photo(0.45, lines), &Limits::default(), TODAY);
        value(&understood, FieldName::Time).map(str::to_owned)
    };
    let screen: Vec<&str> = std::iter::once("21:59 72 %").chain(RECEIPT.iter().copied()).collect();
    assert_eq!(time(&screen).as_deref(), Some("10:31"), "a telephone's own clock stands above");
    let apart = screen
        .iter()
        .flat_map(|line| if line.contains("10:31") { vec!["12/03/2024", "Caja 2"] } else { vec![*line] });
    let apart: Vec<&str> = apart.collect();
    assert_eq!(time(&apart).as_deref(), Some("21:59"), "the only one there is");
}

#[test]
fn an_order_that_looks_like_an_invoice_is_an_order() {
    let order = "<rsm:SCRDMCCBDACIOMessageStructure xmlns:rsm='urn:un:unece:uncefact:data:SCRDMCCBDACIOMessageStructure:100'/>";
    for pages in [photo(0.45, RECEIPT), Evidence::default()] {
        let understood = with_xml(pages, order);
        assert_eq!((understood.kind, codes(&understood)), (Kind::Other, vec![ReasonCode::NotADocument]));
        assert!(understood.reasons[0].message.contains("Order-X"));
    }
}

#[test]
fn a_code_vouches_or_contradicts() {
    let url = |nif: &str, day: &str, total: &str| {
        format!(
            "https://www2.agenciatributaria.gob.es/wlpl/TIKE-CONT/ValidarQR?nif={nif}&numserie=00412&fecha={day}&importe={total}"
        )
    };
    let good = with_code(&url("B12345674", "12-03-2024", "4.00"));
    assert_eq!(codes(&good), [], "{:?}", good.reasons);
    assert_eq!(good.fields[&FieldName::Total].source, Source::Barcode);
    for (nif, day, total) in [
        ("B12345674", "12-03-2024", "40.00"),
        ("B12345674", "13-03-2024", "4.00"),
        ("A58818501", "12-03-2024", "4.00"),
    ] {
        let held = with_code(&url(nif, day, total));
        assert_eq!(
            held.reasons.first().map(|r| r.code),
            Some(ReasonCode::ChecksFailed),
            "{nif} {day} {total}"
        );
    }
}
