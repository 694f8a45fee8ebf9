//! Every amount of a document with the label it stands beside.
//!
//! A label stands before its amount in the same cell, in the cell to the left, over it at the head of a column, or
//! alone on a line with the amount on the next.

use super::{
    columns, included, service_note, spelled, tips,
    words::{Role, before_base, begins_summary, names_tax, only_currency, plain, role_of},
};
use crate::{
    fields::PageBox,
    understand::{
        money::{
            Amount, Minus, Seen, Spaces, Style, amounts, amounts_in, join_thousands, mend, style_in,
            without_sign,
        },
        sheet::{Cell, Row, Sheet},
        values::currency,
    },
};

/// An amount and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Figure {
    /// As printed.
    pub seen: Seen,
    /// In ten-thousandths.
    pub units: i64,
    /// What the label says it is, and how surely.
    pub role: Option<(Role, f32)>,
    /// In a table of tax by rate.
    pub summary: bool,
    /// The rates printed on its row, in hundredths of a percent.
    pub rates: Vec<i64>,
    /// Place.
    pub page: u32,
    /// Index of its row.
    pub row: usize,
    /// On the upright page.
    pub bbox: PageBox,
    /// How surely its digits were read.
    pub read: f32,
    /// How many amounts share its label, and which of them it is.
    pub column: (usize, usize),
    /// It took some guessing to read it.
    pub guessed: bool,
    /// A lone number stands right before it: `3 122.40` may be one amount.
    pub cut: bool,
    /// Its minus, or whether it has one, is not sure.
    pub doubtful: bool,
}

/// All figures of a document, in reading order.
pub(super) struct Figures {
    /// The amounts.
    pub all: Vec<Figure>,
    /// Rows.
    pub rows: usize,
    /// Roles that are named on a row without an amount that could be read.
    pub silent: Vec<Role>,
    /// Rows that a label calls the total, with digits behind it that make no amount.
    pub unread: Vec<usize>,
    /// Rates of tax printed without its amount, in hundredths of a percent.
    pub rates: Vec<i64>,
    /// There are two sums, with and without a tip or what is kept back, and nothing says which was charged.
    pub torn: bool,
    /// What the paper says in words too, in ten-thousandths.
    pub spelled: Option<i64>,
}

/// How this document writes its amounts.
pub(super) struct Reader<'a> {
    pub sheet: &'a Sheet,
    style: Style,
    whole: bool,
    spaces: Spaces,
}

/// No sum of a paper is as large (a million millions, in ten-thousandths); account numbers are.
const LARGEST: i64 = 10_000_000_000_000_000;

/// So many amounts are looked at, from the start; the longest receipts have a few hundred.
const MOST: usize = 4_000;

/// Typical rates of tax, which may stand before an amount without their sign.
fn may_be_rate(number: &str) -> bool {
    matches!(number.parse::<u32>(), Ok(3..=27))
}

/// Whether a per-cent sign stands right behind a number.
fn prints_rate(folded: &str) -> bool {
    folded.match_indices('%').any(|(at, _)| folded[..at].trim_end().ends_with(|c: char| c.is_ascii_digit()))
}

impl Figures {
    /// Turns every sign over: a paper of money back is then read like one of money owed.
    pub(super) fn mirror(&mut self) {
        for f in &mut self.all {
            f.units = -f.units;
            f.seen.amount.mantissa = -f.seen.amount.mantissa;
        }
    }
}

impl Reader<'_> {
    /// `taxed`: the row speaks of a tax, whose rate may stand before the amount.
    fn amounts(&self, cell: &Cell, taxed: bool) -> (String, Vec<Seen>) {
        let text = join_thousands(&mend(&cell.folded), self.spaces, |number| taxed && may_be_rate(number));
        let seen = amounts_in(&text, self.style, self.spaces.digits);
        (text, seen)
    }

    fn is_money(&self, seen: &Seen) -> bool {
        let units = seen.amount.units();
        units.abs() < LARGEST
            && !seen.percent
            && (seen.decimals || seen.signed || seen.grouped || (self.whole && units >= 50 * 10_000))
    }
}

/// A cell's amounts, each with the words before it.
pub(super) struct Read {
    pub label: String,
    pub figures: Vec<(Seen, String, bool)>,
    rates: Vec<i64>,
}

pub(super) fn read_cell(reader: &Reader<'_>, cell: &Cell, taxed: bool) -> Read {
    let (text, seen) = reader.amounts(cell, taxed);
    let mut read = Read { label: String::new(), figures: Vec::new(), rates: Vec::new() };
    let mut from = 0;
    for s in seen {
        if s.percent {
            read.rates.push(s.amount.units() / 100);
        }
        if reader.is_money(&s) {
            let before = text.get(from..s.at.0).unwrap_or_default();
            let whole = text.get(s.at.0..s.at.1).unwrap_or_default();
            let three = whole.find(|c: char| !c.is_ascii_digit()).unwrap_or(whole.len()) == 3;
            let cut = three && ends_in_lone_number(before);
            read.figures.push((s, plain(without_sign(before).0), cut));
            from = s.at.1;
        }
    }
    read.label = plain(text.get(from..).unwrap_or_default());
    read
}

/// Whether the text ends in a number of up to three digits and a space, or a mark that no country we know of parts its
/// thousands by: what follows may be its tail.
fn ends_in_lone_number(text: &str) -> bool {
    const NONE: &[char] = &['(', ')', '+', '-', '/', ':', '%', '=', '@', '#', '&', '[', ']', '|', ';', '~'];
    let Some(mark) = text.chars().next_back() else { return false };
    if mark.is_alphanumeric() || NONE.contains(&mark) || currency::is_currency_symbol(mark) {
        return false;
    }
    let text = &text[..text.len() - mark.len_utf8()];
    let digits = text.bytes().rev().take_while(u8::is_ascii_digit).count();
    let front = &text[..text.len() - digits];
    let opens = |c: char| matches!(c, ' ' | ':' | '-' | '(') || currency::is_currency_symbol(c);
    (1..=3).contains(&digits) && (front.is_empty() || front.ends_with(opens))
}

/// Whether amounts are printed without decimals in this document (pesos, yen).
fn without_decimals(reader: &Reader<'_>) -> bool {
    let cells = reader.sheet.rows.iter().flat_map(|r| &r.cells);
    let seen: Vec<Seen> = cells.flat_map(|c| reader.amounts(c, false).1).filter(|s| !s.percent).collect();
    let decimals = seen.iter().filter(|s| s.decimals).count();
    let marked = seen.iter().filter(|s| !s.decimals && (s.grouped || s.signed)).count();
    decimals == 0 || (marked >= 3 && marked >= decimals * 3)
}

/// Whether thousands are parted by spaces: nothing in the document parts them by a mark.
fn spaced_thousands(sheet: &Sheet, style: Style) -> bool {
    style == Style::Comma
        && !sheet
            .rows
            .iter()
            .flat_map(|r| &r.cells)
            .flat_map(|c| amounts(&c.folded, style))
            .any(|s| s.grouped)
}

/// Reads all figures; the document's currency has `digits` places.
pub(super) fn figures(sheet: &Sheet, digits: u32) -> Figures {
    let mended: Vec<String> = sheet.rows.iter().map(|row| mend(&row.folded)).collect();
    let style = style_in(&mended.join("\n"), digits);
    let spaces = Spaces { sure: spaced_thousands(sheet, style), digits };
    let mut reader = Reader { sheet, style, whole: false, spaces };
    reader.whole = without_decimals(&reader);
    let mut out = Figures {
        all: Vec::new(),
        rows: sheet.rows.len(),
        silent: Vec::new(),
        unread: Vec::new(),
        rates: Vec::new(),
        torn: false,
        spelled: None,
    };
    let mut summary = false;
    for (i, row) in sheet.rows.iter().enumerate() {
        let label = plain(&row.folded);
        if begins_summary(&label) {
            summary = true;
        }
        if suggests_tips(sheet, i) {
            continue;
        }
        let mut own = row_figures(&reader, row, i);
        // The table ends where the document's own sum or a payment stands.
        let money = own.iter().filter(|f| f.role.is_some()).count();
        if summary && money == 1 && own.iter().any(ends_summary) {
            summary = false;
        }
        if own.is_empty() && matches!(role_of(&label), Some((Role::Tax, _))) {
            out.rates.extend(row.cells.iter().flat_map(|c| read_cell(&reader, c, true).rates));
        }
        own.iter_mut().for_each(|f| f.summary = summary);
        out.all.extend(own);
        if out.all.len() > MOST {
            break;
        }
    }
    included::settle(&mut out.all);
    columns::head_columns(&reader, &mut out);
    columns::pair_lines(&reader, &mut out);
    tips::settle(&mut out, sheet);
    service_note::settle(&mut out, sheet);
    spelled::settle(&mut out, sheet);
    out
}

/// Rows of a table of tips: their shares, what each comes to, and the total with it.
const TIPS: usize = 3;

/// Whether a row is of such a table: `15% 18% 20%` over `Total: 6.62 6.80 6.91`, which nobody has paid yet.
fn suggests_tips(sheet: &Sheet, at: usize) -> bool {
    let amounts_of = |row: &Row, percent: bool| {
        amounts(&row.folded, Style::Point).iter().filter(|s| s.percent == percent).count()
    };
    let shares = |row: &Row| {
        let named =
            plain(&row.folded).split(' ').any(|w| matches!(role_of(w), Some((Role::Extra | Role::Tip, _))));
        if named { amounts_of(row, true) } else { 0 }
    };
    let Some(row) = sheet.rows.get(at) else { return false };
    let own = amounts_of(row, false);
    let heads = &sheet.rows[at.saturating_sub(TIPS)..=at];
    own >= 2 && heads.iter().any(|head| head.page == row.page && shares(head) >= 2 && shares(head) == own)
}

fn ends_summary(f: &Figure) -> bool {
    match f.role {
        Some((Role::Total | Role::Due, weight)) => weight >= 0.95,
        Some((Role::Net | Role::Tax | Role::Count, _)) | None => false,
        Some(_) => true,
    }
}

fn row_figures(reader: &Reader<'_>, row: &Row, index: usize) -> Vec<Figure> {
    // Where the rate is printed with its sign, no bare number is one.
    let taxed = plain(&row.folded).split(' ').any(names_tax) && !prints_rate(&row.folded);
    let reads = reads(reader, row, taxed);
    let rates: Vec<i64> = reads.iter().flat_map(|r| r.rates.clone()).collect();
    let mut out: Vec<Figure> = Vec::new();
    // The words that stand before the next amount, and how many amounts they already have.
    let (mut label, mut shared) = (String::new(), Vec::new());
    let close = |out: &mut Vec<Figure>, shared: &mut Vec<usize>| {
        for (n, at) in shared.iter().enumerate() {
            // The same amount twice (debit and credit) is one.
            let same = shared.iter().all(|s| out.get(*s).map(|f| f.units) == out.get(*at).map(|f| f.units));
            if let Some(f) = out.get_mut(*at) {
                f.column = if same { (1, 0) } else { (shared.len(), n) };
            }
        }
        shared.clear();
    };
    for (read, cell) in reads.iter().zip(&row.cells) {
        for (seen, before, cut) in &read.figures {
            if !before.is_empty() && !only_currency(before) {
                close(&mut out, &mut shared);
                label = before.clone();
            }
            shared.push(out.len());
            out.push(Figure {
                seen: *seen,
                units: seen.amount.units(),
                role: role_of(&label),
                summary: false,
                rates: rates.clone(),
                page: row.page,
                row: index,
                bbox: cell.bbox,
                read: row.digits_read(cell.bbox),
                column: (1, 0),
                guessed: false,
                cut: *cut,
                doubtful: seen.minus == Minus::Doubtful || seen.ambiguous,
            });
        }
        if !read.label.is_empty() && !only_currency(&read.label) {
            // What stands behind the last amount labels the next; a tax code (`SR`) or a unit does not.
            let behind = !read.figures.is_empty();
            if !behind || role_of(&read.label).is_some() {
                close(&mut out, &mut shared);
                label = read.label.clone();
            }
        }
    }
    close(&mut out, &mut shared);
    base_of_tax(row, &mut out);
    if out.is_empty() && !reader.whole {
        out.extend(guess(row, index, rates));
    }
    out
}

/// The amounts of each cell.
fn reads(reader: &Reader<'_>, row: &Row, taxed: bool) -> Vec<Read> {
    let read = |(at, cell): (usize, &Cell)| {
        let signed = at.checked_sub(1).and_then(|before| signed_by(row.cells.get(before)?, cell));
        read_cell(reader, signed.as_ref().unwrap_or(cell), taxed)
    };
    row.cells.iter().enumerate().map(read).collect()
}

/// A number alone, with the currency that stands at the end of the label in the cell before it: `Total: $` and, far behind,
/// `3170`.
fn signed_by(before: &Cell, cell: &Cell) -> Option<Cell> {
    let number = cell.folded.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '\''));
    let label = !before.folded.contains(|c: char| c.is_ascii_digit());
    let sign = before.folded.rsplit([' ', ':']).next().filter(|sign| currency::is_sign(sign, false))?;
    (number && label).then(|| Cell { folded: format!("{sign} {}", cell.folded), ..cell.clone() })
}

/// `SUBTOTAL 1440`: a whole number where only a sum can stand. Not for totals, where it may be a count.
fn round_sum(text: &str) -> Option<(usize, Amount)> {
    let at = text
        .rfind(|c: char| !c.is_ascii_digit())
        .map(|i| i + text[i..].chars().next().map_or(1, char::len_utf8))?;
    let digits = &text[at..];
    let alone = text[..at].ends_with([' ', ':']);
    (alone && (2..=7).contains(&digits.len()))
        .then(|| digits.parse().ok())
        .flatten()
        .map(|mantissa| (at, Amount { mantissa, scale: 0 }))
}

/// `TOTAL 28-90`, `Total 10 94`: a labelled number whose point was misread, at the end of its row.
fn guess(row: &Row, index: usize, rates: Vec<i64>) -> Option<Figure> {
    let text = mend(&row.folded);
    let body = text.trim_end();
    let whole = round_sum(body).map(|(at, amount)| (at, amount, false));
    let whole = whole.filter(
        |(at, ..)| matches!(role_of(&plain(&body[..*at])), Some((Role::Net | Role::Discount, w)) if w >= 1.0),
    );
    let (at, amount, decimals) = whole.or_else(|| pointless(body))?;
    let role = role_of(&plain(&body[..at]))?;
    let wanted = matches!(
        role.0,
        Role::Total | Role::Due | Role::Net | Role::Tax | Role::Paid | Role::Change | Role::Discount
    );
    if !wanted {
        return None;
    }
    let at = (at, body.len());
    let (minus, ambiguous) = (Minus::No, false);
    let seen = Seen { amount, decimals, signed: false, minus, ambiguous, percent: false, grouped: false, at };
    let bbox = row.cells.last().map_or(row.bbox, |c| c.bbox);
    Some(Figure {
        seen,
        units: seen.amount.units(),
        role: Some(role),
        summary: false,
        rates,
        page: row.page,
        row: index,
        bbox,
        read: row.digits_read(bbox),
        column: (1, 0),
        guessed: decimals,
        cut: false,
        doubtful: false,
    })
}

/// `28-90`, `10 94` at the end: whole and cents whose point was misread.
fn pointless(body: &str) -> Option<(usize, Amount, bool)> {
    let cents_at = body.len().checked_sub(2)?;
    let (front, cents) = (body.get(..cents_at)?, body.get(cents_at..)?);
    let front = front.strip_suffix(['-', ' ', ':', '_', '*', '\''])?;
    let at = front
        .rfind(|c: char| !c.is_ascii_digit())
        .map_or(0, |i| i + front[i..].chars().next().map_or(1, char::len_utf8));
    let whole = &front[at..];
    if whole.is_empty() || whole.len() > 6 || !cents.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((at, Amount { mantissa: format!("{whole}{cents}").parse().ok()?, scale: 2 }, true))
}

/// `VAT 19 % on 804,35 152,83`: what a tax is counted on is no sum of its own.
fn base_of_tax(row: &Row, figures: &mut [Figure]) {
    let label = plain(&row.folded);
    let taxed =
        figures.first().is_some_and(|_| matches!(role_of(&label_before(&label)), Some((Role::Tax, _))));
    let on = label.split(' ').any(before_base);
    if taxed && on && figures.len() > 1 {
        let last = figures.len() - 1;
        for f in &mut figures[..last] {
            f.role = Some((Role::Net, 0.4));
        }
        figures[last].role = Some((Role::Tax, 1.0));
    }
}

/// The words of a row before its first number.
fn label_before(label: &str) -> String {
    let words: Vec<&str> = label.split(' ').take_while(|w| !w.chars().all(char::is_numeric)).collect();
    words.join(" ")
}
