//! Invoice, receipt, ID or other: evidence counted, then a softmax.
//!
//! The weights are set by hand from what each kind must show by its nature, not fitted: the probability is honest
//! about clear cases and low on the rest.

use super::{
    amounts::Sums,
    identity::ID_WORDS,
    mrz::Zone,
    sheet::Sheet,
    tax_ids::TaxId,
    vocabulary::{CHANGE, SUBTOTAL},
};
use crate::{document::Kind, reading::Evidence};

/// What each kind scored, and why.
#[derive(Debug, Clone)]
pub struct Classified {
    /// The likeliest kind.
    pub kind: Kind,
    /// Its probability.
    pub confidence: f32,
    /// Sentences for a person.
    pub because: Vec<String>,
}

const INVOICE_WORDS: &[&str] = &[
    "invoice",
    "factura",
    "rechnung",
    "facture",
    "fattura",
    "fatura",
    "factuur",
    "nota fiscal eletronica",
    "danfe",
    "bill to",
    "invoice number",
    "invoice date",
    "due date",
    "rechnungsnummer",
    "rechnungsdatum",
    "payment terms",
    "vencimiento",
    "vencimento",
    "faktura",
    "zahlbar",
    "iban",
    "bic",
    "swift",
    "purchase order",
    "po number",
    "numero de factura",
    "fecha de vencimiento",
    "kundennummer",
    "ust-idnr",
    "bank details",
    "remit to",
    "amount due",
    "tax invoice",
    "credit note",
    "unit price",
    "echeance",
    "scadenza",
    "ship to",
    "terms",
    "subscription",
    "account number",
    "cufe",
    "uso cfdi",
    "facturar a",
    "receptor",
];
const RECEIPT_WORDS: &[&str] = &[
    "receipt",
    "recibo",
    "ticket",
    "cashier",
    "cash",
    "change",
    "thank you",
    "gracias por su",
    "cajero",
    "caja",
    "efectivo",
    "cambio",
    "troco",
    "obrigado",
    "factura simplificada",
    "fatura simplificada",
    "cupom fiscal",
    "nfc-e",
    "boleta",
    "tip",
    "propina",
    "gratuity",
    "server",
    "table",
    "mesa",
    "visa",
    "mastercard",
    "card",
    "auth code",
    "approval",
    "terminal",
    "merchant",
    "tendered",
    "subtotal",
    "sub total",
    "total",
    "kassenbon",
    "bon",
    "bar",
    "vielen dank",
    "scontrino",
    "documento commerciale",
    "please come again",
    "rounding",
    "cash bill",
    "pos",
    "trans",
    "qty",
    "ticket de",
    "debit",
    "credit",
    "aid",
    "customer copy",
    "merchant copy",
    "comprobante",
    "check #",
    "guest",
    "order #",
    "comprobante de pago",
    "counter",
    "merci",
];
const OTHER_WORDS: &[&str] = &[
    "menu",
    "dear",
    "sincerely",
    "chapter",
    "estimado",
    "estimada",
    "atentamente",
    "abstract",
    "introduction",
    "references",
    "resume",
    "curriculum",
    "online",
    "typing",
    "whatsapp",
    "reply",
    "forwarded",
    "yours",
    "regards",
    "agenda",
    "contract",
    "agreement",
    "contrato",
    "appetizers",
    "starters",
    "desserts",
    "entradas",
    "postres",
    "bebidas",
    "quotation",
    "quote",
    "estimate",
    "presupuesto",
    "delivery note",
    "albaran",
    "lieferschein",
    "packing slip",
    "purchase order",
    "statement of account",
    "certificate",
    "valid thru",
    "annual report",
    "figure",
    "section",
    "w-2",
    "form",
    "boarding pass",
    "angebot",
    "bon de commande",
    "account statement",
    "bank statement",
    "pay stub",
    "payslip",
    "earnings",
    "application",
    "claim",
    "policy",
];

/// Weighs the evidence.
#[must_use]
pub fn classify(evidence: &Evidence, sheet: &Sheet, zone: &Zone, ids: &[TaxId], sums: &Sums) -> Classified {
    let words: usize = sheet.folded.split_whitespace().count();
    let mut because = Vec::new();
    let (mut invoice, mut receipt, mut id, mut other) = (0.0_f32, 0.0_f32, 0.0_f32, 0.6_f32);
    let inv = sheet.count_said(INVOICE_WORDS).min(8) as f32;
    let rec = sheet.count_said(RECEIPT_WORDS).min(9) as f32;
    let idw = sheet.count_said(ID_WORDS).min(8) as f32;
    let oth = sheet.count_said(OTHER_WORDS).min(6) as f32;
    invoice += 0.55 * inv;
    receipt += 0.42 * rec;
    id += 0.75 * idw;
    other += 0.5 * oth;
    if inv >= 2.0 {
        because.push(format!("{inv:.0} words of an invoice"));
    }
    if rec >= 3.0 {
        because.push(format!("{rec:.0} words of a receipt"));
    }
    if idw >= 2.0 {
        because.push(format!("{idw:.0} words of an identity document"));
    }
    match zone {
        Zone::Read(_) => {
            id += 9.0;
            because.push("a machine readable zone with every check digit right".to_owned());
        }
        Zone::Unread { .. } => id += 2.5,
        Zone::None => {}
    }
    let tall = evidence.pages.first().map_or(1.0, |p| p.aspect);
    let pdf = evidence.media_type == "application/pdf";
    let total = sums.total.is_some_and(|t| t.confidence > 0.5);
    if total {
        invoice += 1.3;
        receipt += 1.6;
        because.push("a labelled total".to_owned());
    } else {
        invoice -= 1.0;
        receipt -= 1.2;
        other += 1.2;
    }
    if sheet.says(CHANGE) && total {
        receipt += 0.8;
    }
    if tall < 0.6 {
        receipt += 0.9;
    }
    if pdf {
        invoice += 0.8;
        receipt -= 0.4;
    }
    if words > 220 {
        invoice += 0.5;
        receipt -= 0.8;
    }
    if words > 700 {
        other += 1.0;
    }
    // A title says what it is, near the top.
    let top: String = sheet
        .rows
        .iter()
        .take(sheet.rows.len() / 3 + 3)
        .map(|r| r.folded.as_str())
        .collect::<Vec<_>>()
        .join("\n");
    let title = |w: &[&str]| w.iter().any(|w| super::sheet::has_phrase(&top, w));
    if title(&[
        "invoice",
        "factura",
        "rechnung",
        "facture",
        "fattura",
        "fatura",
        "factuur",
        "faktura",
        "danfe",
        "tax invoice",
    ]) && !title(&["factura simplificada", "fatura simplificada"])
    {
        invoice += 1.1;
    }
    if title(&[
        "receipt",
        "recibo",
        "ticket",
        "factura simplificada",
        "fatura simplificada",
        "cupom fiscal",
        "boleta",
        "cash bill",
        "kassenbon",
        "scontrino",
        "nfc-e",
    ]) {
        receipt += 1.3;
    }
    if ids.iter().any(|t| t.checked == Some(true)) {
        invoice += 0.5;
        receipt += 0.4;
    }
    if sheet.says(TOTAL_ONLY) && sheet.says(SUBTOTAL) {
        invoice += 0.3;
        receipt += 0.3;
    }
    if words < 12 {
        other += 2.0;
    }
    let scores = [(Kind::Invoice, invoice), (Kind::Receipt, receipt), (Kind::Id, id), (Kind::Other, other)];
    let best = scores.iter().map(|s| s.1).fold(f32::MIN, f32::max);
    let sum: f32 = scores.iter().map(|s| (s.1 - best).exp()).sum();
    let kind = scores.iter().find(|s| s.1 >= best).map_or(Kind::Other, |s| s.0);
    Classified { kind, confidence: (1.0 / sum).min(0.995), because }
}

const TOTAL_ONLY: &[&str] = &["total", "totale", "totaal", "gesamt", "summe", "importe total"];
