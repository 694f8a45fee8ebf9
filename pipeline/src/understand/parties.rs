//! Who issued a document, and to whom: names, by where they stand and what they look like.

use super::sheet::{Row, Sheet, has_phrase};
use crate::fields::PageBox;

/// A name and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// As printed.
    pub name: String,
    /// Probability that it is the one sought.
    pub confidence: f32,
    /// One-based page.
    pub page: u32,
    /// On the upright page.
    pub bbox: PageBox,
}

/// Endings of firms' names, folded.
const FIRM: &[&str] = &[
    "sdn bhd",
    "sdn. bhd",
    "sdn.bhd",
    "bhd",
    "s/b",
    "enterprise",
    "trading",
    "s.a",
    "s.a.",
    "sa",
    "s.l",
    "s.l.",
    "sl",
    "slu",
    "s.l.u",
    "s.a.u",
    "sa de cv",
    "s.a. de c.v",
    "s.a de c.v",
    "s. de r.l",
    "ltda",
    "ltda.",
    "eireli",
    "s.a.s",
    "sas",
    "inc",
    "inc.",
    "llc",
    "ltd",
    "ltd.",
    "limited",
    "corp",
    "corp.",
    "corporation",
    "gmbh",
    "ag",
    "kg",
    "ohg",
    "e.k",
    "gbr",
    "se",
    "sarl",
    "eurl",
    "s.r.l",
    "srl",
    "s.p.a",
    "spa",
    "b.v",
    "bv",
    "n.v",
    "lda",
    "lda.",
    "unipessoal",
    "pte",
    "plc",
    "co.",
    "company",
    "me",
    "epp",
    "s.c",
    "restaurant",
    "restaurante",
    "restoran",
    "cafe",
    "bar",
    "hotel",
    "supermercado",
    "mercado",
    "market",
    "store",
    "shop",
    "farmacia",
    "pharmacy",
    "bakery",
    "panaderia",
    "tienda",
    "ferreteria",
    "a/s",
    "aps",
    "ab",
    "oy",
    "group",
    "holdings",
    "services",
    "solutions",
    "industries",
    "bookstore",
    "hardware",
    "mart",
];

/// Words that a vendor's line does not say.
const NOT_NAME: &[&str] = &[
    "invoice",
    "tax invoice",
    "receipt",
    "factura",
    "recibo",
    "rechnung",
    "facture",
    "fattura",
    "fatura",
    "factuur",
    "ticket",
    "cash bill",
    "bill",
    "tel",
    "fax",
    "phone",
    "email",
    "e-mail",
    "www",
    "http",
    "date",
    "fecha",
    "data",
    "datum",
    "page",
    "pagina",
    "seite",
    "customer",
    "cliente",
    "original",
    "copy",
    "copia",
    "duplicate",
    "welcome",
    "thank",
    "thanks",
    "gracias",
    "bienvenido",
    "gst",
    "vat",
    "nif",
    "cif",
    "nit",
    "rfc",
    "cnpj",
    "ruc",
    "cuit",
    "reg no",
    "co. reg",
    "company reg",
    "roc",
    "no.",
    "number",
    "numero",
    "nota fiscal",
    "cupom fiscal",
    "danfe",
    "boleta",
    "comprobante",
    "simplificada",
    "bill to",
    "ship to",
    "sold to",
    "facturar a",
    "order",
    "table",
    "mesa",
    "cashier",
    "cajero",
    "server",
    "guest",
    "terminal",
    "merchant",
    "qty",
    "quantity",
    "description",
    "amount",
    "total",
    "back",
    "help",
    "statement",
    "quote",
    "proforma",
    "credit note",
    "documento auxiliar",
    "bon de commande",
    "kundennummer",
    "lieferschein",
    "due",
    "iban",
    "swift",
    "bank",
    "payment",
];

/// Words of an address line.
const ADDRESS: &[&str] = &[
    "jalan",
    "jln",
    "lot",
    "taman",
    "street",
    "st",
    "road",
    "rd",
    "avenue",
    "ave",
    "blvd",
    "suite",
    "floor",
    "calle",
    "c/",
    "av.",
    "avda",
    "avenida",
    "carrera",
    "cra",
    "col.",
    "colonia",
    "rua",
    "travessa",
    "strasse",
    "str.",
    "platz",
    "rue",
    "via",
    "piazza",
    "p.o. box",
    "po box",
    "no.",
    "c.p.",
    "cep",
    "plaza",
    "paseo",
    "ground floor",
    "level",
    "unit",
    "bandar",
    "kuala lumpur",
    "selangor",
    "johor",
    "drive",
    "dr",
    "lane",
    "way",
    "boulevard",
    "bairro",
    "barrio",
    "km",
];

fn looks_like_address(row: &str) -> bool {
    let digits = row.chars().filter(char::is_ascii_digit).count();
    let words = ADDRESS.iter().filter(|w| has_phrase(row, w)).count();
    words >= 1 && digits >= 1 || words >= 2 || digits * 3 > row.chars().count()
}

fn is_firm(folded: &str) -> bool {
    FIRM.iter().any(|w| has_phrase(folded, w))
}

/// Cuts a registration number in brackets and the noise around a name.
#[must_use]
pub fn tidy(text: &str) -> String {
    let mut name = text.trim().to_owned();
    if let Some(open) = name.rfind(['(', '[']) {
        let inside = &name[open..];
        if open > 0 && inside.chars().filter(char::is_ascii_digit).count() >= 4 {
            name.truncate(open);
        }
    }
    name.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '*' | '-' | '_' | ':' | '|' | ',' | '=' | '.' | '~' | '#')
    })
    .to_owned()
        + if text.trim_end().ends_with('.') && is_abbreviated(text) { "." } else { "" }
}

fn is_abbreviated(text: &str) -> bool {
    text.trim_end().rsplit([' ', '.']).find(|w| !w.is_empty()).is_some_and(|w| w.chars().count() <= 3)
}

struct Scored {
    score: f32,
    name: String,
    page: u32,
    bbox: PageBox,
}

fn letter_height(row: &Row) -> f32 {
    row.cells.iter().map(|c| c.bbox[3] - c.bbox[1]).fold(f32::MAX, f32::min)
}

fn candidates(sheet: &Sheet, most_rows: usize, columns: bool) -> Vec<Scored> {
    let heights: Vec<f32> = {
        let mut h: Vec<f32> = sheet.rows.iter().map(letter_height).collect();
        h.sort_by(f32::total_cmp);
        h
    };
    let usual = heights.get(heights.len() / 2).copied().unwrap_or(0.02).max(0.001);
    let mut found = Vec::new();
    for (i, row) in sheet.rows.iter().take(most_rows).enumerate() {
        if row.page != 1 {
            break;
        }
        for (n, cell) in row.cells.iter().enumerate() {
            let folded = cell.folded.as_str();
            let letters = folded.chars().filter(|c| c.is_alphabetic()).count();
            let banned = NOT_NAME.iter().any(|w| has_phrase(folded, w));
            let firm = is_firm(folded);
            if letters < 3 || folded.chars().count() > 70 || (banned && !firm) || folded.contains('@') {
                continue;
            }
            if folded.ends_with(':') || (folded.contains(':') && !firm) {
                continue;
            }
            let digits = folded.chars().filter(char::is_ascii_digit).count();
            if digits > letters || (looks_like_address(folded) && !firm) {
                continue;
            }
            let mut score = 1.0 - i as f32 * if columns { 0.04 } else { 0.11 };
            let size = (cell.bbox[3] - cell.bbox[1]) / usual;
            score += (size - 1.0).clamp(-0.4, 1.2) * 0.35;
            if firm {
                score += 0.7;
            }
            if banned {
                score -= 0.5;
            }
            let upper = cell.text.chars().filter(|c| c.is_uppercase()).count();
            if upper * 10 > letters * 7 {
                score += 0.15;
            } else if !cell.text.chars().next().is_some_and(char::is_uppercase)
                && cell.text.chars().all(|c| !c.is_uppercase())
            {
                score -= 0.35;
            }
            if n > 0 && columns {
                score -= 0.1;
            }
            let name = tidy(&cell.text);
            found.push(Scored { score, name, page: row.page, bbox: cell.bbox });
        }
    }
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found
}

fn best(found: Vec<Scored>) -> Option<Named> {
    let rival = found.get(1).map_or(0.0, |s| s.score);
    let top = found.into_iter().next()?;
    if top.name.is_empty() {
        return None;
    }
    let confidence =
        (0.45 + 0.2 * top.score.clamp(0.0, 2.0) + 0.25 * (top.score - rival).clamp(0.0, 0.6)).min(0.97);
    Some(Named { name: top.name, confidence, page: top.page, bbox: top.bbox })
}

/// The merchant of a receipt: it stands on top, often in larger letters.
#[must_use]
pub fn merchant(sheet: &Sheet) -> Option<Named> {
    let mut found = candidates(sheet, 9, false);
    // A name cut in two lines: "PASARAYA BORONG PINTAR" / "SDN BHD".
    if let Some(top) = found.first_mut() {
        extend_over_lines(sheet, top);
    }
    best(found)
}

fn extend_over_lines(sheet: &Sheet, top: &mut Scored) {
    let Some(at) =
        sheet.rows.iter().position(|r| r.page == top.page && r.cells.iter().any(|c| c.bbox == top.bbox))
    else {
        return;
    };
    let only_ending = |row: &Row| {
        let words: Vec<&str> = row.folded.split_whitespace().collect();
        words.len() <= 3 && is_firm(&row.folded) && !NOT_NAME.iter().any(|w| has_phrase(&row.folded, w))
    };
    if let Some(next) = sheet.rows.get(at + 1)
        && only_ending(next)
        && !is_firm(&top.name.to_lowercase())
    {
        top.name = format!("{} {}", top.name, tidy(&next.text));
    } else if at > 0
        && sheet.rows.get(at).is_some_and(only_ending)
        && let Some(previous) = sheet.rows.get(at - 1)
        && !NOT_NAME.iter().any(|w| has_phrase(&previous.folded, w))
        && !looks_like_address(&previous.folded)
    {
        top.name = format!("{} {}", tidy(&previous.text), top.name);
    }
}

/// Labels before the issuer's and the recipient's names.
const ISSUER: &[&str] = &[
    "vendor name",
    "vendor",
    "seller",
    "supplier",
    "issued by",
    "emisor",
    "proveedor",
    "prestador",
    "razon social",
    "razao social",
    "emitente",
    "from",
    "de",
    "sold by",
    "verkaufer",
    "fornitore",
    "cedente",
    "nombre del emisor",
    "remit to",
    "pay to",
    "payable to",
    "beneficiary",
    "account name",
];
const RECIPIENT: &[&str] = &[
    "bill to",
    "billed to",
    "sold to",
    "invoice to",
    "invoiced to",
    "customer name",
    "customer",
    "client",
    "cliente",
    "facturar a",
    "receptor",
    "adquirente",
    "adquiriente",
    "destinatario",
    "kunde",
    "rechnung an",
    "facture a",
    "adresse de facturation",
    "bill-to",
    "to",
    "para",
    "tomador",
    "senor(es)",
    "senores",
    "sr(es)",
    "comprador",
    "buyer",
    "billing address",
    "klant",
    "cessionario",
    "purchased by",
    "issued to",
    "attn",
    "rechnungsempfanger",
    "rechnungsadresse",
];

fn after_label(sheet: &Sheet, labels: &[&str]) -> Option<Named> {
    for label in labels {
        for (i, row) in sheet.rows.iter().enumerate() {
            for (n, cell) in row.cells.iter().enumerate() {
                let Some(rest) = cell.folded.strip_prefix(label) else { continue };
                if rest.chars().next().is_some_and(char::is_alphanumeric)
                    || (label.len() <= 4 && !rest.is_empty() && !rest.starts_with(':'))
                {
                    continue;
                }
                let behind: String = cell.text.chars().skip(label.chars().count()).collect();
                let behind = tidy(&behind);
                let named = |name: String, bbox| Named { name, confidence: 0.85, page: row.page, bbox };
                if plausible(&behind) {
                    return Some(named(behind, cell.bbox));
                }
                if !behind.is_empty() {
                    continue;
                }
                // The cell to the right, else the nearest below in the same column.
                if let Some(right) = row.cells.get(n + 1)
                    && label.len() > 4
                    && cell.folded.ends_with(':')
                    && plausible(&tidy(&right.text))
                {
                    return Some(named(tidy(&right.text), right.bbox));
                }
                let below =
                    sheet.rows.iter().skip(i + 1).take(3).filter(|r| r.page == row.page).find_map(|r| {
                        r.cells
                            .iter()
                            .find(|c| (c.bbox[0] - cell.bbox[0]).abs() < 0.06 && plausible(&tidy(&c.text)))
                    });
                if let Some(below) = below {
                    return Some(named(tidy(&below.text), below.bbox));
                }
            }
        }
    }
    None
}

fn plausible(name: &str) -> bool {
    let folded = super::sheet::fold(name);
    let letters = folded.chars().filter(|c| c.is_alphabetic()).count();
    letters >= 3
        && folded.chars().count() <= 80
        && !folded.ends_with(':')
        && folded.chars().filter(char::is_ascii_digit).count() <= letters
        && !folded.contains('@')
        && (!NOT_NAME.iter().any(|w| has_phrase(&folded, w)) || is_firm(&folded))
}

/// The recipient of an invoice.
#[must_use]
pub fn recipient(sheet: &Sheet) -> Option<Named> {
    after_label(sheet, RECIPIENT)
}

/// The issuer of an invoice: labelled, or a firm's name on top that is not the recipient's.
#[must_use]
pub fn issuer(sheet: &Sheet, recipient: Option<&str>) -> Option<Named> {
    if let Some(named) = after_label(sheet, &ISSUER[..9]) {
        return Some(named);
    }
    let other = recipient.map(super::sheet::fold);
    let mut found = candidates(sheet, 14, true);
    for scored in &mut found {
        let folded = super::sheet::fold(&scored.name);
        if other.as_deref().is_some_and(|o| o == folded) {
            scored.score -= 1.5;
        }
        // A firm that is named again below (footer, bank details) is the one whose paper this is.
        let again = sheet.rows.iter().filter(|r| folded.len() > 4 && r.folded.contains(&folded)).count();
        if again > 1 {
            scored.score += 0.25;
        }
        if domain_says(sheet, &folded) {
            scored.score += 0.5;
        }
    }
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    best(found)
}

/// Whether an e-mail address or web site on the page carries the name.
fn domain_says(sheet: &Sheet, folded: &str) -> bool {
    let Some(word) = folded.split(|c: char| !c.is_alphanumeric()).find(|w| w.len() >= 4) else {
        return false;
    };
    sheet.rows.iter().any(|r| {
        r.folded
            .split_whitespace()
            .filter(|w| w.contains('@') || w.starts_with("www.") || w.contains(".com") || w.ends_with(".de"))
            .any(|w| w.contains(word))
    })
}

/// The lines under the merchant that read like an address, joined.
#[must_use]
pub fn address(sheet: &Sheet, merchant: &Named) -> Option<Named> {
    let at = sheet.rows.iter().position(|r| {
        r.page == merchant.page && r.bbox[1] <= merchant.bbox[1] && r.bbox[3] >= merchant.bbox[3]
    })?;
    let lines: Vec<&Row> = sheet
        .rows
        .iter()
        .skip(at + 1)
        .take(7)
        .skip_while(|r| !looks_like_address(&r.folded))
        .take_while(|r| {
            let stop = [
                "tel", "fax", "phone", "gst", "date", "fecha", "invoice", "receipt", "www", "nif", "rfc",
                "nit", "cnpj",
            ];
            looks_like_address(&r.folded) && !stop.iter().any(|w| has_phrase(&r.folded, w))
                || (r.folded.chars().filter(char::is_ascii_digit).count() >= 4 && r.folded.contains(','))
        })
        .take(4)
        .collect();
    let first = lines.first()?;
    let name = lines.iter().map(|r| r.text.trim_end_matches(',')).collect::<Vec<_>>().join(", ");
    Some(Named { name, confidence: 0.7, page: first.page, bbox: first.bbox })
}
