//! What vouches for what: a kind by more than one word, a tax by arithmetic. What nothing vouches for is not filed.

use std::sync::LazyLock;

use crate::{
    document::Kind,
    fields::{FieldName, Fields, Source},
    knowledge::{self, Phrases},
    understand::{
        bill_type, money,
        parties::looks::looks_like_address,
        reconcile::bare,
        sheet::{Cell, Row, Sheet, find_phrase, fold, has_phrase},
    },
};

/// Least confidence with which a field that nobody requires is filed: a tax that arithmetic proves has it, one that only
/// stands behind its label has not; a number behind a label that names the paper, an id that keeps its check.
#[must_use]
pub fn least(name: FieldName) -> f32 {
    match name {
        FieldName::Tax | FieldName::Number => 0.95,
        FieldName::Subtotal => 0.9,
        FieldName::IssuerTaxId | FieldName::MerchantTaxId | FieldName::RecipientTaxId => 0.8,
        _ => 0.5,
    }
}

/// No country's rate is above 27 % of the net, which is 22 % of the total: a larger share is the net, or another's sum.
const LARGEST_SHARE: f64 = 0.22;

/// Takes out a tax that cannot be the total's.
pub fn drop_impossible_tax(fields: &mut Fields) {
    let amount = |name| {
        let field = fields.get(&name).filter(|f| f.source != Source::Xml)?;
        money::plain(&field.value).and_then(|a| a.to_decimal().parse::<f64>().ok())
    };
    let (tax, total) = (amount(FieldName::Tax), amount(FieldName::Total));
    if let (Some(tax), Some(total)) = (tax, total)
        && tax.abs() > LARGEST_SHARE * total.abs() + 0.005
    {
        fields.remove(&FieldName::Tax);
        fields.remove(&FieldName::Subtotal);
    }
}

/// A payment code's payee vouches for the issuer or merchant of the same name, and gainsays one of another: a factor may
/// be paid, or the name may be wrong.
pub fn weigh_payee(fields: &mut Fields, payee: &str) -> Option<String> {
    let name =
        [FieldName::IssuerName, FieldName::MerchantName].into_iter().find(|n| fields.contains_key(n))?;
    let field = fields.get_mut(&name).filter(|_| !payee.trim().is_empty())?;
    let (own, theirs) = (bare(&field.value), bare(payee));
    let shorter = own.chars().count().min(theirs.chars().count());
    if shorter >= 4 && (own.starts_with(&theirs) || theirs.starts_with(&own)) {
        field.confidence = field.confidence.max(AGREED);
        return Some(format!("the payment code pays the {name}"));
    }
    field.confidence = field.confidence.min(GAINSAID);
    Some(format!("the payment code pays {payee}, not the {name}"))
}

/// A name that print and code say.
const AGREED: f32 = 0.97;
/// The most that a name is believed where the code pays another.
const GAINSAID: f32 = 0.6;

/// The phrases of a role in `data/bill_doubts.tsv`.
fn phrases(role: &str) -> Vec<&'static str> {
    knowledge::phrases(include_str!("../data/bill_doubts.tsv"), role)
}

static NO_BILL: Phrases = LazyLock::new(|| phrases("no_bill"));
static NO_BILL_ALONE: Phrases = LazyLock::new(|| phrases("no_bill_alone"));
static REFERRED: Phrases = LazyLock::new(|| phrases("referred"));
static REFERS: Phrases = LazyLock::new(|| phrases("refers"));
static GOODS_SENT: Phrases = LazyLock::new(|| phrases("goods_sent"));
static NOT_PAID: Phrases = LazyLock::new(|| phrases("not_paid"));
static BY_LAW: Phrases = LazyLock::new(|| phrases("by_law"));
static TABLES: Phrases = LazyLock::new(|| phrases("table"));
static SERVED: Phrases = LazyLock::new(|| phrases("served"));
static CARD_SLIP: Phrases = LazyLock::new(|| phrases("card_slip"));
static RECEIPT_TITLE: Phrases = LazyLock::new(|| phrases("receipt_title"));
static WAS_PAID: Phrases = LazyLock::new(|| phrases("was_paid"));

/// Words of a card's terminal that make a paper its slip.
const OF_A_SLIP: usize = 3;

/// A slip says no tax, as bills do.
fn is_card_slip(sheet: &Sheet, fields: &Fields) -> bool {
    !fields.contains_key(&FieldName::Tax) && sheet.count_said(&CARD_SLIP) >= OF_A_SLIP
}

/// Rows from the top in which a paper says what it is.
const HEAD: usize = 14;

/// Why the kind of a bill is not vouched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// Its title is of a paper that is no bill.
    NoBill,
    /// It says that nothing was paid.
    NotPaid,
    /// It names no recipient, as an invoice does: a till slip calls itself Rechnung or Tax Invoice, too.
    Unnamed,
    /// It is of a table at which someone was served, and only its title makes it an invoice.
    Served,
    /// It is the slip that a card's terminal prints beside the bill.
    Slip,
}

impl Doubt {
    /// In words, for a person.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::NoBill => "its title is of a paper that is no bill",
            Self::NotPaid => "it says that nothing was paid",
            Self::Unnamed => "it names no recipient, as an invoice does",
            Self::Served => "it is of a table at which someone was served",
            Self::Slip => "it is the slip of a card's terminal",
        }
    }

    /// Whether it forbids filing; the others are weighed with all else.
    #[must_use]
    pub fn forbids(self) -> bool {
        matches!(self, Self::NoBill | Self::NotPaid)
    }
}

/// Why the kind of a bill is not vouched for, where one word alone says it or another word gainsays it.
#[must_use]
pub fn doubts_of_kind(kind: Kind, sheet: &Sheet, fields: &Fields) -> Vec<Doubt> {
    if !matches!(kind, Kind::Invoice | Kind::Receipt)
        || fields.get(&FieldName::Total).is_some_and(|t| t.source == Source::Xml)
    {
        return Vec::new();
    }
    let says_so = |row: &Row| GOODS_SENT.iter().any(|phrase| has_phrase(&row.folded, phrase));
    let mut doubts = Vec::new();
    let mut doubt = |is: bool, doubt: Doubt| doubts.extend(is.then_some(doubt));
    doubt(
        titled(sheet) || headed(sheet, &NO_BILL_ALONE) || sheet.rows.iter().take(HEAD).any(says_so),
        Doubt::NoBill,
    );
    doubt(sheet.says(&NOT_PAID), Doubt::NotPaid);
    let named = names_recipient(fields)
        || fields
            .get(&FieldName::RecipientTaxId)
            .is_some_and(|id| id.confidence >= least(FieldName::RecipientTaxId));
    let taxed = fields.contains_key(&FieldName::RecipientTaxId);
    let open = kind == Kind::Invoice && !sheet.says(&BY_LAW);
    doubt(open && !named, Doubt::Unnamed);
    doubt(open && !taxed && is_of_a_table(sheet), Doubt::Served);
    doubt(is_card_slip(sheet, fields), Doubt::Slip);
    doubts
}

/// Whether a cell in the head of a paper begins with a title of what is no bill, unless a bill refers to such a paper there.
fn titled(sheet: &Sheet) -> bool {
    let own = own_title(sheet);
    let mut cells =
        sheet.rows.iter().take(HEAD).flat_map(|row| row.cells.iter().map(move |cell| (row, cell)));
    cells.any(|(row, cell)| {
        let text = cell.folded.trim_start_matches(|c: char| !c.is_alphanumeric());
        let smaller = own.is_some_and(|height| height >= LARGER * cell.height);
        NO_BILL.iter().any(|title| {
            let rest = text.strip_prefix(title).filter(|rest| !rest.starts_with(char::is_alphanumeric));
            let referred = |rest: &str| refers(rest) || (rest.trim().is_empty() && is_numbered(row, cell));
            rest.is_some_and(|rest| !(smaller && REFERRED.contains(title) && referred(rest)))
        })
    })
}

/// Whether the next cell of its row has a number, as a table of references does: `Orden de compra | C-0417 | 06-11-2026`.
fn is_numbered(row: &Row, cell: &Cell) -> bool {
    let next = row.cells.iter().find(|c| c.bbox[0] > cell.bbox[0]);
    next.is_some_and(|c| c.folded.contains(|c: char| c.is_ascii_digit()))
}

/// How much larger than a reference to another paper a bill prints its own title.
const LARGER: f32 = 1.2;

/// The height of the largest cell in the head of a paper that is a bill's plain title and nothing else.
fn own_title(sheet: &Sheet) -> Option<f32> {
    let cells = sheet.rows.iter().take(HEAD).flat_map(|r| &r.cells);
    let titles =
        cells.filter(|c| !c.folded.trim_end().ends_with(':') && bill_type::is_plain_title(&c.folded));
    titles.map(|c| c.height).reduce(f32::max)
}

/// Whether what stands behind the name of a paper makes it the label of its number or its day: `Remito Nro.: 4711`.
fn refers(rest: &str) -> bool {
    let rest = rest.trim_start();
    let word = rest.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    rest.starts_with([':', '/', '#']) || REFERS.contains(&word)
}

/// How surely a paper is a receipt, at the least, that calls itself one in larger print and says that it was paid: what
/// acknowledges the payment of an invoice names its number and its recipient as an invoice does. One word of a payment may be
/// that of the day by which it is due.
#[must_use]
pub fn acknowledges_payment(sheet: &Sheet) -> Option<f32> {
    let paid = if headed(sheet, &RECEIPT_TITLE) { sheet.count_said(&WAS_PAID) } else { 0 };
    match paid {
        0 => None,
        1 => Some(0.0),
        _ => Some(ACKNOWLEDGED),
    }
}

/// How surely a receipt is one whose title and two words say that it was paid.
const ACKNOWLEDGED: f32 = 0.9;

/// How much larger than the rest a title is printed.
const TITLE: f32 = 1.25;

/// Whether the head of a paper has nothing but such a title in a cell of larger print, or that and its number.
fn headed(sheet: &Sheet, titles: &[&str]) -> bool {
    let usual = sheet.usual_height();
    let cells = sheet.rows.iter().take(HEAD).flat_map(|r| &r.cells).filter(|c| c.height > TITLE * usual);
    cells.map(|c| c.folded.trim_matches(|c: char| !c.is_alphabetic())).any(|text| {
        let bare = text.trim_end_matches([' ', '.', 'o', 'n', 'r', '#', ':', '°', 'º']);
        titles.iter().any(|t| text == *t || (bare != text && bare == *t))
    })
}

/// Whether somebody else than the issuer is named, by a name, as the one to pay.
fn names_recipient(fields: &Fields) -> bool {
    let Some(name) = fields.get(&FieldName::RecipientName).filter(|f| f.confidence >= NAMED) else {
        return false;
    };
    let (theirs, folded) = (bare(&name.value), fold(&name.value));
    let own = fields.get(&FieldName::IssuerName).map(|f| bare(&f.value)).unwrap_or_default();
    let same = theirs.chars().count() >= 4 && (own.starts_with(&theirs) || own.ends_with(&theirs));
    !same && !looks_like_address(&folded)
}

/// Least confidence of a name that is taken for somebody's.
const NAMED: f32 = 0.5;

fn is_of_a_table(sheet: &Sheet) -> bool {
    let numbered = |row: &Row, word: &str| {
        find_phrase(&row.folded, word).is_some_and(|at| {
            let behind = row.folded[at + word.len()..].trim_start_matches([' ', ':', '.', '#', '/']);
            behind.starts_with(|c: char| c.is_ascii_digit())
        })
    };
    sheet.says(&SERVED) || sheet.rows.iter().any(|row| TABLES.iter().any(|word| numbered(row, word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fields::Field,
        understand::sheet::{drawn, letter},
    };

    fn fields(pairs: &[(FieldName, &str)]) -> Fields {
        let field = |value: &str| Field::unplaced(value, 0.95, Source::Ocr);
        pairs.iter().map(|(name, value)| (*name, field(value))).collect()
    }

    #[test]
    fn a_net_is_no_tax() {
        let dropped = |tax: &str, total: &str| {
            let mut fields = fields(&[(FieldName::Tax, tax), (FieldName::Total, total)]);
            drop_impossible_tax(&mut fields);
            !fields.contains_key(&FieldName::Tax)
        };
        for (tax, total) in
            [("25.16", "27.39"), ("2.47", "2.99"), ("1477.00", "1600.00"), ("-30.00", "-100.00")]
        {
            assert!(dropped(tax, total), "{tax} of {total}");
        }
        for (tax, total) in [("0.52", "2.99"), ("21.26", "100.00"), ("0.00", "5.00"), ("-21.00", "-121.00")] {
            assert!(!dropped(tax, total), "{tax} of {total}");
        }
    }

    #[test]
    fn the_payee_is_not_taken_for_the_issuer() {
        let weighed = |payee: &str| {
            let mut fields = fields(&[(FieldName::IssuerName, "Monte Verde GmbH")]);
            weigh_payee(&mut fields, payee);
            let issuer = &fields[&FieldName::IssuerName];
            assert_eq!(issuer.value, "Monte Verde GmbH");
            issuer.confidence
        };
        assert!(weighed("MONTE VERDE GMBH") > 0.96);
        assert!(weighed("Monte Verde") > 0.96);
        assert!(weighed("Lago Factoring Bank AG") < 0.8);
        assert!(weighed("") > 0.9);
    }

    #[test]
    fn every_role_of_the_file_is_read() {
        let lists = [
            &NO_BILL,
            &NO_BILL_ALONE,
            &REFERRED,
            &REFERS,
            &GOODS_SENT,
            &NOT_PAID,
            &RECEIPT_TITLE,
            &WAS_PAID,
            &BY_LAW,
            &TABLES,
            &SERVED,
            &CARD_SLIP,
        ];
        knowledge::assert_read(include_str!("../data/bill_doubts.tsv"), &lists);
    }

    #[test]
    fn what_acknowledges_a_payment_is_a_receipt() {
        let paper = |title: &str, paid: &str| {
            let cells = [
                (0.1, 0.05, 24.0, title),
                (0.1, 0.15, 12.0, "Invoice number 87B 0152"),
                (0.1, 0.2, 12.0, paid),
                (0.1, 0.3, 12.0, "Bill to Monte Verde"),
                (0.1, 0.4, 12.0, "Total 10.00"),
            ];
            acknowledges_payment(&letter(&cells))
        };
        assert_eq!(paper("Receipt", "Date paid July 19, 2024"), Some(0.0));
        assert_eq!(paper("RECIBO", "Fecha de pago 19/07/2024"), Some(0.0), "or by which it is due");
        assert_eq!(paper("Receipt", "Receipt number 4711 Date paid July 19, 2024"), Some(ACKNOWLEDGED));
        assert_eq!(paper("Invoice", "Receipt number 4711 Date paid July 19, 2024"), None);
        assert_eq!(paper("Receipt", "Due July 19, 2024"), None);
    }

    #[test]
    fn one_word_makes_no_invoice() {
        let slip: &[&[(f32, &str)]] =
            &[&[(0.1, "Gasthaus Linde")], &[(0.1, "Rechnung 17")], &[(0.1, "Summe 20,00")]];
        let named = fields(&[(FieldName::RecipientName, "Monte Verde GmbH")]);
        let doubt =
            |lines: &[&[(f32, &str)]], kind, fields: &Fields| doubts_of_kind(kind, &drawn(lines), fields);
        assert!(!doubt(slip, Kind::Invoice, &Fields::new()).is_empty());
        assert!(doubt(slip, Kind::Invoice, &named).is_empty());
        let address = fields(&[(FieldName::RecipientName, "Hauptstrasse 2a")]);
        let own =
            fields(&[(FieldName::RecipientName, "Linde"), (FieldName::IssuerName, "Linde Gasthaus GmbH")]);
        assert!(
            !doubt(slip, Kind::Invoice, &address).is_empty() && !doubt(slip, Kind::Invoice, &own).is_empty()
        );
        let served: &[&[(f32, &str)]] = &[&[(0.1, "Rechnung 17")], &[(0.1, "Tisch 12/1")]];
        assert!(!doubt(served, Kind::Invoice, &named).is_empty());
        assert!(doubt(&[&[(0.1, "Table top, oak")]], Kind::Invoice, &named).is_empty());
        assert!(doubt(slip, Kind::Receipt, &Fields::new()).is_empty());
        assert!(doubt(&[&[(0.1, "DANFE")]], Kind::Invoice, &Fields::new()).is_empty());
    }

    #[test]
    fn what_looks_like_a_bill_and_is_none() {
        let doubt = |title: &str, kind| {
            let named = fields(&[(FieldName::RecipientName, "Monte Verde")]);
            let drawn = drawn(&[&[(0.1, title)], &[(0.1, "Total 20,00")]]);
            doubts_of_kind(kind, &drawn, &named).iter().any(|d| d.forbids())
        };
        for title in
            ["MAYORISTA N.C.P GUIA DESPACHO ELECTRONICA", "Presupuesto 17", "QUOTATION", "Lieferschein Nr. 4"]
        {
            assert!(doubt(title, Kind::Invoice) && doubt(title, Kind::Receipt), "{title}");
        }
        assert!(doubt("AUTHORIZATION DENIED", Kind::Receipt));
        for title in ["Remito Nro.: 4711", "Orden de compra: 0"] {
            assert!(doubt(title, Kind::Invoice), "nothing else says what it is: {title}");
        }
        for title in ["FACTURA A", "Ticket de compra", "Pedidos Ya", "Rechnung zum Lieferschein 4"] {
            assert!(!doubt(title, Kind::Invoice), "{title}");
        }
    }

    #[test]
    fn a_bill_that_refers_to_other_papers_is_one() {
        let doubt = |own: (f32, &str), other: &str| {
            let named = fields(&[(FieldName::RecipientName, "Monte Verde")]);
            let (other, number) = other.split_once('|').unwrap_or((other, "Monte Verde"));
            let cells = [
                (0.6, 0.04, own.0, own.1),
                (0.1, 0.08, 12.0, "Quincalla Norte"),
                (0.1, 0.15, 12.0, other),
                (0.6, 0.15, 12.0, number),
                (0.1, 0.2, 12.0, "Total 20,00"),
            ];
            let doubts = doubts_of_kind(Kind::Invoice, &letter(&cells), &named);
            doubts.contains(&Doubt::NoBill)
        };
        for other in [
            "Remito Nro.: 4711",
            "Remito Nº: 4711",
            "Orden de Compra:",
            "Purchase Order / Reference 17",
            "Lieferschein Nr. 4",
            "Orden de compra|C-0417",
        ] {
            for own in ["Factura", "FACTURA A", "INVOICE", "Rechnung"] {
                assert!(!doubt((16.0, own), other), "{own}, {other}");
            }
            assert!(doubt((12.0, "Factura"), other), "in no larger print: {other}");
            assert!(doubt((16.0, "Factura:"), other), "the label of a number: {other}");
            assert!(doubt((16.0, "Monte Verde"), other), "{other}");
        }
        for other in ["REMITO", "Presupuesto", "PRO FORMA", "Proforma Nro. 17", "Statement of account no. 4"]
        {
            assert!(doubt((16.0, "Factura"), other), "{other}");
        }
    }
}
