use super::*;
use crate::{
    limits::Limits,
    reading::{Line, Word},
    understand::{paper::photo, understand},
};

const SOL: [&str; 9] = [
    "PANADERIA EL SOL",
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
    assert_eq!(documents[1]["number"], "7731");
    assert!(
        documents[1]["why"].as_str().is_some_and(|why| why.contains("number of its own")),
        "{documents:?}"
    );
    assert_eq!(sure, [Part::pages(1, 2), Part::pages(3, 3)].map(|part| part.expect("pages")));
}

#[test]
fn the_pages_of_one_document_stay_together() {
    for pages in [[&SOL[..], &SOL[..]], [&SOL[..], &SOL[3..]], [&PASSPORT[..], &PASSPORT[6..]]] {
        assert_eq!(parts(&file(&pages)), (Vec::new(), Vec::new()), "{pages:?}");
    }
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
        assert!(documents.iter().all(|d| d.get("number").is_none_or(|n| n != "L898902C3")), "{documents:?}");
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

#[test]
fn a_receipt_with_the_slip_of_the_card_that_paid_it_is_one() {
    let slip = [
        "CAIXABANK COMERCIO",
        "VISA **** 1234",
        "12/03/2024 10:32",
        "VENTA",
        "AUTORIZACION 009871",
        "IMPORTE TOTAL 4,00 €",
        "COPIA PARA EL CLIENTE",
    ];
    assert_eq!(parts(&together(&SOL, &slip, false)), (Vec::new(), Vec::new()));
    // Names left, prices right, a gap between them: one receipt.
    assert_eq!(parts(&photo(0.45, &SOL)), (Vec::new(), Vec::new()));
}
