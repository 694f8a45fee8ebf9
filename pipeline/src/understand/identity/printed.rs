//! Values behind, under, or (on the old Colombian card) over their printed labels.

use time::Date;

use super::{
    countries,
    labels::What,
    names::{person, value_of},
    shapes::{self, Token, day_like, name_like, number_like, push, sex_like, year_like},
    spans::{Numbering, Span, spans},
    states::{self, Fit},
};
use crate::{
    fields::{Field, FieldName, Fields, PageBox, Source},
    reading::Word,
    understand::{dates::Order, sheet::Sheet},
};

/// A label letter by letter, its value crisp beside or under it.
pub(super) const CLEAR: f32 = 0.94;
/// What a label read with slips costs.
const SLIPPED: f32 = 0.07;
/// What it costs that another value could have been meant.
const AMBIGUOUS: f32 = 0.25;
/// A number mended by the shape that its state's have.
const MENDED: f32 = 0.85;
/// Rows under a label in which its value may stand.
const REACH: usize = 3;

/// A value and where it was read.
#[derive(Clone)]
pub(super) struct Value {
    pub text: String,
    pub bbox: PageBox,
    pub page: u32,
    pub row: usize,
    pub confidence: f32,
}

/// A value and which of the words are its.
type Fitted = (String, std::ops::Range<usize>);

/// What is looked for on one document.
pub(super) struct Printed<'a> {
    pub(super) sheet: &'a Sheet,
    pub(super) spans: Vec<Span>,
    pub(super) numbering: Numbering,
    /// The type of document.
    pub(super) kind: Option<&'static str>,
    /// Who issued it, alpha-3.
    pub(super) country: Option<&'static str>,
    /// Whether labels stand under their values.
    values_above: bool,
    order: Order,
    today: Date,
}

impl<'a> Printed<'a> {
    pub(super) fn of(sheet: &'a Sheet, kind: Option<&'static str>, order: Order, today: Date) -> Self {
        let country = countries::issuing(sheet, kind).map(|c| c.0);
        let numbering = match (kind, country) {
            (Some("driver_license"), Some("USA" | "CAN")) => Numbering::America,
            (Some("driver_license"), None)
                if sheet.says(&["dln", "4d", "driver license", "driver's license"])
                    || sheet.says(&["driverlicense", "driver'slicense"]) =>
            {
                Numbering::America
            }
            (Some("driver_license"), _) => Numbering::Europe,
            // The same standard is for identity cards of a state, which the federal ones do not follow.
            (Some("national_id"), Some("USA")) => Numbering::America,
            _ => Numbering::None,
        };
        let order = match (numbering, country) {
            (Numbering::America, Some("CAN")) => order,
            (Numbering::America, _) | (_, Some("USA")) => Order::MonthFirst,
            (Numbering::Europe, Some(_)) => Order::DayFirst,
            (_, Some(_)) if order == Order::Unknown => Order::DayFirst,
            (_, None) if order == Order::Unknown => shapes::order_shown(sheet),
            _ => order,
        };
        let spans = spans(sheet, numbering);
        let mut printed = Self { sheet, spans, numbering, kind, country, values_above: false, order, today };
        printed.values_above = printed.values_stand_above();
        printed
    }

    /// Whether the page has a label for an expiry date.
    pub(super) fn says_expiry(&self) -> bool {
        self.spans.iter().any(|s| s.what == What::Expiry && (s.exact || s.code))
    }

    pub(super) fn fields(&self) -> Fields {
        let mut fields = Fields::new();
        self.names(&mut fields);
        self.put(&mut fields, FieldName::DocumentNumber, self.number());
        let born = |t: &[Token]| day_like(t, self.order, self.today, true);
        self.put(&mut fields, FieldName::BirthDate, self.first(What::Birth, born));
        let ends = |t: &[Token]| day_like(t, self.order, self.today, false);
        // Mexico's voter card is valid to the end of a year.
        let year = |t: &[Token]| if self.country == Some("MEX") { year_like(t, self.today) } else { None };
        let expiry = self.first(What::Expiry, ends).or_else(|| self.first(What::Expiry, year));
        self.put(&mut fields, FieldName::ExpiryDate, expiry);
        let mexican = self.sheet.says(&["curp", "instituto nacional electoral"]);
        self.put(&mut fields, FieldName::Sex, self.first(What::Sex, |t| sex_like(t, mexican)));
        let nation = |t: &[Token]| {
            let text = t.iter().take(6).map(|t| t.text.as_str()).collect::<Vec<_>>().join(" ");
            countries::nationality(&text).map(|code| (code.to_owned(), 0..t.len().min(6)))
        };
        self.put(&mut fields, FieldName::Nationality, self.first(What::Nationality, nation));
        dates_make_sense(&mut fields);
        self.unlabelled(&mut fields);
        fields
    }

    fn number(&self) -> Option<Value> {
        let value =
            self.first(What::Number, number_like).or_else(|| self.first(What::Person, number_like))?;
        // A label joined to its value, as in `DLNM620-540`.
        let joined = ["DLN", "LIC"].iter().find_map(|label| value.text.strip_prefix(label));
        let text = joined.filter(|rest| self.numbering == Numbering::America && rest.len() >= 7);
        let text = text.map_or(value.text.clone(), str::to_owned);
        // The next label joined to it, as in `AB123456CLASS`.
        let confidence = if ["CLASS", "EXP", "DOB", "ISS"]
            .iter()
            .any(|label| text.get(4..).is_some_and(|t| t.contains(label)))
        {
            value.confidence.min(AMBIGUOUS)
        } else {
            value.confidence
        };
        let value = Value { confidence, ..value };
        Some(self.number_twice(self.of_its_state(Value { text, ..value })))
    }

    /// A number with a letter where its state prints a digit, or the other way round, was misread.
    fn of_its_state(&self, value: Value) -> Value {
        let state = states::state(&countries::head(self.sheet));
        match state.filter(|_| self.numbering == Numbering::America).map(|s| states::fit(s, &value.text)) {
            Some(Fit::Misread(text)) => Value { text, confidence: value.confidence.min(MENDED), ..value },
            _ => value,
        }
    }

    pub(super) fn put(&self, fields: &mut Fields, name: FieldName, value: Option<Value>) {
        let Some(value) = value.filter(|v| !v.text.is_empty()) else { return };
        let source = self.sheet.rows.get(value.row).map_or(Source::Ocr, |r| r.source);
        let (page, bbox) = (Some(value.page), Some(value.bbox));
        fields.insert(
            name,
            Field { value: value.text.into(), confidence: value.confidence, page, bbox, source },
        );
    }

    /// The value of the first label that has one.
    pub(super) fn first(&self, what: What, fits: impl Fn(&[Token]) -> Option<Fitted>) -> Option<Value> {
        // A word says more than the number of a field, and a whole label more than one with slips.
        let mut labels: Vec<(usize, &Span)> =
            self.spans.iter().enumerate().filter(|(_, s)| s.what == what).collect();
        labels.sort_by_key(|(_, s)| (!s.exact, s.row));
        labels.into_iter().find_map(|(i, span)| self.value(i, span, &fits))
    }

    fn value(&self, index: usize, span: &Span, fits: &impl Fn(&[Token]) -> Option<Fitted>) -> Option<Value> {
        let behind = self.behind(index, span);
        // What stands behind the number of a licence's field is the field.
        let coded = span.code && !behind.is_empty();
        let names = span.what.is_name();
        // `Given names / Prenoms`: what follows a stroke is the label in another language.
        let beside = if self.stroke_follows(span) {
            None
        } else if coded && names {
            name_like(&behind).map(|v| (v, behind))
        } else {
            fits(&behind).map(|v| (v, behind))
        };
        let off = if coded { None } else { self.off_its_row(index, span, fits, beside.is_some()) };
        // Print beside a name's label may be a stamp's or the paper's, where a name stands right under it.
        let right_under = off
            .as_ref()
            .is_some_and(|(_, tokens)| tokens.first().is_some_and(|t| t.row.abs_diff(span.row) == 1));
        let torn = names && !span.code && !self.behind_colon(span) && beside.is_some() && right_under;
        let below = torn && self.values_stand_below();
        let ((text, range), tokens) = if below { off } else { beside.or(off) }?;
        let row = tokens.get(range.clone())?.first()?.row;
        let used = tokens.get(range)?;
        let value = value_of(text, used, self.sheet.rows.get(row)?.page, row)?;
        let mut confidence = value.confidence;
        if !span.exact {
            confidence -= SLIPPED;
        }
        if torn && !below {
            confidence -= AMBIGUOUS;
        }
        // Two letters are as often the rest of a name as all of it.
        if names && value.text.chars().count() <= 2 {
            confidence -= SLIPPED;
        }
        Some(Value { confidence: confidence.max(0.1), ..value })
    }

    /// The value under its label, or over it where the document is laid out so.
    fn off_its_row(
        &self,
        index: usize,
        span: &Span,
        fits: &impl Fn(&[Token]) -> Option<Fitted>,
        beside: bool,
    ) -> Option<(Fitted, Vec<Token>)> {
        let names = span.what.is_name();
        let at = |row: usize| {
            let tokens = self.under(index, span, row)?;
            fits(&tokens).map(|v| (v, tokens))
        };
        if !self.values_above || span.what == What::Number {
            let free = |down: &usize| !names || !self.another_label_at(span, span.row + down);
            return (1..=REACH).take_while(free).find_map(|down| at(span.row + down));
        }
        if beside { None } else { (1..=REACH).find_map(|up| at(span.row.checked_sub(up)?)) }
    }

    /// Whether a row has the label of something else in the same column.
    fn another_label_at(&self, span: &Span, row: usize) -> bool {
        self.spans.iter().any(|s| s.row == row && s.what != span.what && (s.x0 - span.x0).abs() < 0.03)
    }

    /// Whether the labels of this page have their values under them: some label has one there and none beside it.
    fn values_stand_below(&self) -> bool {
        let mut below = false;
        for (i, span) in self.spans.iter().enumerate().filter(|(_, s)| s.exact && !s.code) {
            let day = |t: &[Token]| day_like(t, self.order, self.today, false).is_some();
            let name = |t: &[Token]| person(t).is_some();
            let fits: &dyn Fn(&[Token]) -> bool = match span.what {
                What::Surname | What::Given | What::Name => &name,
                What::Birth | What::Expiry => &day,
                _ => continue,
            };
            let beside = !self.stroke_follows(span) && fits(&self.behind(i, span));
            let under = self.under(i, span, span.row + 1).is_some_and(|t| fits(&t));
            if beside && !under {
                return false;
            }
            below |= under && !beside;
        }
        below
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
    pub(super) fn behind(&self, index: usize, span: &Span) -> Vec<Token> {
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
    pub(super) fn under(&self, index: usize, span: &Span, row: usize) -> Option<Vec<Token>> {
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

    /// `REPUBLICA DE COLOMBIA … CEDULA DE CIUDADANIA` of 2000-2020 prints its labels under the values: a name stands over
    /// the first label and none under the last.
    fn values_stand_above(&self) -> bool {
        let labels: Vec<(usize, &Span)> = self
            .spans
            .iter()
            .enumerate()
            .filter(|(_, s)| matches!(s.what, What::Surname | What::Given) && !s.code)
            .collect();
        let named = |label: Option<&(usize, &Span)>, row: Option<usize>| {
            let tokens = label.and_then(|(i, span)| self.under(*i, span, row?));
            tokens.is_some_and(|t| person(&t).is_some())
        };
        let row = |label: Option<&(usize, &Span)>| label.map(|(_, s)| s.row);
        self.sheet.says(&["cedula de ciudadania"])
            && named(labels.first(), row(labels.first()).and_then(|r| r.checked_sub(1)))
            && !named(labels.last(), row(labels.last()).map(|r| r + 1))
    }
}

/// An expiry before the birth is neither.
fn dates_make_sense(fields: &mut Fields) {
    let value = |fields: &Fields, name| fields.get(&name).map(|f: &Field| f.value.to_string());
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
