//! Money owed or money back: what a bill calls itself, and the sign of its total.
//!
//! A credit note prints its amounts with or without a minus; its title says which way the money goes. A total with a minus
//! says so by itself. Where title and sign leave a doubt, a person is asked: a credit note that is paid is paid twice.

use std::sync::LazyLock;

use super::{
    amounts::plain,
    extract::Findings,
    money,
    sheet::{Row, Sheet},
};
use crate::{
    document::Kind,
    fields::{Field, FieldName, Fields, Source, Value},
    knowledge::{self, Phrases},
};

const TITLES: &str = include_str!("data/bill_titles.tsv");

/// The words of a role in `data/bill_words.tsv`.
fn of(role: &str) -> Vec<&'static str> {
    knowledge::phrases(include_str!("data/bill_words.tsv"), role)
}

/// Words that a title may carry besides its phrase.
static HARMLESS: Phrases = LazyLock::new(|| of("harmless"));
/// Words by which a bill says that it is a plain one.
static PLAIN: Phrases = LazyLock::new(|| of("plain"));

/// What a paper calls itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Called {
    CreditNote,
    DebitNote,
    Refund,
}

struct Title {
    called: Called,
    sure: bool,
    phrases: Vec<&'static str>,
}

static KNOWN: LazyLock<Vec<Title>> = LazyLock::new(|| {
    let row = |line: &'static str| {
        let mut cells = line.split('\t');
        let called = match cells.next()? {
            "credit_note" => Called::CreditNote,
            "debit_note" => Called::DebitNote,
            _ => Called::Refund,
        };
        let sure = cells.next()? == "sure";
        Some(Title { called, sure, phrases: cells.next()?.split("; ").collect() })
    };
    knowledge::lines(TITLES).filter_map(row).collect()
});

/// How a paper calls itself, and whether nothing speaks against it.
fn called(sheet: &Sheet) -> Option<(Called, bool)> {
    let mut best: Option<(Called, bool)> = None;
    let first = sheet.rows.first().map(|r| r.page);
    for row in sheet.rows.iter().filter(|r| Some(r.page) == first) {
        for cell in row.cells.iter().map(|c| plain(&c.folded)).chain([plain(&row.folded)]) {
            if let Some(found) = title(&cell, row)
                && best.is_none_or(|(_, sure)| !sure && found.1)
            {
                best = Some(found);
            }
        }
    }
    best
}

/// What the words of a cell call the paper, if it is a title: the phrase and nothing that means something else.
fn title(cell: &str, row: &Row) -> Option<(Called, bool)> {
    let words: Vec<&str> = cell.split(' ').collect();
    for known in KNOWN.iter() {
        let phrase = known
            .phrases
            .iter()
            .filter(|p| super::amounts::stands(cell, p).is_some())
            .max_by_key(|p| p.len());
        let Some(phrase) = phrase else { continue };
        let own: Vec<&str> = phrase.split(' ').collect();
        let strange = words.iter().filter(|w| {
            let letters = w.chars().any(char::is_alphabetic);
            letters && !own.contains(w) && !HARMLESS.contains(w) && w.chars().count() > 2
        });
        let alone = strange.count() == 0;
        // `Devolución 1,00` is change, `Credit 5.00` a payment.
        let priced =
            money::amounts(&row.folded, money::Style::Unknown).iter().any(|s| s.decimals || s.signed);
        if alone && !priced {
            return Some((known.called, known.sure));
        }
    }
    None
}

/// Whether the paper also calls itself a plain bill, in a title of its own.
fn plain_too(sheet: &Sheet) -> bool {
    let mut cells = sheet.rows.iter().flat_map(|r| &r.cells);
    cells.any(|c| PLAIN.contains(&plain(&c.folded).as_str()))
}

/// Whether folded text is a bill's plain title and nothing else, but for a letter of its class: `FACTURA A`.
#[must_use]
pub fn is_plain_title(folded: &str) -> bool {
    let is_word = |word: &&str| word.chars().count() > 1;
    let own = plain(folded);
    PLAIN.iter().any(|known| known.split(' ').filter(is_word).eq(own.split(' ').filter(is_word)))
}

/// Gives a bill its `type`, and money back its minus. Where nothing is printed (an e-invoice alone) no page says anything.
pub fn put(found: &Findings<'_>, kind: Kind, fields: &mut Fields) {
    if found.sheet.rows.is_empty() {
        return;
    }
    let total = fields.get(&FieldName::Total).and_then(|t| money::plain(&t.value));
    let negative = total.is_some_and(|t| t.mantissa < 0);
    // In a PDF's own text a minus is a minus; in a picture it may be a scratch.
    let printed = fields.get(&FieldName::Total).is_some_and(|t| t.source == Source::Text);
    let sign = negative && found.sums.surely_negative && printed;
    let called = called(found.sheet);
    let (back, plain) = match kind {
        Kind::Receipt => ("refund", "receipt"),
        _ => ("credit_note", "invoice"),
    };
    let (word, confidence) = match called {
        Some((Called::DebitNote, sure)) if kind == Kind::Invoice => {
            ("debit_note", if sure && !negative && !plain_too(found.sheet) { 0.95 } else { 0.5 })
        }
        Some((Called::DebitNote, _)) | None if negative => (back, if sign { 0.9 } else { 0.5 }),
        Some((Called::DebitNote, _)) | None => (plain, 0.9),
        Some((Called::CreditNote, sure)) => (back, sure_back(found, kind, sure, negative)),
        Some((Called::Refund, _)) if negative => (back, 0.95),
        // Goods may come back and others go out for more: who owes whom is printed nowhere.
        Some((Called::Refund, _)) => (back, 0.5),
    };
    let page = fields.get(&FieldName::Total).map_or(Source::Ocr, |t| t.source);
    let field = Field::unplaced(word, confidence, page);
    fields.insert(FieldName::Type, field);
    if word == back && !negative && confidence > 0.8 {
        turn_over(fields);
    }
}

/// How sure a credit note is one.
fn sure_back(found: &Findings<'_>, kind: Kind, sure: bool, negative: bool) -> f32 {
    match (kind, sure, negative) {
        (_, true, true) => 0.97,
        (Kind::Invoice, true, false) if !plain_too(found.sheet) => 0.95,
        _ => 0.5,
    }
}

/// Every amount of the bill is money back.
fn turn_over(fields: &mut Fields) {
    for (_, field) in fields.iter_mut().filter(|(name, _)| name.is_amount()) {
        if let Value::Text(text) = &mut field.value
            && money::plain(text).is_some_and(|a| a.mantissa > 0)
        {
            text.insert(0, '-');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::{paper::photo, understand};
    use crate::{limits::Limits, reading::Evidence};

    fn bill(title: &str, total: &str) -> Evidence {
        let mut evidence = photo(
            0.71,
            &[
                "Ferreteria El Tornillo S.A.S.",
                "NIT 900123456",
                title,
                "No. NC-4711",
                "Fecha de emision: 14/10/2025",
                "Cliente: Compradora de Prueba S.A.",
                "Descripcion Cantidad Valor",
                "Taladro 1 500.000,00",
                "Vencimiento: 13/11/2025",
                total,
            ],
        );
        evidence.pages[0].source = Source::Text;
        evidence
    }

    fn read(title: &str, total: &str) -> (String, String, bool) {
        let understood = understand(&bill(title, total), &Limits::default());
        let value = |n| understood.fields.get(&n).map(|f| f.value.to_string()).unwrap_or_default();
        let sure = understood.fields.get(&FieldName::Type).is_some_and(|f| f.confidence >= 0.8);
        (value(FieldName::Type), value(FieldName::Total), sure)
    }

    #[test]
    fn titles_say_which_way_the_money_goes() {
        let total = "Total a pagar: 595.000,00 COP";
        for title in [
            "NOTA CRÉDITO",
            "NOTA DE CRÉDITO ELECTRÓNICA",
            "CREDIT NOTE",
            "Credit memo No. 12",
            "STORNORECHNUNG",
            "AVOIR N° 12",
            "Nota di credito",
            "NOTA CREDITO ELECTRONICA DE VENTA No. NC-1",
        ] {
            let (kind, total, sure) = read(title, total);
            let back = (kind == "credit_note" && total == "-595000.00") || (kind == "refund" && !sure);
            assert!(back, "{title}: {kind} {total} {sure}");
        }
        for title in ["Gutschrift", "FACTURA RECTIFICATIVA", "Rechnungskorrektur"] {
            let (kind, _, sure) = read(title, total);
            assert!(!sure && !matches!(kind.as_str(), "invoice" | "receipt"), "{title}: {kind} {sure}");
        }
        for title in
            ["FACTURA ELECTRÓNICA DE VENTA", "INVOICE", "Pedidos y devoluciones en tienda en 30 dias"]
        {
            let (kind, total, _) = read(title, total);
            assert!(
                matches!(kind.as_str(), "invoice" | "receipt") && total == "595000.00",
                "{title}: {kind} {total}"
            );
        }
        assert_eq!(read("NOTA DÉBITO", total).1, "595000.00");
    }

    #[test]
    fn a_total_with_a_minus_is_money_back() {
        for total in [
            "Total a pagar: -595.000,00 COP",
            "Total a pagar: \u{2212}595.000,00 COP",
            "Total a pagar: (595.000,00) COP",
        ] {
            let (kind, total, sure) = read("FACTURA ELECTRÓNICA DE VENTA", total);
            assert!(
                matches!(kind.as_str(), "credit_note" | "refund") && total == "-595000.00" && sure,
                "{kind} {total}"
            );
        }
        // Printed with its minus on a credit note it is no double negation.
        assert_eq!(read("NOTA CRÉDITO", "Total: -595.000,00 COP").1, "-595000.00");
    }

    #[test]
    fn every_title_is_in_plain_words() {
        for phrase in KNOWN.iter().flat_map(|t| &t.phrases) {
            assert_eq!(plain(phrase), *phrase);
        }
        assert!(KNOWN.len() >= 9);
        let text = include_str!("data/bill_words.tsv");
        knowledge::assert_read(text, &[&HARMLESS, &PLAIN]);
        knowledge::assert_folded(text);
        assert!(HARMLESS.iter().all(|w| !w.contains(' ')) && PLAIN.iter().all(|w| plain(w) == *w));
    }

    #[test]
    fn plain_titles_and_what_is_none() {
        for title in ["factura", "factura a", "b factura", "factura no afecta o exenta", "tax invoice"] {
            assert!(is_plain_title(title), "{title}");
        }
        for title in ["", "a", "factura proforma", "factura 4711", "la factura", "nota de credito"] {
            assert!(!is_plain_title(title), "{title}");
        }
    }
}
