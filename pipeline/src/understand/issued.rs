//! Which of a document's dates is the day of issue, and which the day it is due.
//!
//! Every date gets the words that label it: before it in its cell, in the cell to the left, or over it. A date that is
//! said to be another (due, delivery, period, an earlier invoice) is out; of the others the best labelled one wins, and
//! how sure it is depends on what else could be meant: another date as well labelled, or day and month changing places.

mod words;

#[cfg(test)]
mod tests;

use time::{Date, Duration, Weekday};

use super::{
    amounts::plain,
    dates::{self, DateSeen as Read, Order},
    extract::Findings,
    money::{self, Style},
    scorer::{Signs, said, yes},
    sheet::{Cell, Row, Sheet},
};
use crate::fields::PageBox;
use words::last_role;

/// A date in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Dated {
    /// The day.
    pub date: Date,
    /// Probability that it is this day and this role.
    pub confidence: f32,
    /// One-based page.
    pub page: u32,
    /// On the upright page.
    pub bbox: PageBox,
    /// What speaks for it and against it; empty for a due date.
    pub signs: Signs,
}

/// What a label says a date is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The day of issue.
    Issue,
    /// The day it must be paid.
    Due,
    /// Just a date.
    Plain,
    /// Delivery, period, order, an earlier document, printing.
    Other,
    /// A guest's first day.
    Arrival,
    /// A guest's last day, on which a folio is written; of a ticket it may be any.
    Departure,
}

struct Seen {
    date: Date,
    other: Option<Date>,
    plain: bool,
    role: Option<Role>,
    clock: bool,
    among_items: bool,
    /// A word over its column says its role, and an amount stands on its row.
    headed: bool,
    row: usize,
    page: u32,
    bbox: PageBox,
}

fn seen(found: &Findings<'_>) -> Vec<Seen> {
    let sheet = found.sheet;
    let mut out: Vec<Seen> = Vec::new();
    for (i, row) in sheet.rows.iter().enumerate() {
        let clock = dates::clock(&row.folded).is_some();
        let sums =
            |c: &Cell| money::amounts(&c.folded, Style::Unknown).iter().any(|s| s.decimals && !s.percent);
        let money = row.cells.iter().any(sums);
        for (c, cell) in row.cells.iter().enumerate() {
            let mut from = 0;
            for read in dates::dates(&cell.folded, found.place.order) {
                let own = cell.folded.get(from..read.at).unwrap_or_default();
                let told = role_of(sheet, i, c, own, from > 0);
                let role = told.map(|(role, _)| role);
                let (date, other) = settle(&read, row, found.today);
                out.push(Seen {
                    date,
                    other,
                    plain: read.plain,
                    role,
                    clock,
                    among_items: money && role.is_none(),
                    headed: money && told.is_some_and(|(_, over)| over),
                    row: i,
                    page: row.page,
                    bbox: row.around(cell, read.at..read.end),
                });
                from = (read.at + 6).min(cell.folded.len());
                while !cell.folded.is_char_boundary(from) {
                    from += 1;
                }
            }
        }
    }
    settle_lists(&mut out);
    settle_stay(&mut out);
    out
}

/// The word over a column of dated entries (`Date  Service  Amount`) says nothing of the paper's own day.
fn settle_lists(all: &mut [Seen]) {
    let headed: Vec<(u32, usize, PageBox)> =
        all.iter().filter(|s| s.headed).map(|s| (s.page, s.row, s.bbox)).collect();
    for s in all.iter_mut().filter(|s| s.headed && s.role == Some(Role::Plain)) {
        let below = |(page, row, bbox): &(u32, usize, PageBox)| {
            *page == s.page && *row != s.row && bbox[0] < s.bbox[2] && bbox[2] > s.bbox[0]
        };
        if headed.iter().any(below) {
            (s.role, s.among_items) = (None, true);
        }
    }
}

/// Who stayed from one day to another has the bill of the last one, unless a label names another; a departure without an
/// arrival is a journey's.
fn settle_stay(all: &mut [Seen]) {
    let first = all.iter().filter(|s| s.role == Some(Role::Arrival)).map(|s| s.date).min();
    for s in all {
        s.role = match s.role {
            Some(Role::Departure) if first.is_some_and(|first| first <= s.date) => Some(Role::Plain),
            Some(Role::Arrival | Role::Departure) => Some(Role::Other),
            role => role,
        };
    }
}

/// The role that the words near a date give it: those before it, else those in the cell to the left, else those over it;
/// and whether it was these.
fn role_of(sheet: &Sheet, row: usize, cell: usize, own: &str, again: bool) -> Option<(Role, bool)> {
    let own = plain(own);
    if let Some(role) = last_role(&own) {
        return Some((role, false));
    }
    let lettered = |text: &str| text.split(' ').any(|w| w.len() > 2 && w.chars().all(char::is_alphabetic));
    if again || lettered(&own) {
        return None;
    }
    let this = sheet.rows.get(row)?;
    let left = cell.checked_sub(1).and_then(|l| this.cells.get(l));
    if let Some(left) = left
        && dates::dates(&left.folded, Order::DayFirst).is_empty()
        && let Some(role) = last_role(&plain(&left.folded))
    {
        return Some((role, false));
    }
    let bbox = this.cells.get(cell)?.bbox;
    let height = (bbox[3] - bbox[1]).max(0.004);
    for above in sheet.rows.get(..row)?.iter().rev().take(4) {
        if above.page != this.page || bbox[1] - above.bbox[3] > height * 4.0 {
            break;
        }
        let over = above
            .cells
            .iter()
            .filter(|c| overlaps(c, bbox))
            .max_by(|a, b| shared(a, bbox).total_cmp(&shared(b, bbox)));
        let Some(over) = over else { continue };
        // A date over a date: the label, if any, is above both or it is a list.
        if dates::dates(&over.folded, Order::DayFirst).is_empty() {
            return last_role(&plain(&over.folded)).map(|role| (role, true));
        }
    }
    None
}

fn overlaps(cell: &Cell, bbox: PageBox) -> bool {
    cell.bbox[0] < bbox[2] && cell.bbox[2] > bbox[0]
}

fn shared(cell: &Cell, bbox: PageBox) -> f32 {
    cell.bbox[2].min(bbox[2]) - cell.bbox[0].max(bbox[0])
}

/// The reading that the weekday beside the date, or the calendar, allows.
fn settle(read: &Read, row: &Row, today: Date) -> (Date, Option<Date>) {
    let Some(other) = read.other else { return (read.date, None) };
    let late = |d: Date| d > today + Duration::days(7);
    match (late(read.date), late(other)) {
        (true, false) => return (other, None),
        (false, true) => return (read.date, None),
        _ => {}
    }
    let named: Vec<Weekday> =
        row.folded.split(|c: char| !c.is_alphabetic()).filter_map(dates::weekday).collect();
    match (named.contains(&read.date.weekday()), named.contains(&other.weekday())) {
        (true, false) => (read.date, None),
        (false, true) => (other, None),
        _ => (read.date, Some(other)),
    }
}

fn score(s: &Seen, all: &[Seen], rows: usize) -> f32 {
    let role = match s.role {
        Some(Role::Issue) => 1.0,
        Some(Role::Plain) => 0.7,
        None => 0.35,
        Some(Role::Due) => -0.6,
        Some(Role::Other | Role::Arrival | Role::Departure) => -0.4,
    };
    let again = all
        .iter()
        .filter(|o| o.row != s.row && o.date == s.date && !matches!(o.role, Some(Role::Other | Role::Due)));
    role + if s.clock { 0.2 } else { 0.0 } + 0.08 * again.count().min(2) as f32
        - if s.among_items { 0.35 } else { 0.0 }
        - 0.12 * s.row as f32 / rows.max(1) as f32
        - if s.page > 1 { 0.1 } else { 0.0 }
}

/// How sure a date is by what stands beside it.
fn by_label(best: &Seen, all: &[Seen]) -> f32 {
    match best.role {
        Some(Role::Issue) => 0.97,
        Some(Role::Plain) => 0.95,
        None if best.clock => 0.93,
        None if !best.among_items => 0.88,
        None => 0.6,
        // "Ordered: 9/30/22 9:31 AM": the only day, with its minute, is the sale's whatever it is called.
        Some(Role::Other) if best.clock && all.iter().all(|s| s.date == best.date) => 0.85,
        Some(_) => 0.3,
    }
}

/// The day of issue.
#[must_use]
pub fn issued(found: &Findings<'_>) -> Option<Dated> {
    let mut all = seen(found);
    let oldest = found.today - Duration::days(365 * 25);
    all.retain(|s| s.date >= oldest && s.date <= found.today + Duration::days(7));
    // The first hundreds say it; a page of nothing but dates costs no more.
    all.truncate(300);
    settle_by_twins(&mut all);
    let rows = found.sheet.rows.len();
    let rank =
        |a: &&Seen, b: &&Seen| score(a, &all, rows).total_cmp(&score(b, &all, rows)).then(b.row.cmp(&a.row));
    let best = all.iter().max_by(rank)?;
    let own = score(best, &all, rows);
    let rival =
        all.iter().filter(|s| s.date != best.date).map(|s| score(s, &all, rows)).fold(f32::MIN, f32::max);
    let open = all
        .iter()
        .filter(|s| s.date != best.date && !matches!(s.role, Some(Role::Other | Role::Due)))
        .count();
    let mut sure = by_label(best, &all);
    // Another date that is nearly as well labelled.
    sure *= match own - rival {
        m if m < 0.1 => 0.65,
        m if m < 0.2 => 0.75,
        m if m < 0.3 => 0.9,
        _ => 1.0,
    };
    if best.role.is_none() && open > 0 {
        sure *= if best.clock && open == 1 { 0.92 } else { 0.8 };
    }
    if best.other.is_some() {
        sure *= order_factor(found);
    }
    let again = all.iter().filter(|s| s.date == best.date && s.row != best.row).count();
    let signs = vec![
        ("said", said(sure)),
        ("issue", yes(best.role == Some(Role::Issue))),
        ("dated", yes(best.role == Some(Role::Plain))),
        ("other_role", yes(matches!(best.role, Some(Role::Due | Role::Other)))),
        ("clock", yes(best.clock)),
        ("among_items", yes(best.among_items)),
        ("margin", (own - rival).clamp(0.0, 1.0)),
        ("open", open.min(3) as f32),
        ("alone", yes(all.len() == 1)),
        ("again", again.min(2) as f32),
        ("two_ways", yes(best.other.is_some())),
        ("order", if best.other.is_some() { said(order_factor(found)) } else { 0.0 }),
        ("plain", yes(best.plain)),
        ("old", yes(best.date < found.today - Duration::days(365 * 12))),
        ("recent", yes(best.date > found.today - Duration::days(300))),
        ("row", best.row as f32 / rows.max(1) as f32),
    ];
    Some(Dated { date: best.date, confidence: sure, page: best.page, bbox: best.bbox, signs })
}

/// How much an ambiguous date keeps, given how the document writes dates.
fn order_factor(found: &Findings<'_>) -> f32 {
    if found.place.order == Order::Unknown { 0.55 } else { found.place.order_sure }
}

/// A date that can be read two ways and stands once more in a form that cannot is what that form says.
fn settle_by_twins(all: &mut [Seen]) {
    let clear: Vec<Date> = all.iter().filter(|s| s.other.is_none() && s.plain).map(|s| s.date).collect();
    for s in all.iter_mut() {
        let Some(other) = s.other else { continue };
        match (clear.contains(&s.date), clear.contains(&other)) {
            (true, false) => s.other = None,
            (false, true) => (s.date, s.other) = (other, None),
            _ => {}
        }
    }
}

/// The day it is due, not before it was issued.
#[must_use]
pub fn due(found: &Findings<'_>, issued: Date) -> Option<Dated> {
    let all = seen(found);
    let mut due = all.iter().filter(|s| s.role == Some(Role::Due));
    let fits = |s: &&Seen| s.date >= issued && s.date < issued + Duration::days(730);
    let best = due.find(fits)?;
    let others = all.iter().any(|s| s.role == Some(Role::Due) && s.date != best.date && fits(&s));
    let mut confidence = if others { 0.6 } else { 0.92 };
    if best.other.is_some() {
        confidence *= order_factor(found);
    }
    let signs = Signs::new();
    Some(Dated { date: best.date, confidence, page: best.page, bbox: best.bbox, signs })
}
