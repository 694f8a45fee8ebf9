//! Surname and given names: behind labels, behind the numbers 1 and 2 of a licence, on lines of their own, or on one.

use super::{
    labels::What,
    printed::{CLEAR, Printed, Value},
    shapes::{Token, name_like, push},
    spans::Numbering,
    types::is_title,
    whole::{self, Whole},
    words::{CARE_OF, SURNAME_FIRST},
};
use crate::{
    fields::{FieldName, Fields},
    reading::Word,
};

/// A name over or under the labelled one where a licence prints the other, its own number unread.
const STACKED: f32 = 0.92;
/// The same where it may as well be something else.
const GUESSED: f32 = 0.7;
/// What it adds that the page prints a name twice.
const TWICE: f32 = 0.05;
/// The most that print alone is believed.
const MOST: f32 = 0.97;
/// How far the left ends of two lines of one column may lie apart.
const ALIGNED: f32 = 0.02;

/// A person's name, not the title of a document.
pub(super) fn person(tokens: &[Token]) -> Option<(String, std::ops::Range<usize>)> {
    name_like(tokens).filter(|(text, _)| !is_title(text))
}

impl Printed<'_> {
    /// Puts the names, by the surest of the ways in which documents print them.
    pub(super) fn names(&self, fields: &mut Fields) {
        let (surname, given) = self.labelled().or_else(|| self.whole()).unwrap_or_default();
        self.put(fields, FieldName::Surname, surname);
        self.put(fields, FieldName::GivenNames, given);
    }

    fn labelled(&self) -> Option<(Option<Value>, Option<Value>)> {
        let surname = self.surname();
        let labelled = self.spans.iter().any(|s| s.what == What::Surname && !s.code);
        let mut given = self.first(What::Given, person);
        if given.is_none() && (surname.is_some() || labelled) {
            given = self.first(What::Name, person);
        }
        if let Some(surname) = &surname
            && let Some(parts) = self.both_behind_one(surname, given.as_ref())
        {
            return Some(parts);
        }
        let (surname, given) = match (surname, given) {
            (Some(surname), Some(given)) => {
                // A surname that starts where the given names do is one label taken for another.
                let given = (given.bbox != surname.bbox).then_some(given);
                (Some(surname), given)
            }
            (Some(surname), None) => {
                let given = self.beside(&surname, 1);
                (Some(surname), given)
            }
            (None, Some(given)) => (self.beside(&given, -1), Some(given)),
            (None, None) => return None,
        };
        Some((surname.map(|v| self.twice(v)), given.map(|v| self.twice(v))))
    }

    /// `Last name, first name` over `DOE, JANE`: one value under two labels, which only a comma parts.
    fn both_behind_one(
        &self,
        surname: &Value,
        given: Option<&Value>,
    ) -> Option<(Option<Value>, Option<Value>)> {
        let comma = self.comma(surname).filter(|at| *at < surname.text.split(' ').count());
        let labelled = self.spans.iter().any(|s| s.row == surname.row);
        let shared = given.is_some_and(|g| {
            let gap = g.bbox[0] - surname.bbox[2];
            g.row == surname.row
                && g.bbox != surname.bbox
                && g.bbox[2] > surname.bbox[0]
                && !labelled
                && gap < 0.02
        });
        if comma.is_some() && (shared || given.is_none()) {
            return self.split(surname);
        }
        let doubt = |v: &Value| Some(Value { confidence: v.confidence.min(GUESSED), ..v.clone() });
        shared.then(|| (doubt(surname), given.and_then(doubt)))
    }

    /// The surname, with the second one where it has a line or a label of its own.
    fn surname(&self) -> Option<Value> {
        let first = self.first(What::Surname, person).map(|v| self.second_line(v))?;
        let asked = self.spans.iter().any(|s| s.what == What::SecondSurname);
        match self.first(What::SecondSurname, person) {
            Some(second) if second.bbox != first.bbox => {
                let confidence = first.confidence.min(second.confidence);
                Some(Value { text: format!("{} {}", first.text, second.text), confidence, ..first })
            }
            _ if asked => Some(Value { confidence: first.confidence.min(GUESSED), ..first }),
            _ => Some(first),
        }
    }

    /// Two surnames on two lines, as on the Spanish card: the next line, if it is a name and no label comes between.
    fn second_line(&self, value: Value) -> Value {
        let (Some(own), Some(next)) = (self.sheet.rows.get(value.row), self.sheet.rows.get(value.row + 1))
        else {
            return value;
        };
        let height = own.bbox[3] - own.bbox[1];
        let close = next.page == own.page && next.bbox[1] - own.bbox[3] < 0.6 * height;
        let labelled = self.spans.iter().any(|s| s.row == value.row + 1);
        let aligned = next.words.first().is_some_and(|w| (w.bbox[0] - value.bbox[0]).abs() < 0.03);
        let label_follows =
            self.spans.iter().any(|s| s.row == value.row + 2 && matches!(s.what, What::Name | What::Given));
        match person(&tokens(&next.words, value.row + 1)) {
            Some((text, _)) if close && !labelled && aligned && label_follows => {
                Value { text: format!("{} {text}", value.text), ..value }
            }
            _ => value,
        }
    }

    /// On a licence, the line right over the given names or right under the surname, whose own number was not read.
    fn beside(&self, known: &Value, step: isize) -> Option<Value> {
        if self.numbering == Numbering::None {
            return None;
        }
        let row = known.row.checked_add_signed(step)?;
        if let Some(value) = self.name_at(row, known.bbox[0])
            && close(&value, known)
            && !self.spans.iter().any(|s| s.row == row)
        {
            let sure = if step < 0 || self.address_starts(row + 1) { STACKED } else { GUESSED };
            return Some(Value { confidence: value.confidence.min(sure), ..value });
        }
        // Further off it is a name, but perhaps not the one.
        let r = self.sheet.rows.get(row).filter(|_| step < 0)?;
        let words: Vec<Word> = r.words.iter().filter(|w| w.bbox[2] > known.bbox[0] - 0.03).cloned().collect();
        let tokens = tokens(&words, row);
        let (text, range) = person(&tokens)?;
        let bbox = tokens.get(range)?.first()?.bbox;
        Some(Value { text, bbox, page: r.page, row, confidence: GUESSED })
    }

    /// A name that fills its column of a row from `x` on.
    pub(super) fn name_at(&self, row: usize, x: f32) -> Option<Value> {
        let r = self.sheet.rows.get(row)?;
        let start = r.words.iter().position(|w| (w.bbox[0] - x).abs() < ALIGNED)?;
        let column = r.words.get(start..)?;
        let end = column
            .windows(2)
            .position(|pair| matches!(pair, [a, b] if b.bbox[0] - a.bbox[2] > 0.05))
            .map_or(column.len(), |i| i + 1);
        let tokens = tokens(column.get(..end)?, row);
        let (text, range) = person(&tokens)?;
        (range.len() == tokens.len()).then(|| value_of(text, &tokens, r.page, row)).flatten()
    }

    /// Whether a row begins an address: a house number, or the 8 of a licence before it.
    fn address_starts(&self, row: usize) -> bool {
        let words = self.sheet.rows.get(row).map(|r| r.words.as_slice()).unwrap_or_default();
        words.iter().any(|w| w.text.starts_with(|c: char| c.is_ascii_digit()))
    }

    /// Both names behind one label: on lines of their own, or on one.
    fn whole(&self) -> Option<(Option<Value>, Option<Value>)> {
        if let Some(lines) = self.mexican() {
            return Some(lines);
        }
        let value = self.twice(self.first(What::Name, person)?);
        self.split(&value)
    }

    /// Parts a name that stands on one line.
    pub(super) fn split(&self, value: &Value) -> Option<(Option<Value>, Option<Value>)> {
        let parents = self.parents(value);
        let split = whole::split(&Whole {
            text: &value.text,
            comma_after: self.comma(value),
            country: self.country,
            surname_first: self.sheet.says(&SURNAME_FIRST),
            parents: &parents,
        })?;
        let part = |text: String| Value {
            text,
            confidence: value.confidence.min(split.confidence),
            ..value.clone()
        };
        Some((Some(part(split.surname)), Some(part(split.given))))
    }

    /// After how many words of the name a comma stands.
    fn comma(&self, value: &Value) -> Option<usize> {
        let words = &self.sheet.rows.get(value.row)?.words;
        let inside = words.iter().filter(|w| {
            let middle = (w.bbox[0] + w.bbox[2]) / 2.0;
            (value.bbox[0]..=value.bbox[2]).contains(&middle)
        });
        inside
            .take_while(|w| w.text.chars().any(char::is_alphabetic))
            .position(|w| w.text.ends_with(','))
            .map(|i| i + 1)
    }

    /// The names of father and mother, where the document prints them.
    fn parents(&self, own: &Value) -> Vec<String> {
        let mut found = Vec::new();
        for (row, r) in self.sheet.rows.iter().enumerate() {
            let care_of = CARE_OF
                .iter()
                .any(|mark| r.folded.strip_prefix(mark).is_some_and(|rest| rest.starts_with(' ')));
            if care_of && let Some((text, _)) = person(&tokens(r.words.get(1..).unwrap_or_default(), row)) {
                found.push(text);
            }
        }
        for (i, span) in self.spans.iter().enumerate().filter(|(_, s)| s.what == What::Parents) {
            found.extend(person(&self.behind(i, span)).map(|n| n.0));
            // Two names of two lines at most each, up to the next label.
            let lines = (1..=4).map_while(|down| {
                let labelled = self.spans.iter().any(|s| s.row == span.row + down && s.x0 < span.x0 + 0.1);
                let tokens = self.under(i, span, span.row + down).filter(|_| !labelled)?;
                person(&tokens).map(|n| n.0)
            });
            found.extend(lines.filter(|text| *text != own.text));
        }
        found
    }

    /// Mexico's voter card prints surname, second surname and given names under `NOMBRE`, a line each.
    fn mexican(&self) -> Option<(Option<Value>, Option<Value>)> {
        if self.country != Some("MEX") {
            return None;
        }
        let (i, span) = self.spans.iter().enumerate().find(|(_, s)| s.what == What::Name && s.exact)?;
        let mut lines = (1..=4).map_while(|down| {
            let row = span.row + down;
            let tokens = self.under(i, span, row)?;
            let (text, _) = person(&tokens)?;
            value_of(text, &tokens, self.sheet.rows.get(row)?.page, row)
        });
        let (first, second, third) = (lines.next()?, lines.next()?, lines.next()?);
        let more = lines.next();
        let confidence = first.confidence.min(second.confidence);
        let surname = Value { text: format!("{} {}", first.text, second.text), confidence, ..first };
        let given = match more {
            Some(more) => Value { text: format!("{} {}", third.text, more.text), ..third },
            None => third,
        };
        Some((Some(surname), Some(given)))
    }

    /// A value that the page prints elsewhere, too (as a signature, say), is surer.
    pub(super) fn twice(&self, value: Value) -> Value {
        let wanted: Vec<String> = words_of(&value.text);
        let again = self.sheet.rows.iter().enumerate().any(|(row, r)| {
            let words = words_of(&r.text);
            row != value.row && !r.text.contains('<') && wanted.iter().all(|w| words.contains(w))
        });
        let confidence = if again && value.confidence > GUESSED {
            (value.confidence + TWICE).min(MOST)
        } else {
            value.confidence
        };
        Value { confidence, ..value }
    }
}

/// Words of letters, folded.
fn words_of(text: &str) -> Vec<String> {
    let folded = crate::understand::sheet::fold(text);
    folded.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

pub(super) fn tokens(words: &[Word], row: usize) -> Vec<Token> {
    let mut tokens = Vec::new();
    for word in words {
        push(&mut tokens, &word.text, word.bbox, word.confidence, row);
    }
    tokens
}

/// A value of all these words, as sure as the worst of them was read.
pub(super) fn value_of(text: String, tokens: &[Token], page: u32, row: usize) -> Option<Value> {
    let first = tokens.first()?;
    let worst = tokens.iter().map(|t| t.confidence).fold(1.0, f32::min);
    let bbox = tokens
        .iter()
        .map(|t| t.bbox)
        .fold(first.bbox, |a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]);
    Some(Value { text, bbox, page, row, confidence: CLEAR - 1.2 * (1.0 - worst).min(0.4) })
}

/// Whether one stands right over the other.
fn close(a: &Value, b: &Value) -> bool {
    let (upper, lower) = if a.bbox[1] < b.bbox[1] { (a, b) } else { (b, a) };
    let height = (upper.bbox[3] - upper.bbox[1]).min(lower.bbox[3] - lower.bbox[1]);
    a.page == b.page && lower.bbox[1] - upper.bbox[3] < 0.9 * height
}
