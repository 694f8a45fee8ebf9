//! Cards that print values without labels: the American social security card, India's Aadhaar, and licences whose small
//! numbers no reader makes out.

use super::{
    countries,
    labels::What,
    names::{tokens, value_of},
    printed::{Printed, Value},
    shapes::is_postal_code,
    spans::Numbering,
    states,
    types::ESTABLISHED,
};
use crate::{
    fields::{FieldName, Fields},
    reading::Word,
    understand::sheet::{Row, Sheet, has_phrase},
};

/// Surname over given names, as the American standard orders them, their numbers 1 and 2 unread on a card whose others
/// were read.
const BY_STANDARD: f32 = 0.91;
/// The same on a card without numbers: some put the given names first.
const BY_CUSTOM: f32 = 0.82;
/// A number known by its place and shape.
const BY_SHAPE: f32 = 0.93;

impl Printed<'_> {
    /// Adds what the labels did not give.
    pub(super) fn unlabelled(&self, fields: &mut Fields) {
        if !fields.contains_key(&FieldName::DocumentNumber) {
            let number = self
                .social_security_number()
                .or_else(|| self.aadhaar_number())
                .or_else(|| self.number_of_its_state());
            self.put(fields, FieldName::DocumentNumber, number.map(|v| self.number_twice(v)));
        }
        if fields.contains_key(&FieldName::Surname) || fields.contains_key(&FieldName::GivenNames) {
            return;
        }
        let names = self.social_security_names().or_else(|| self.aadhaar_names()).or_else(|| self.stacked());
        if let Some((surname, given)) = names {
            self.put(fields, FieldName::Surname, surname);
            self.put(fields, FieldName::GivenNames, given);
        }
    }

    /// A row's one value, if all of it is a name.
    fn name_row(&self, row: usize) -> Option<Value> {
        let x = self.sheet.rows.get(row)?.words.first()?.bbox[0];
        let value = self.name_at(row, x)?;
        (value.text.split(' ').count() >= self.sheet.rows.get(row)?.words.len()).then_some(value)
    }

    fn social_security_number(&self) -> Option<Value> {
        if self.kind != Some("social_security") {
            return None;
        }
        let (row, r, word) = social_security_row(self.sheet)?;
        let text = word.text.trim_matches(|c: char| !c.is_ascii_digit()).to_owned();
        let value = value_of(text, &tokens(std::slice::from_ref(word), row), r.page, row)?;
        Some(Value { confidence: value.confidence.min(BY_SHAPE), ..value })
    }

    /// The holder's name: one line, or since 2007 given names and surname on a line each (SSA POMS RM 10205.100).
    fn social_security_names(&self) -> Option<(Option<Value>, Option<Value>)> {
        let established = |r: &Row| ESTABLISHED.iter().any(|words| has_phrase(&r.folded, words));
        let at = self.sheet.rows.iter().position(established)?;
        let first = self.name_row(at + 1)?;
        match self.name_row(at + 2).filter(|second| {
            let middle = |v: &Value| (v.bbox[0] + v.bbox[2]) / 2.0;
            (middle(second) - middle(&first)).abs() < 0.1 || (second.bbox[0] - first.bbox[0]).abs() < 0.03
        }) {
            Some(second) => Some((Some(second), Some(first))),
            None => self.split(&first),
        }
    }

    /// Twelve digits in fours on a line of their own; a virtual number has sixteen.
    fn aadhaar_number(&self) -> Option<Value> {
        if self.country != Some("IND") {
            return None;
        }
        self.sheet.rows.iter().enumerate().find_map(|(row, r)| {
            let fours: Vec<&Word> = r.words.iter().filter(|w| is_digits(&w.text, 4)).collect();
            let all: Vec<&Word> =
                r.words.iter().filter(|w| w.text.contains(|c: char| c.is_ascii_digit())).collect();
            if fours.len() != 3 || all.len() != 3 {
                return None;
            }
            let words: Vec<Word> = fours.into_iter().cloned().collect();
            let text: String = words.iter().map(|w| w.text.as_str()).collect();
            let value = value_of(text, &tokens(&words, row), r.page, row)?;
            Some(Value { confidence: value.confidence.min(BY_SHAPE), ..value })
        })
    }

    /// The one word on an American licence that looks like its state's numbers.
    fn number_of_its_state(&self) -> Option<Value> {
        let state =
            states::state(&countries::head(self.sheet)).filter(|_| self.numbering == Numbering::America)?;
        let mut found = self.sheet.rows.iter().enumerate().flat_map(|(row, r)| {
            r.words.iter().filter(|w| states::plainly(state, &w.text)).map(move |w| (row, r, w))
        });
        let (row, r, word) = found.next()?;
        if found.any(|(.., other)| other.text != word.text) {
            return None;
        }
        let value = value_of(word.text.clone(), &tokens(std::slice::from_ref(word), row), r.page, row)?;
        Some(Value { confidence: value.confidence.min(BY_SHAPE), ..value })
    }

    /// The name in Latin letters stands right over the birth.
    fn aadhaar_names(&self) -> Option<(Option<Value>, Option<Value>)> {
        if self.country != Some("IND") {
            return None;
        }
        let born = self.spans.iter().find(|s| s.what == What::Birth)?;
        let name = (1..=2).find_map(|up| self.name_row(born.row.checked_sub(up)?))?;
        self.split(&name)
    }

    /// On an American licence the lines over the address: surname and given names, or both on one.
    fn stacked(&self) -> Option<(Option<Value>, Option<Value>)> {
        if self.numbering != Numbering::America {
            return None;
        }
        let (street, x) = self.street()?;
        let second = self.name_at(street.checked_sub(1)?, x).filter(|v| !self.labelled_row(v.row))?;
        let first = street
            .checked_sub(2)
            .and_then(|row| self.name_at(row, x))
            .filter(|v| !self.labelled_row(v.row) && v.page == second.page);
        let Some(first) = first else {
            let (surname, given) = self.split(&second)?;
            // Without a comma either order is in use.
            let comma = second.confidence.min(BY_CUSTOM);
            let cap = |v: Value| Value { confidence: v.confidence.min(comma), ..v };
            return Some((surname.map(cap), given.map(cap)));
        };
        // Georgia prints the given names first.
        let sure = if self.sheet.says(&["georgia"]) {
            0.6
        } else if self.numbers_seen() >= 2 {
            BY_STANDARD
        } else {
            BY_CUSTOM
        };
        let cap = |v: Value| Value { confidence: v.confidence.min(sure), ..v };
        Some((Some(cap(first)), Some(cap(second))))
    }

    fn labelled_row(&self, row: usize) -> bool {
        self.spans.iter().any(|s| s.row == row)
    }

    /// The row of the street of an American address, and where its column begins.
    fn street(&self) -> Option<(usize, f32)> {
        let rows = &self.sheet.rows;
        let (city, x) = rows.iter().enumerate().find_map(|(i, r)| Some((i, city_line(r)?)))?;
        (1..=3).filter_map(|up| city.checked_sub(up)).find_map(|row| {
            let words = &rows.get(row)?.words;
            let at = words.iter().position(|w| (w.bbox[0] - x).abs() < 0.02)?;
            let word = words.get(at)?;
            let house = word.text.starts_with(|c: char| c.is_ascii_digit()) && at + 1 < words.len();
            house.then_some((row, x))
        })
    }

    /// How many of the numbers that only the American standard prints were read.
    fn numbers_seen(&self) -> usize {
        const PRINTED: &[&str] = &["4a", "4b", "4d", "9a", "12", "15", "16", "17", "18"];
        let words: Vec<String> =
            self.sheet.rows.iter().flat_map(|r| r.folded.split_whitespace().map(str::to_owned)).collect();
        let starts = |n: &&&str| {
            words.iter().any(|w| w == **n || (n.ends_with(char::is_alphabetic) && w.starts_with(**n)))
        };
        PRINTED.iter().filter(starts).count()
    }

    /// A number that the page prints elsewhere, too, is surer.
    pub(super) fn number_twice(&self, value: Value) -> Value {
        let bare = crate::understand::reconcile::bare;
        let wanted = bare(&value.text);
        let again = self
            .sheet
            .rows
            .iter()
            .enumerate()
            .any(|(row, r)| row != value.row && wanted.len() >= 7 && bare(&r.text).contains(&wanted));
        let confidence = if again { (value.confidence + 0.03).min(0.97) } else { value.confidence };
        Value { confidence, ..value }
    }
}

/// The first word that looks like the number of an American social security card, and its row.
pub(super) fn social_security_row(sheet: &Sheet) -> Option<(usize, &Row, &Word)> {
    sheet.rows.iter().enumerate().find_map(|(row, r)| {
        let word = r.words.iter().find(|w| social_security_shape(&w.text))?;
        Some((row, r, word))
    })
}

/// Whether this is the number of an American social security card by its shape alone.
fn social_security_shape(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_ascii_digit());
    let parts: Vec<&str> = word.split(['-', '–', '—', '.']).collect();
    matches!(parts.as_slice(), [area, group, serial]
        if is_digits(area, 3) && is_digits(group, 2) && is_digits(serial, 4))
}

fn is_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.chars().all(|c| c.is_ascii_digit())
}

/// Where `ANYTOWN, CA 95818` begins: a state's two letters and its postal code end the column.
fn city_line(row: &Row) -> Option<f32> {
    let zip = row.words.iter().position(|w| is_postal_code(&w.text))?;
    let state = row.words.get(zip.checked_sub(1)?)?;
    let letters: String = state.text.chars().rev().filter(|c| c.is_alphabetic()).take(2).collect();
    let capitals = letters.len() == 2 && letters.chars().all(|c| c.is_ascii_uppercase());
    let alone =
        state.text.trim_matches(|c: char| !c.is_alphabetic()).len() == 2 || state.text.contains([',', '.']);
    if !capitals || !alone {
        return None;
    }
    // Back to where the column starts.
    let column = row.words.get(..zip)?;
    let start = column
        .windows(2)
        .rposition(|p| matches!(p, [a, b] if b.bbox[0] - a.bbox[2] > 0.05))
        .map_or(0, |i| i + 1);
    column.get(start).map(|w| w.bbox[0])
}
