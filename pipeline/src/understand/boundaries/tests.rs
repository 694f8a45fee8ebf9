use super::*;
use crate::{
    limits::Limits,
    reading::{Line, Word},
    understand::{paper::photo, understand},
};

const SOL: [&str; 9] = [
    "PANADERIA EL SOL S.L.",
    "Calle Mayor 3, 41001 Sevilla",
    "NIF: B12345674",
    "Factura simplificada 00412",
    "12/03/2024 10:31",
    "2 BARRA RUSTICA 2,40",
    "1 CAFE CON LECHE 1,60",
    "TOTAL 4,00 €",
    "Gracias por su visita",
];
const LUNA: [&str; 9] = [
    "CAFE LUNA S.L.",
    "Plaza Nueva 8, 48005 Bilbao",
    "NIF: B87654321",
    "Factura simplificada 7731",
    "14/03/2024 18:40",
    "1 TE VERDE 3,00",
    "1 BIZCOCHO 2,50",
    "TOTAL 5,50 €",
    "Vuelva pronto",
];
const PASSPORT: [&str; 8] = [
    "PASSPORT / PASSEPORT",
    "UTOPIA",
    "Surname ERIKSSON",
    "Given names ANNA MARIA",
    "Nationality UTOPIAN",
    "Passport No. L898902C3",
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
];

fn file(pages: &[&[&str]]) -> Evidence {
    let pages = (1..).zip(pages).flat_map(|(number, lines)| {
        let mut page = photo(0.7, lines).pages;
        page.iter_mut().for_each(|page| page.number = number);
        page
    });
    Evidence { media_type: "application/pdf".to_owned(), pages: pages.collect(), ..Evidence::default() }
}

/// Two papers on one photo: the second moved there, each drawn at half its size that way.
fn together(first: &[&str], second: &[&str], beside: bool) -> Evidence {
    let mut page = photo(0.45, first).pages.remove(0);
    let moved = photo(0.45, second).pages.remove(0);
    let place = |line: &Line, by: f32| {
        let at = |b: [f32; 4]| match beside {
            true => [b[0] * 0.5 + by, b[1], b[2] * 0.5 + by, b[3]],
            false => [b[0], b[1] * 0.45 + by, b[2], b[3] * 0.45 + by],
        };
        let words = line.words.iter().map(|w| Word { bbox: at(w.bbox), ..w.clone() }).collect();
        Line { bbox: at(line.bbox), words, ..line.clone() }
    };
    let lines: Vec<Line> = page.lines.iter().map(|line| place(line, 0.0)).collect();
    page.lines = lines.into_iter().chain(moved.lines.iter().map(|line| place(line, 0.55))).collect();
    page.aspect = if beside { 0.9 } else { 0.22 };
    Evidence { media_type: "image/jpeg".to_owned(), pages: vec![page], ..Evidence::default() }
}

fn parts(evidence: &Evidence) -> (Vec<serde_json::Value>, Vec<Part>) {
    let understood = understand(evidence, &Limits::default());
    let reason = understood.reasons.iter().find(|r| r.code == ReasonCode::MultipleDocuments);
    let documents = reason.map(|r| r.detail["documents"].as_array().cloned().unwrap_or_default());
    (documents.unwrap_or_default(), understood.parts)
}

#[test]
fn receipts_page_after_page_part_by_themselves() {
    let terms: &[&str] = &["Condiciones generales de venta", "Los cambios se admiten durante quince días."];
    let (documents, sure) = parts(&file(&[&SOL, terms, &LUNA]));
    assert_eq!(documents.len(), 2, "{documents:?}");
    assert_eq!(documents[0]["last_page"], 2);
    assert_eq!(documents[1]["kind"], "receipt");
    assert_eq!(documents[1]["first_page"], 3);
    assert!(documents[1]["why"].as_str().is_some_and(|why| why.contains("a total")), "{documents:?}");
    assert_eq!(sure, [Part::pages(1, 2), Part::pages(3, 3)].map(|part| part.expect("pages")));
}

#[test]
fn the_pages_of_one_document_stay_together() {
    for pages in [[&SOL[..], &SOL[..]], [&SOL[..], &SOL[3..]], [&PASSPORT[..], &PASSPORT[6..]]] {
        assert_eq!(parts(&file(&pages)), (Vec::new(), Vec::new()), "{pages:?}");
    }
}

#[test]
fn the_slip_of_a_card_goes_with_the_bill_that_it_paid() {
    const SLIP: [&str; 9] = [
        "* Kundenbeleg *",
        "Terminal-ID 52039839",
        "Trace-Nr 082547",
        "Beleg-Nr. 3904",
        "12/03/2024 10:33",
        "AID A0000000041010",
        "DEBIT MASTERCARD",
        "Betrag EUR 4,00",
        "Autorisierung erfolgt",
    ];
    assert_eq!(parts(&file(&[&SOL, &SLIP])), (Vec::new(), Vec::new()));
}

#[test]
fn a_document_that_would_not_be_filed_by_itself_is_a_persons_to_part() {
    let undated: Vec<&str> = LUNA.iter().copied().filter(|line| !line.contains("2024")).collect();
    let (documents, sure) = parts(&file(&[&SOL, &undated]));
    assert_eq!((documents.len(), sure.len()), (2, 0), "{documents:?}");
}

#[test]
fn no_id_hides_behind_a_receipt() {
    for pages in [[&SOL[..], &PASSPORT[..]], [&PASSPORT[..], &SOL[..]]] {
        let (documents, _) = parts(&file(&pages));
        assert_eq!(documents.len(), 2, "{pages:?}");
        assert!(documents.iter().any(|d| d["kind"] == "id"), "{documents:?}");
        let whole = understand(&file(&pages), &Limits::default());
        assert_eq!(whole.kind, Kind::Id, "who may not see IDs may not see this file");
        let said = format!("{:?}", whole.reasons).to_uppercase();
        assert!(
            ["ERIKSSON", "ANNA", "L898902C3", "740812"].iter().all(|of_id| !said.contains(of_id)),
            "{said}"
        );
    }
}

#[test]
fn two_receipts_in_one_photo() {
    for beside in [true, false] {
        let (documents, sure) = parts(&together(&SOL, &LUNA, beside));
        assert_eq!((documents.len(), sure.len()), (2, 2), "beside: {beside}, {documents:?}");
        let [x0, y0, ..] = sure[1].bbox().expect("a place");
        assert!(if beside { x0 > 0.3 && y0 == 0.0 } else { x0 == 0.0 && y0 > 0.3 }, "{sure:?}");
    }
}

/// The slip of the card that paid the receipt of [`SOL`].
const SLIP: [&str; 7] = [
    "CAIXABANK COMERCIO",
    "VISA **** 1234",
    "12/03/2024 10:32",
    "VENTA",
    "AUTORIZACION 009871",
    "IMPORTE TOTAL 4,00 €",
    "COPIA PARA EL CLIENTE",
];

fn changed(lines: &[&str], from: &str, to: &str) -> Vec<String> {
    lines.iter().map(|line| line.replace(from, to)).collect()
}

fn said(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).collect()
}

#[test]
fn a_receipt_with_its_slip_or_its_copy_is_one() {
    for beside in [true, false] {
        assert_eq!(parts(&together(&SOL, &SLIP, beside)), (Vec::new(), Vec::new()), "slip, beside: {beside}");
        assert_eq!(parts(&together(&SOL, &SOL, beside)), (Vec::new(), Vec::new()), "copy, beside: {beside}");
        let misread = changed(&SOL, "00412", "00472");
        assert_eq!(parts(&together(&SOL, &said(&misread), beside)).1, [], "misread, beside: {beside}");
    }
    // Names left, prices right, a gap between them: one receipt.
    assert_eq!(parts(&photo(0.45, &SOL)), (Vec::new(), Vec::new()));
}

#[test]
fn a_slip_with_a_number_of_its_own_is_a_persons_to_part() {
    let numbered = changed(&SLIP, "VENTA", "Ticket: 009871");
    assert_eq!(parts(&file(&[&SOL, &said(&numbered)])).1, []);
}

#[test]
fn the_same_fare_twice_a_day_is_two() {
    let later = changed(&SOL, "10:31", "19:02");
    let later: Vec<&str> = said(&later).into_iter().filter(|line| !line.contains("00412")).collect();
    let (documents, sure) = parts(&file(&[&SOL, &later]));
    assert_eq!((documents.len(), sure.len()), (2, 0), "{documents:?}");
}

const FIRST_PAGE: [&str; 7] = [
    "Nova Papel S.L.",
    "Calle Mayor 3, 41001 Sevilla",
    "NIF: B12345674",
    "FACTURA",
    "Factura número: F-2024/0017",
    "Fecha: 14/03/2024",
    "Página 1 de 2",
];
const LAST_PAGE: [&str; 8] = [
    "Nova Papel S.L.",
    "FACTURA",
    "Factura número: F-2024/0017",
    "Fecha: 14/03/2024",
    "Base imponible 100,00",
    "IVA 21% 21,00",
    "Total a pagar 121,00 €",
    "Página 2 de 2",
];

#[test]
fn the_next_bill_begins_at_its_first_page_though_its_total_is_on_the_last() {
    let next = |lines: &[&str]| {
        let lines = lines
            .iter()
            .map(|l| l.replace("0017", "0458").replace("14/03", "02/05").replace("121,00", "242,00"));
        lines.map(|l| l.replace("100,00", "200,00").replace("21,00", "42,00")).collect::<Vec<_>>()
    };
    let (first, last) = (next(&FIRST_PAGE), next(&LAST_PAGE));
    let (documents, sure) = parts(&file(&[&FIRST_PAGE, &LAST_PAGE, &said(&first), &said(&last)]));
    let pages: Vec<_> = documents.iter().map(|d| (d["first_page"].clone(), d["last_page"].clone())).collect();
    assert_eq!(pages, [(1.into(), 2.into()), (3.into(), 4.into())], "{documents:?}");
    assert_eq!(sure, [], "never at another page");
}

#[test]
fn the_sides_of_one_card_are_one() {
    let front = [
        "NATIONAL IDENTITY CARD",
        "UTOPIA",
        "Surname ERIKSSON",
        "Given names ANNA MARIA",
        "Date of birth 12.08.1974",
        "Card No. D23145890",
    ];
    let back = [
        "I<UTOD231458907<<<<<<<<<<<<<<<",
        "7408122F1204159UTO<<<<<<<<<<<6",
        "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
        "UTOPIA",
        "Authority CITY",
        "Height 170 cm",
    ];
    for evidence in [file(&[&front, &back]), file(&[&back, &front]), together(&front, &back, false)] {
        assert_eq!(parts(&evidence), (Vec::new(), Vec::new()));
    }
}

#[test]
fn more_than_can_be_parts_are_still_told() {
    let bills: Vec<Vec<String>> = (0..MAX_PARTS + 3)
        .map(|n| {
            let lines = changed(&SOL, "00412", &format!("{:05}", 20_000 + n * 137));
            let lines = changed(&said(&lines), "12/03", &format!("{:02}/{:02}", n % 28 + 1, n % 12 + 1));
            changed(&said(&lines), "4,00", &format!("{},35", n + 10))
        })
        .collect();
    let pages: Vec<Vec<&str>> = bills.iter().map(|lines| said(lines)).collect();
    let pages: Vec<&[&str]> = pages.iter().map(Vec::as_slice).collect();
    let (documents, sure) = parts(&file(&pages));
    assert_eq!((documents.len(), sure.len()), (MAX_PARTS, 0));
}
