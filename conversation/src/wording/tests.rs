use acuse_pipeline::fields::{Field, FieldName, Source};
use time::macros::date;

use super::{
    particulars::{VALUE_CHARS, plain},
    *,
};

fn fields(values: &[(FieldName, &str)]) -> Fields {
    let field = |value: &str| Field::unplaced(value, 1.0, Source::Ocr);
    values.iter().map(|(name, value)| (*name, field(value))).collect()
}

fn receipt() -> Fields {
    use FieldName::{Currency, Date, MerchantName, Total};
    fields(&[(MerchantName, "Panadería Núñez"), (Date, "2026-05-03"), (Total, "45.00"), (Currency, "EUR")])
}

#[test]
fn a_filed_receipt_says_what_was_read() {
    let fields = receipt();
    let told = |language| Telling::Filed { kind: Kind::Receipt, fields: &fields }.text(language);
    assert_eq!(
        told(Language::Es),
        "Archivamos tu recibo: Panadería Núñez, 3 de mayo de 2026, total 45,00 EUR."
    );
    assert_eq!(told(Language::En), "Your receipt is filed: Panadería Núñez, 3 May 2026, total 45.00 EUR.");
    assert_eq!(
        told(Language::Pt),
        "Arquivamos o seu recibo: Panadería Núñez, 3 de maio de 2026, total 45,00 EUR."
    );
}

#[test]
fn every_reason_has_a_true_sentence_in_every_language() {
    for code in ReasonCode::ALL {
        for language in Language::ALL {
            let told = Telling::Asked { code: Some(*code), words: "" }.text(language);
            assert!(told.len() > 20, "{code} {language}");
        }
    }
    for language in Language::ALL {
        assert!(Telling::Asked { code: None, words: "" }.text(language).len() > 20, "{language}");
    }
    let expired = Telling::Asked { code: Some(ReasonCode::Expired), words: "" }.text(Language::Es);
    assert!(expired.contains("vencido") && !expired.contains("dañado"), "{expired}");
    let own =
        Telling::Asked { code: Some(ReasonCode::Expired), words: "falta el reverso" }.text(Language::Es);
    assert!(own.contains("falta el reverso.") && own.contains("Envíalo de nuevo"), "{own}");
}

#[test]
fn of_an_id_nothing_is_repeated() {
    let fields = fields(&[(FieldName::DocumentNumber, "12345678Z"), (FieldName::Surname, "NÚÑEZ")]);
    for language in Language::ALL {
        let told = Telling::Filed { kind: Kind::Id, fields: &fields }.text(language);
        assert!(!told.contains("12345678Z") && !told.contains("NÚÑEZ"), "{told}");
    }
}

#[test]
fn a_strangers_text_is_made_plain() {
    let fields = fields(&[
        (FieldName::MerchantName, "*Bar*\n\u{202e}https://evil.example/x www.evil.example Ñandú & Co."),
        (FieldName::Total, "1.234.50"),
        (FieldName::Date, "soon"),
    ]);
    let told = Telling::Filed { kind: Kind::Receipt, fields: &fields }.text(Language::Es);
    assert_eq!(told, "Archivamos tu recibo: Bar Ñandú & Co., soon, total 1.234.50.");
    assert!(plain(&"x".repeat(500)).len() == VALUE_CHARS);
}

#[test]
fn the_sender_is_asked_again_only_when_that_helps() {
    let told = |code| Telling::of_reasons(&[Reason::new(code, "x")]).text(Language::Es);
    assert!(told(ReasonCode::Encrypted).contains("contraseña"));
    assert!(told(ReasonCode::MediaUnavailable).contains("de nuevo"));
    assert!(told(ReasonCode::UnknownCustomer).contains("Una persona"));
    assert!(told(ReasonCode::NotADocument).contains("Una persona"));
    let blank = Reason::new(ReasonCode::NotADocument, "x").with(LETTERS, 3);
    assert!(Telling::of_reasons(&[blank]).text(Language::Es).contains("de cerca"));
    assert!(told(ReasonCode::Malware).contains("Una persona"), "an attacker learns nothing");
    assert!(Telling::of_reasons(&[]).text(Language::En).contains("A person"));
}

#[test]
fn a_duplicate_names_the_day_of_the_first() {
    let told = |language, same_file| {
        Telling::Duplicate { first_on: date!(2026 - 09 - 01), same_file }.text(language)
    };
    for same_file in [true, false] {
        assert!(told(Language::Es, same_file).contains("1 de septiembre de 2026"));
        assert!(told(Language::En, same_file).contains("1 September 2026"));
        assert!(told(Language::Pt, same_file).contains("1 de setembro de 2026"));
    }
    assert!(told(Language::Es, true).contains("Este archivo es igual"));
    assert!(!told(Language::Es, false).contains("archivo"), "another picture is another file");
    assert!(!Telling::Kept.text(Language::Es).contains("igual"), "nothing of the other one");
}

#[test]
fn every_text_fits_a_message_in_every_language() {
    for language in Language::ALL {
        for code in ReasonCode::ALL {
            let text = Telling::of_reasons(&[Reason::new(*code, "x")]).text(language);
            assert!((20..400).contains(&text.chars().count()), "{text}");
        }
    }
}
