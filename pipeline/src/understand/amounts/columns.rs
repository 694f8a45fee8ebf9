//! Labels away from their amounts: at the head of a column, or on a line of their own.

use super::{
    figures::{Figure, Figures, Reader, read_cell},
    words::{Role, only_currency, plain, role_of},
};
use crate::{
    fields::PageBox,
    understand::{
        sheet::{Cell, Row, Sheet},
        tables::heads_items,
    },
};

/// Gives amounts without a label the one at the head of their column.
pub(super) fn head_columns(reader: &Reader<'_>, figures: &mut Figures) {
    let first = figures.all.first().map(|f| f.units);
    let lone = figures.all.iter().all(|f| Some(f.units) == first && f.seen.signed);
    for i in 0..figures.all.len() {
        let f = &figures.all[i];
        if f.role.is_some() {
            continue;
        }
        let (page, row, bbox) = (f.page, f.row, f.bbox);
        let Some(below) = reader.sheet.rows.get(row) else { continue };
        let height = (bbox[3] - bbox[1]).max(0.004);
        for above in reader.sheet.rows[..row].iter().rev().take(4) {
            if above.page != page || bbox[1] - above.bbox[3] > height * 3.5 {
                break;
            }
            let own = if lone {
                column(above, bbox)
            } else {
                over(above, bbox).or_else(|| boxed(above, below, bbox))
            };
            let Some((head, whole)) = own else { continue };
            let label = plain(&head.folded);
            if heads_items(&plain(&above.folded)) || !read_cell(reader, head, false).figures.is_empty() {
                break;
            }
            if let Some((role, weight)) = role_of(&label)
                && (weight >= 1.0 || whole || lone)
            {
                let f = &mut figures.all[i];
                f.role = Some((role, weight * 0.95));
                f.column = (1, 0);
                f.summary &= !matches!(role, Role::Total | Role::Due);
                break;
            }
        }
    }
}

/// The cell of a table's head whose column, up to the next cell, holds the left edge of `bbox`.
fn column(row: &Row, bbox: PageBox) -> Option<(&Cell, bool)> {
    let at = row.cells.iter().rposition(|c| c.bbox[0] <= bbox[0] + 0.01)?;
    (row.cells.len() >= 3).then(|| row.cells.get(at)).flatten().map(|c| (c, false))
}

/// The head right over an amount, in words alone.
pub(super) fn head<'a>(sheet: &'a Sheet, f: &Figure) -> Option<&'a Cell> {
    let reach = 3.5 * (f.bbox[3] - f.bbox[1]).max(0.004);
    let above = sheet.rows.get(..f.row)?.last()?;
    let near = above.page == f.page && f.bbox[1] - above.bbox[3] <= reach;
    let (head, _) = over(above, f.bbox).filter(|_| near)?;
    (!head.folded.contains(|c: char| c.is_ascii_digit())).then_some(head)
}

/// The last head of a form's boxes, where the last amount below stands to its right: a head begins its box, a number ends it.
fn boxed<'a>(heads: &'a Row, row: &Row, bbox: PageBox) -> Option<(&'a Cell, bool)> {
    let (head, last) = (heads.cells.last()?, row.cells.last()?);
    let is_total = matches!(role_of(&plain(&head.folded)), Some((Role::Total | Role::Due, w)) if w >= 1.0);
    let ends = heads.cells.len() >= BOXES && row.cells.len() > 1 && last.bbox == bbox;
    (ends && is_total && head.bbox[2] <= bbox[0]).then_some((head, false))
}

/// Heads of a line of boxes, at the least.
const BOXES: usize = 3;

/// The cell of `row` that stands over `bbox`, and whether the row heads several sums.
fn over(row: &Row, bbox: PageBox) -> Option<(&Cell, bool)> {
    let head = row.cells.iter().find(|c| c.bbox[0] < bbox[2] && c.bbox[2] > bbox[0])?;
    let sums = row.cells.iter().filter_map(|c| role_of(&plain(&c.folded))).map(|(role, _)| role);
    let (mut total, mut other) = (false, false);
    for role in sums {
        total |= matches!(role, Role::Total | Role::Due);
        other |= matches!(role, Role::Net | Role::Tax);
    }
    Some((head, total && other))
}

/// Pairs labels that stand alone with amounts that stand alone: on the next line, or on one that slipped.
pub(super) fn pair_lines(reader: &Reader<'_>, figures: &mut Figures) {
    let mut taken: Vec<(usize, Role, f32)> = Vec::new();
    for (i, row) in reader.sheet.rows.iter().enumerate() {
        for cell in &row.cells {
            let label = plain(&cell.folded);
            let Some((role, weight)) = role_of(&label) else { continue };
            let height = (cell.bbox[3] - cell.bbox[1]).max(0.004);
            let answered = figures.all.iter().any(|f| f.row == i && f.bbox[0] >= cell.bbox[0] - 0.01);
            if answered || label.split(' ').count() > 6 || heads_items(&plain(&row.folded)) {
                continue;
            }
            let near = figures.all.iter().enumerate().filter(|(_, f)| {
                f.page == row.page
                    && f.role.is_none()
                    && f.row != i
                    && f.row.abs_diff(i) <= 2
                    && alone(reader, f)
                    && f.bbox[0] >= cell.bbox[0] - 0.02
            });
            let gap = |f: &Figure| ((f.bbox[1] + f.bbox[3]) - (cell.bbox[1] + cell.bbox[3])).abs() / 2.0;
            let best = near
                .filter(|(_, f)| gap(f) < height * 2.2 && f.bbox[3] > cell.bbox[1])
                .min_by(|a, b| gap(a.1).total_cmp(&gap(b.1)));
            match best {
                Some((at, _)) => taken.push((at, role, weight * 0.9)),
                None => {
                    figures.silent.push(role);
                    if matches!(role, Role::Total | Role::Due) && weight >= 0.8 && digits_behind(row, cell) {
                        figures.unread.push(i);
                    }
                }
            }
        }
    }
    for (at, role, weight) in taken {
        if let Some(f) = figures.all.get_mut(at)
            && f.role.is_none_or(|(_, w)| w < weight)
        {
            f.role = Some((role, weight));
        }
    }
}

/// Whether a digit stands on the row from `label`'s first letters on: `Total: 14.7g`.
fn digits_behind(row: &Row, label: &Cell) -> bool {
    let behind = row.cells.iter().filter(|c| c.bbox[0] >= label.bbox[0] - 0.01);
    behind.into_iter().any(|c| {
        let words = c.folded.split(' ').skip_while(|w| !w.chars().any(char::is_alphabetic));
        words.into_iter().any(|w| w.starts_with(|c: char| c.is_ascii_digit() || c == '$') && w.len() > 2)
    })
}

/// Whether nothing but currency stands beside an amount on its row, near enough to be its label.
fn alone(reader: &Reader<'_>, figure: &Figure) -> bool {
    let Some(row) = reader.sheet.rows.get(figure.row) else { return false };
    row.cells.iter().all(|c| {
        let read = read_cell(reader, c, false);
        let words =
            only_currency(&read.label) && read.figures.iter().all(|(_, before, _)| only_currency(before));
        words || figure.bbox[0] - c.bbox[2] > 0.12 || c.bbox[0] > figure.bbox[2]
    })
}
