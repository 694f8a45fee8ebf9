//! Values behind, under, or (on the old Colombian card) over their printed labels.

use time::Date;

use super::{
    countries,
    labels::What,
    shapes::{Token, day_like, name_like, number_like, push, sex_like},
    spans::{Numbering, Span, spans},
};
use crate::{
    fields::{Field, FieldName, Fields, PageBox, Source},
    reading::Word,
    understand::{dates::Order, sheet::Sheet},
};

/// A label letter by letter, its value crisp beside or under it.
const CLEAR: f32 = 0.94;
/// What a label read with slips costs.
const SLIPPED: f32 = 0.07;
/// What it costs that another value could have been meant.
const AMBIGUOUS: f32 = 0.25;
/// Names without a label between surname and given names: where one ends is a guess.
const SPLIT: f32 = 0.6;
/// Rows under a label in which its value may stand.
const REACH: usize = 3;

/// A value and where it was read.
#[derive(Clone)]
struct Value {
    text: String,
    bbox: PageBox,
    page: u32,
    row: usize,
    confidence: f32,
}

/// What is looked for on one document.
pub(super) struct Printed<'a> {
    sheet: &'a Sheet,
    spans: Vec<Span>,
    numbering: Numbering,
    order: Order,
    today: Date,
}

impl<'a> Printed<'a> {
    pub(super) fn of(sheet: &'a Sheet, licence: bool, order: Order, today: Date) -> Self {
        let country = countries::issuing(sheet, licence).map(|c| c.0);
        let numbering = match (licence, country) {
            (false, _) => Numbering::None,
            (true, Some("USA" | "CAN")) => Numbering::America,
            (true, None) if sheet.says(&["dln", "4d", "driver license", "driver's license"]) => {
                Numbering::America
            }
            (true, _) => Numbering::Europe,
        };
        let order = match (numbering, country) {
            (Numbering::America, Some("CAN")) => order,
            (Numbering::America, _) | (_, Some("USA")) => Order::MonthFirst,
            (Numbering::Europe, _) => Order::DayFirst,
            (_, Some(_)) if order == Order::Unknown => Order::DayFirst,
            _ => order,
        };
        Self { sheet, spans: spans(sheet, numbering), numbering, order, today }
    }

    /// Whether the page has a label for an expiry date.
    pub(super) fn says_expiry(&self) -> bool {
        self.spans.iter().any(|s| s.what == What::Expiry && (s.exact || s.code))
    }

    pub(super) fn fields(&self) -> Fields {
        let mut fields = Fields::new();
        self.names(&mut fields);
        let number = self.first(What::Number, number_like);
        self.put(&mut fields, FieldName::DocumentNumber, number);
        let born = |t: &[Token]| day_like(t, self.order, self.today, true);
        self.put(&mut fields, FieldName::BirthDate, self.first(What::Birth, born));
        let ends = |t: &[Token]| day_like(t, self.order, self.today, false);
        self.put(&mut fields, FieldName::ExpiryDate, self.first(What::Expiry, ends));
        let mexican = self.sheet.says(&["curp", "instituto nacional electoral"]);
        self.put(&mut fields, FieldName::Sex, self.first(What::Sex, |t| sex_like(t, mexican)));
        let nation = |t: &[Token]| {
            let text = t.iter().take(6).map(|t| t.text.as_str()).collect::<Vec<_>>().join(" ");
            countries::nationality(&text).map(|code| (code.to_owned(), 0..t.len().min(6)))
        };
        self.put(&mut fields, FieldName::Nationality, self.first(What::Nationality, nation));
        dates_make_sense(&mut fields);
        fields
    }

    fn put(&self, fields: &mut Fields, name: FieldName, value: Option<Value>) {
        let Some(value) = value.filter(|v| !v.text.is_empty()) else { return };
        let source = self.sheet.rows.get(value.row).map_or(Source::Ocr, |r| r.source);
        let (page, bbox) = (Some(value.page), Some(value.bbox));
        fields.insert(name, Field { value: value.text, confidence: value.confidence, page, bbox, source });
    }

    fn names(&self, fields: &mut Fields) {
        let surname = self.first(What::Surname, name_like).map(|v| self.second_line(v));
        let labelled = self.spans.iter().any(|s| s.what == What::Surname && !s.code);
        let mut given = self.first(What::Given, name_like);
        if given.is_none() && (surname.is_some() || labelled) {
            given = self.first(What::Name, name_like);
        }
        match (surname, given) {
            (Some(surname), given) => {
                // A surname that starts where the given names do is one label taken for another.
                let given = given.filter(|g| g.bbox != surname.bbox);
                self.put(fields, FieldName::Surname, Some(surname));
                self.put(fields, FieldName::GivenNames, given);
            }
            (None, Some(given)) => {
                let above = self.above(&given);
                self.put(fields, FieldName::Surname, above);
                self.put(fields, FieldName::GivenNames, Some(given));
            }
            (None, None) => {
                if let Some(whole) = self.first(What::Name, name_like)
                    && let Some((given, surname)) = whole.text.rsplit_once(' ')
                {
                    let part =
                        |text: &str| Value { text: text.to_owned(), confidence: SPLIT, ..whole.clone() };
                    self.put(fields, FieldName::Surname, Some(part(surname)));
                    self.put(fields, FieldName::GivenNames, Some(part(given)));
                }
            }
        }
    }

    /// The value of the first label that has one.
    fn first(
        &self,
        what: What,
        fits: impl Fn(&[Token]) -> Option<(String, std::ops::Range<usize>)>,
    ) -> Option<Value> {
        // A word says more than the number of a field, and a whole label more than one with slips.
        let mut labels: Vec<(usize, &Span)> =
            self.spans.iter().enumerate().filter(|(_, s)| s.what == what).collect();
        labels.sort_by_key(|(_, s)| (!s.exact, s.row));
        labels.into_iter().find_map(|(i, span)| self.value(i, span, &fits))
    }

    fn value(
        &self,
        index: usize,
        span: &Span,
        fits: &impl Fn(&[Token]) -> Option<(String, std::ops::Range<usize>)>,
    ) -> Option<Value> {
        let behind = self.behind(index, span);
        // `Given names / Prenoms`: what follows a stroke is the label in another language.
        let beside = if self.stroke_follows(span) { None } else { fits(&behind).map(|v| (v, behind)) };
        let mut under = None;
        if !self.values_stand_above() || span.what == What::Number {
            under = (1..=REACH).find_map(|down| {
                let tokens = self.under(index, span, span.row + down)?;
                fits(&tokens).map(|v| (v, tokens))
            });
        } else if beside.is_none() {
            under = (1..=REACH).find_map(|up| {
                let tokens = self.under(index, span, span.row.checked_sub(up)?)?;
                fits(&tokens).map(|v| (v, tokens))
            });
        }
        let names = matches!(span.what, What::Surname | What::Given | What::Name);
        // Print beside a name's label may be a stamp's or the paper's, where a name stands right under it.
        let colon = self.behind_colon(span);
        let ambiguous = names && !span.code && !colon && beside.is_some() && under.is_some();
        let ((text, range), tokens) = beside.or(under)?;
        let used = tokens.get(range)?;
        let first = used.first()?;
        let worst = used.iter().map(|t| t.confidence).fold(1.0, f32::min);
        let mut confidence = CLEAR - 1.2 * (1.0 - worst).min(0.4);
        if !span.exact {
            confidence -= SLIPPED;
        }
        if ambiguous {
            confidence -= AMBIGUOUS;
        }
        // Two letters are as often the rest of a name as all of it.
        if names && text.chars().count() <= 2 {
            confidence -= SLIPPED;
        }
        let bbox = used
            .iter()
            .map(|t| t.bbox)
            .fold(first.bbox, |a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]);
        let page = self.sheet.rows.get(first.row)?.page;
        Some(Value { text, bbox, page, row: first.row, confidence: confidence.max(0.1) })
    }

    fn behind_colon(&self, span: &Span) -> bool {
        let row = self.sheet.rows.get(span.row);
        row.and_then(|r| r.words.get(span.end.0))
            .is_some_and(|w| w.text.chars().skip(span.end.1).any(|c| c == ':'))
            || row.and_then(|r| r.words.get(span.end.0 + 1)).is_some_and(|w| w.text.starts_with(':'))
    }

    fn stroke_follows(&self, span: &Span) -> bool {
        let row = self.sheet.rows.get(span.row);
        row.and_then(|r| {
            let own = r.words.get(span.end.0)?.text.chars().skip(span.end.1);
            let next = r.words.get(span.end.0 + 1).map(|w| w.text.as_str()).unwrap_or_default();
            own.chain(next.chars()).find(|c| *c != ' ').map(|c| c == '/')
        })
        .unwrap_or(false)
    }

    /// Words on the label's row, up to the next label.
    fn behind(&self, index: usize, span: &Span) -> Vec<Token> {
        let Some(row) = self.sheet.rows.get(span.row) else { return Vec::new() };
        let stop = self.spans.get(index + 1).filter(|s| s.row == span.row).map(|s| s.start);
        let mut tokens = Vec::new();
        for (i, word) in row.words.iter().enumerate().skip(span.end.0) {
            let skip = if i == span.end.0 { span.end.1 } else { 0 };
            let take = match stop {
                Some((w, _)) if i > w => break,
                Some((w, c)) if i == w => c,
                _ => usize::MAX,
            };
            let text: String = word.text.chars().take(take).skip(skip).collect();
            push(&mut tokens, &text, word.bbox, word.confidence, span.row);
        }
        tokens
    }

    /// Words of another row that stand in the label's column and are no labels; `None` past the page.
    fn under(&self, index: usize, span: &Span, row: usize) -> Option<Vec<Token>> {
        let (own, other) = (self.sheet.rows.get(span.row)?, self.sheet.rows.get(row)?);
        if own.page != other.page || (other.bbox[1] - own.bbox[1]).abs() > 0.16 {
            return None;
        }
        let next = self.spans.get(index + 1).filter(|s| s.row == span.row).map_or(1.0, |s| s.x0);
        let slack = 0.02;
        let mut tokens: Vec<Token> = Vec::new();
        // A value that starts left of its label, centred under it say, is taken whole where no label stands there.
        let alone = index.checked_sub(1).and_then(|i| self.spans.get(i)).is_none_or(|s| s.row != span.row);
        let inside = |word: &Word| (word.bbox[0] + word.bbox[2]) / 2.0 >= span.x0 - slack;
        let first = other.words.iter().position(inside).unwrap_or(other.words.len());
        let touches = |pair: &[Word]| match pair {
            [a, b] => b.bbox[0] - a.bbox[2] < 0.5 * (b.bbox[3] - b.bbox[1]),
            _ => false,
        };
        let before = other
            .words
            .get(..=first)
            .unwrap_or_default()
            .windows(2)
            .rev()
            .take_while(|p| alone && touches(p))
            .count();
        for (i, word) in other.words.iter().enumerate().skip(first - before.min(first)) {
            let labelled = self
                .spans
                .iter()
                .any(|s| s.row == row && !s.code && (s.start.0..=s.end.0).contains(&i) && s.end != (i, 0));
            if word.bbox[0] >= next - slack {
                break;
            }
            if labelled {
                break;
            }
            // Another column.
            let apart = tokens.last().is_some_and(|t| word.bbox[0] - t.bbox[2] > 0.12);
            if apart {
                break;
            }
            let code = self.spans.iter().find(|s| s.row == row && s.code && s.start.0 == i);
            if code.is_some() && !tokens.is_empty() {
                break;
            }
            let skip = code.map_or(0, |s| s.end.1);
            push(
                &mut tokens,
                &word.text.chars().skip(skip).collect::<String>(),
                word.bbox,
                word.confidence,
                row,
            );
        }
        Some(tokens)
    }

    /// `REPUBLICA DE COLOMBIA … CEDULA DE CIUDADANIA` of 2000-2020 prints its labels under the values.
    fn values_stand_above(&self) -> bool {
        self.sheet.says(&["cedula de ciudadania"])
            && self.sheet.says(&["apellidos"])
            && !self.sheet.says(&["nuip"])
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
        let tokens: Vec<Token> = next
            .words
            .iter()
            .flat_map(|w| {
                let mut t = Vec::new();
                push(&mut t, &w.text, w.bbox, w.confidence, value.row + 1);
                t
            })
            .collect();
        match name_like(&tokens) {
            Some((text, _)) if close && !labelled && aligned && label_follows => {
                Value { text: format!("{} {text}", value.text), ..value }
            }
            _ => value,
        }
    }

    /// The line right over the given names of a licence, when its number 1 was not read.
    fn above(&self, given: &Value) -> Option<Value> {
        if self.numbering == Numbering::None {
            return None;
        }
        let row = given.row.checked_sub(1)?;
        let r = self.sheet.rows.get(row)?;
        let mut tokens = Vec::new();
        for word in r.words.iter().filter(|w| w.bbox[2] > given.bbox[0] - 0.03) {
            push(&mut tokens, &word.text, word.bbox, word.confidence, row);
        }
        let (text, range) = name_like(&tokens)?;
        let bbox = tokens.get(range)?.first()?.bbox;
        Some(Value { text, bbox, page: r.page, row, confidence: 0.7 })
    }
}

/// An expiry before the birth is neither.
fn dates_make_sense(fields: &mut Fields) {
    let value = |fields: &Fields, name| fields.get(&name).map(|f: &Field| f.value.clone());
    if let (Some(born), Some(ends)) =
        (value(fields, FieldName::BirthDate), value(fields, FieldName::ExpiryDate))
        && ends <= born
    {
        for name in [FieldName::BirthDate, FieldName::ExpiryDate] {
            if let Some(field) = fields.get_mut(&name) {
                field.confidence = field.confidence.min(0.4);
            }
        }
    }
}
