//! Every line that may be the issuer's name, weighed by what a bookkeeper looks at.

use super::{
    blocks::{Block, Side, whose},
    brands, heads,
    looks::{is_price, is_registration, looks_like_address, says_contact},
    names::{core, firm, only_articles, only_ending, only_trade, plausible, says_former, says_other, tokens},
    support::support,
    tidy::{says_legal_name, sender_line, tidy},
    web::Site,
    witnessed,
    words::{CAPITAL, before as text_before},
};
use crate::{
    fields::PageBox,
    understand::{
        sheet::{Cell, Row, Sheet},
        tables::heads_table,
        tax_ids::{self, TaxId},
    },
};

/// A line that may be the name.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The name, tidied.
    pub name: String,
    /// [`core()`] of it.
    pub core: String,
    /// One-based.
    pub page: u32,
    /// On the upright page.
    pub bbox: PageBox,
    /// Row and cell.
    pub at: (usize, usize),
    /// Weight of the evidence.
    pub score: f32,
    /// How well a site or e-mail of the page says its name; none where the page has none of the issuer's.
    pub site: Option<f32>,
    /// How many independent things speak for it: form, place, site, label, repetition.
    pub proofs: u32,
    /// A label says that it is the issuer's.
    pub labelled: bool,
    /// Other lines that say it again.
    pub again: usize,
    /// The issuer's tax id stands on its line or near below it.
    pub own_id: bool,
    /// The tax id of somebody else stands on its line.
    pub others_id: bool,
    /// What stands before it says that it is a firm's registered name (`Razón social:`), not whose.
    pub legal_label: bool,
    /// Lines that mention its brand.
    pub mentions: usize,
    /// It is only mentioned: no line is its name alone.
    pub mentioned: bool,
    /// The paper thanks or welcomes in its name.
    pub voiced: bool,
}

impl Candidate {
    /// A name that the line `at` says among other words, on the first page.
    pub(super) fn within(name: String, at: (usize, usize), bbox: PageBox, score: f32) -> Self {
        Self {
            core: core(&name),
            name,
            page: 1,
            bbox,
            at,
            score,
            site: None,
            proofs: 0,
            labelled: false,
            again: 0,
            own_id: false,
            others_id: false,
            legal_label: false,
            mentions: 0,
            mentioned: true,
            voiced: false,
        }
    }
}

/// What is known of the page before its names are weighed.
pub struct Page<'a> {
    /// The lines.
    pub sheet: &'a Sheet,
    /// Labelled blocks.
    pub blocks: &'a [Block],
    /// Sites and addresses.
    pub sites: &'a [Site],
    /// Tax ids.
    pub ids: &'a [TaxId],
    /// Usual height of letters.
    pub usual: f32,
    /// Of each row, how many above it on its page say something.
    above: Vec<usize>,
}

impl<'a> Page<'a> {
    /// Measures the page.
    #[must_use]
    pub fn of(sheet: &'a Sheet, blocks: &'a [Block], sites: &'a [Site], ids: &'a [TaxId]) -> Self {
        Self { sheet, blocks, sites, ids, usual: sheet.usual_height(), above: heads::above(sheet) }
    }

    /// How many rows above `row` say something: a title or the day alone does not.
    #[must_use]
    pub fn above(&self, row: usize) -> usize {
        self.above.get(row).copied().unwrap_or(row)
    }

    /// The cells right under `at` in its column, nearest first, without a gap.
    #[must_use]
    pub fn below(&self, at: (usize, usize), most: usize) -> Vec<&Cell> {
        let Some(row) = self.sheet.rows.get(at.0) else { return Vec::new() };
        let Some(cell) = row.cells.get(at.1) else { return Vec::new() };
        let mut bottom = cell.bbox[3];
        let centre = (cell.bbox[0] + cell.bbox[2]) / 2.0;
        let mut out = Vec::new();
        for row in self.sheet.rows.iter().skip(at.0 + 1).take_while(|r| r.page == row.page) {
            let Some(next) = row.cells.iter().find(|c| {
                (c.bbox[0] - cell.bbox[0]).abs() < 0.03
                    || ((c.bbox[0] + c.bbox[2]) / 2.0 - centre).abs() < 0.06
            }) else {
                continue;
            };
            if next.bbox[1] - bottom > 2.5 * cell.height.max(self.usual) || out.len() >= most {
                break;
            }
            bottom = next.bbox[3];
            out.push(next);
        }
        out
    }
}

/// Rows from the top in which a brand is the shop's own.
pub(super) const BRAND_ROWS: usize = 8;

/// How much each kind of evidence weighs; receipts are headed by the name, invoices hide it among columns.
#[derive(Debug, Clone, Copy)]
pub struct Weights {
    /// Lost for each candidate above.
    pub rank: f32,
    /// Lost for each line above.
    pub line: f32,
    /// Lost from top to bottom of the page.
    pub depth: f32,
    /// For letters larger than usual.
    pub size: f32,
    /// For a legal form or a word of trade.
    pub firm: f32,
    /// For an address or contact right below.
    pub head: f32,
    /// Lost under two lines with prices, unless a legal form makes it a firm.
    pub goods: f32,
}

/// A receipt's merchant.
pub const RECEIPT: Weights =
    Weights { rank: 0.06, line: 0.045, depth: 0.4, size: 0.35, firm: 0.75, head: 0.15, goods: 0.6 };
/// An invoice's issuer.
pub const INVOICE: Weights =
    Weights { rank: 0.02, line: 0.0, depth: 0.6, size: 0.4, firm: 0.55, head: 0.3, goods: 0.0 };

/// Every candidate of the first page, best first.
#[must_use]
pub fn candidates(page: &Page<'_>, weights: Weights, recipients: &[String]) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    let mut consumed: Vec<PageBox> = Vec::new();
    let mut rank = 0;
    let (mut items, mut priced) = (false, 0);
    for (r, row) in page.sheet.rows.iter().enumerate().take_while(|(_, r)| r.page == 1) {
        if heads_table(row) {
            items = true;
            continue;
        }
        if all_labels(row) {
            continue;
        }
        for (c, cell) in row.cells.iter().enumerate() {
            // Whom the claim was sold to issued nothing.
            if consumed.contains(&cell.bbox) || whose(page.blocks, (r, c)) == Some(Side::Factor) {
                continue;
            }
            if let Some((mut candidate, taken)) = candidate(page, weights, (r, c), row, cell, rank) {
                consumed.extend(taken);
                // Under the head of the table stand goods, until the page's foot.
                candidate.score -= if items && row.bbox[1] < 0.7 { 0.3 } else { 0.0 };
                candidate.score -=
                    if priced >= 2 && firm(&candidate.name) < 0.9 { weights.goods } else { 0.0 };
                found.push(candidate);
                rank += usize::from(c == 0);
            }
        }
        priced += usize::from(row.cells.iter().any(|c| is_price(&c.folded)));
    }
    witnessed::mend(page, &mut found);
    support(page, &mut found, recipients);
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found
}

fn candidate(
    page: &Page<'_>,
    weights: Weights,
    at: (usize, usize),
    row: &Row,
    cell: &Cell,
    rank: usize,
) -> Option<(Candidate, Option<PageBox>)> {
    let block = page.blocks.iter().find(|b| b.bbox == cell.bbox && b.page == row.page && b.name.is_some());
    let labelled = block.filter(|b| b.cells.first() == Some(&at)).and_then(|b| b.name.clone());
    let (name, taken) = joined(page, at, cell, labelled.unwrap_or_else(|| tidy(cell_name(cell))));
    if !plausible(&name) || (name.contains(": ") && block.is_none()) {
        return None;
    }
    let place = 1.0
        - weights.rank * rank as f32
        - weights.line * page.above(at.0).min(12) as f32
        - weights.depth * row.bbox[1].clamp(0.0, 0.7);
    let mut below = page.below(at, 5);
    below.drain(..usize::from(taken.is_some()).min(below.len()));
    let form = firm(&name);
    let (own_id, others_id) = ids_beside(page, at.0);
    let legal_label = says_legal_name(&cell.text);
    let parts = [
        itself(page, weights, at, (row, cell), (&name, form)),
        head(weights, at, (row, cell), &below),
        (before(page, at.0, cell, form), 0),
        sides(whose(page.blocks, at), block.map(|b| b.side), cell),
        (if legal_label && !others_id { 0.5 } else { 0.0 }, 0),
        (if own_id { 0.15 } else { 0.0 } - if others_id { 1.5 } else { 0.0 }, 0),
    ];
    let bbox = taken.map_or(cell.bbox, |t| around(cell.bbox, t));
    let score = place + parts.iter().map(|(score, _)| score).sum::<f32>();
    let candidate = Candidate {
        page: row.page,
        proofs: parts.iter().map(|(_, proofs)| proofs).sum(),
        labelled: block.is_some_and(|b| b.side == Side::Issuer),
        own_id,
        others_id,
        legal_label,
        mentioned: false,
        ..Candidate::within(name, at, bbox, score)
    };
    Some((candidate, taken))
}

/// What the line says by itself: its letters, its form, its words, its price. A weight and proofs, as of the parts below.
fn itself(
    page: &Page<'_>,
    weights: Weights,
    at: (usize, usize),
    (row, cell): (&Row, &Cell),
    (name, form): (&str, f32),
) -> (f32, u32) {
    let letters = name.chars().filter(|c| c.is_alphabetic()).count();
    let upper = name.chars().filter(|c| c.is_uppercase()).count();
    let size = cell.height / page.usual - 1.0;
    let mut score = size.clamp(-0.4, 1.2) * weights.size + form * weights.firm;
    let mut proofs = u32::from(form > 0.9) + u32::from(size > 0.35);
    // A brand's sign heads its slip; further down it is what was sold.
    if at.0 < BRAND_ROWS && brands::is_brand(name) {
        score += 0.6;
        proofs += 1;
    }
    if upper * 10 > letters * 7 {
        score += 0.12;
    } else if upper == 0 {
        score -= 0.45;
    }
    if says_other(name) {
        score -= 0.6;
    }
    if only_trade(name) {
        score -= 0.7;
    }
    let priced = row.cells.iter().skip(at.1 + 1).any(|c| is_price(&c.folded)) || is_price(&cell.folded);
    if priced {
        score -= 1.2;
    }
    if name.split_whitespace().count() > 6 && form < 0.9 {
        score -= 0.4;
    }
    // A line that a comma leaves open goes on: it is a part of an address.
    if cell.text.trim_end().ends_with(',') && form < 0.9 {
        score -= 0.5;
    }
    (score, proofs)
}

/// An address, a contact or a registration under it or beside it: it heads them.
fn head(weights: Weights, at: (usize, usize), (row, cell): (&Row, &Cell), below: &[&Cell]) -> (f32, u32) {
    let wordy = |c: &Cell| c.folded.chars().filter(|c| c.is_alphabetic()).count() >= 8;
    let (mut score, mut proofs) = (0.0, 0);
    if below.iter().take(3).any(|c| looks_like_address(&c.folded)) {
        score += weights.head;
    }
    if below.iter().any(|c| says_contact(&c.folded)) {
        score += weights.head;
        proofs += 1;
    }
    if row.cells.get(at.1 + 1).is_some_and(|c| wordy(c) && looks_like_address(&c.folded)) {
        score += weights.head;
        proofs += 1;
    }
    if is_registration(&cell.folded) || below.first().is_some_and(|c| is_registration(&c.folded)) {
        score += 0.35;
        proofs += 1;
    }
    (score, proofs)
}

/// What the line above makes of it: a former name, or the rest of an address.
fn before(page: &Page<'_>, row: usize, cell: &Cell, form: f32) -> f32 {
    let Some(before) = row_before(page.sheet, row) else { return 0.0 };
    let mut score = if says_former(&before.folded) { -0.7 } else { 0.0 };
    // "Nogues 576 - Villa Alta," / "Santa Fe": what a comma leaves open goes on below.
    let over = |c: &Cell| c.bbox[0] < cell.bbox[2] && c.bbox[2] > cell.bbox[0];
    let open = |c: &&Cell| over(c) && c.text.trim_end().ends_with(',');
    score -= if before.cells.iter().any(|c| open(&c)) && form < 0.9 { 0.8 } else { 0.0 };
    // What follows an address without a gap belongs to it.
    let address = looks_like_address(&before.folded) && before.folded.contains(' ');
    score - if address && form < 0.9 { 0.35 } else { 0.0 }
}

/// Whose a label says it is.
fn sides(whose: Option<Side>, own: Option<Side>, cell: &Cell) -> (f32, u32) {
    let (mut score, mut proofs) = match (whose, own) {
        (Some(Side::Recipient | Side::Delivery | Side::Third), _) => (-1.8, 0),
        (_, Some(Side::Issuer)) => (1.1, 2),
        (_, Some(Side::Payee)) => (0.35, 1),
        _ => (0.0, 0),
    };
    let theirs = matches!(whose, Some(Side::Recipient | Side::Delivery | Side::Third));
    if !theirs && sender_line(&cell.text).is_some() {
        score += 0.9;
        proofs += 2;
    }
    (score, proofs)
}

/// Whether the issuer's tax id stands on a row or near below it, and whether somebody else's stands on it.
fn ids_beside(page: &Page<'_>, row: usize) -> (bool, bool) {
    let Some((own, _)) = tax_ids::issuers(page.ids) else { return (false, false) };
    let own_id = (own.row.saturating_sub(3)..=own.row).contains(&row);
    let others = |id: &TaxId| id.row == row && id.value != own.value && id.checked != Some(false);
    (own_id, own.row != row && page.ids.iter().any(others))
}

/// `Customer | Order | Invoice date | Due date`: most of three cells or more are labels, so the others are too.
fn all_labels(row: &Row) -> bool {
    let labels = row.cells.iter().filter(|c| says_other(&c.text)).count();
    row.cells.len() >= 3 && labels >= 2 && labels * 2 >= row.cells.len()
}

fn around(a: PageBox, b: PageBox) -> PageBox {
    [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
}

/// "Acme SAS au capital de 1 000 Euros": only what stands before the company's particulars.
fn cell_name(cell: &Cell) -> &str {
    for mark in CAPITAL.iter() {
        if let Some(name) = text_before(&cell.folded, mark) {
            let chars = name.chars().count();
            return cell.text.char_indices().nth(chars).map_or(cell.text.as_str(), |(i, _)| &cell.text[..i]);
        }
    }
    cell.text.as_str()
}

fn row_before(sheet: &Sheet, at: usize) -> Option<&Row> {
    sheet.rows.get(at.checked_sub(1)?)
}

/// A name over two lines: "NUBE ROJA" / "CO. (M) SDN BHD", or two large lines over an address.
fn joined(page: &Page<'_>, at: (usize, usize), cell: &Cell, name: String) -> (String, Option<PageBox>) {
    let below = page.below(at, 3);
    let Some(next) = below.first() else { return (name, None) };
    let alike = (next.height / cell.height.max(0.001)).clamp(0.0, 9.0);
    let close = next.bbox[1] - cell.bbox[3] < 0.8 * cell.height;
    let article = at.0 < BRAND_ROWS && only_articles(&name);
    let clean =
        !says_other(&name) && !cell.text.chars().any(|c| c.is_ascii_digit()) && (article || plausible(&name));
    let tail = tidy(&next.text);
    if close && clean && at.0 < BRAND_ROWS && is_brand_over_two(&name, &tail) {
        return (format!("{name} {tail}"), Some(next.bbox));
    }
    // "THE" over "NUBE": the article of a sign is often smaller.
    let alike = if article { (0.75..2.5).contains(&alike) } else { (0.75..1.35).contains(&alike) };
    if !close || !clean || !alike || firm(&name) > 0.9 {
        return (name, None);
    }
    let named = article && plausible(&tail) && !tail.chars().any(|c| c.is_ascii_digit());
    let words = tokens(&tail).len();
    let stem = firm(&tail) > 0.9
        && words <= 4
        && tail.split_whitespace().count() <= 3
        && upper(&name) == upper(&tail);
    let plain = words <= 2
        && plausible(&tail)
        && firm(&tail) < 0.9
        && !tail.chars().any(|c| c.is_ascii_digit())
        && cell.height > 1.25 * page.usual
        && below.get(1).is_some_and(|c| looks_like_address(&c.folded))
        && (next.bbox[0] - cell.bbox[0]).abs() < 0.02;
    let ending = only_ending(&tail) || only_ending(&next.text);
    if ending || (stem && quoted_or_short(&name, &tail)) || plain || named {
        return (format!("{name} {}", tail.trim()), Some(next.bbox));
    }
    (name, None)
}

/// "Big" over "Boy": two lines of one sign, of whatever size.
fn is_brand_over_two(name: &str, tail: &str) -> bool {
    let whole = format!("{name} {tail}");
    (1..=2).contains(&tokens(tail).len())
        && !brands::is_brand(name)
        && (brands::is_brand(&whole) || witnessed::long_brand(&whole).is_some())
}

/// "'NORTH' SOUTH" over "TOOLS SDN BHD": one word before the form is rarely a whole name.
fn quoted_or_short(name: &str, tail: &str) -> bool {
    let words = tokens(tail);
    let stem = super::names::legal_form(&words, tail).map_or(words.len(), |(from, _)| from);
    stem <= 1 && tokens(name).len() <= 3 && firm(name) < 0.1
}

fn upper(text: &str) -> bool {
    text.chars().filter(|c| c.is_alphabetic()).all(char::is_uppercase)
}
