//! A list of customers as somebody's spreadsheet wrote it, line by line: what each says, or why it cannot be taken.
//!
//! Excel on Windows saves "CSV" as Windows-1252 and "Unicode text" as UTF-16, puts `sep=;` on top, and turns a long
//! number into `5,73E+11`. A quote that is never closed makes everything after it one value. None of that may lose a
//! customer or make a wrong one, so every line of the file ends in one [`Line`].

use std::{borrow::Cow, collections::BTreeMap, sync::LazyLock};

use acuse_pipeline::linking::folded;
use acuse_storage::customers::{CustomerAlias, NewCustomer};
use anyhow::bail;
use encoding_rs::{UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::checked;

/// Longest record: a line beyond it is no customer.
const RECORD_BYTES: usize = 64 << 10;

/// One line, or the several that a quoted text goes over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it begins, counted from 1.
    pub number: u64,
    /// What it says, or why it cannot be taken.
    pub said: Result<NewCustomer, String>,
}

/// A list, read.
#[derive(Debug, Default)]
pub struct List {
    /// In the file's order.
    pub lines: Vec<Line>,
    /// Columns whose names say nothing to us.
    pub unknown_columns: Vec<String>,
    /// Names of these kinds have no column: the list says nothing of them.
    pub silent_of: Vec<CustomerAlias>,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Name,
    Given,
    Surname,
    ExternalId,
    Phone,
    Email,
    TaxId,
    IdNumber,
}

static HEADERS: LazyLock<BTreeMap<String, Column>> = LazyLock::new(|| {
    let kinds = include_str!("headers.txt").lines().filter_map(|line| line.split_once(':'));
    let named = kinds.filter_map(|(kind, names)| {
        let column = match kind.trim() {
            "name" => Column::Name,
            "given" => Column::Given,
            "surname" => Column::Surname,
            "external_id" => Column::ExternalId,
            "phone" => Column::Phone,
            "email" => Column::Email,
            "tax_id" => Column::TaxId,
            "id_number" => Column::IdNumber,
            _ => return None,
        };
        Some(names.split(',').map(move |name| (folded(name), column)))
    });
    named.flatten().collect()
});

/// The file's text, whatever wrote it.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    // Without a mark of its order, UTF-16 shows by the zeros of its first Latin letters.
    let guessed = match bytes {
        [first, 0, ..] if *first != 0 => Some(UTF_16LE),
        [0, second, ..] if *second != 0 => Some(UTF_16BE),
        _ if std::str::from_utf8(bytes).is_ok() => Some(UTF_8),
        _ => None,
    };
    // A byte order mark, where there is one, wins.
    let (text, _, _) = guessed.unwrap_or(WINDOWS_1252).decode(bytes);
    if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")) } else { text }
}

/// A record's place in the text, or what is wrong with its quotes.
struct Record<'a> {
    line: u64,
    text: Result<&'a str, String>,
}

/// Cuts the text into records. A quote opens a value only at its beginning, and must be closed before the next
/// separator or line end; one that is not spoils its own line and no other.
fn records(mut rest: &str, mut line: u64, separator: char) -> Vec<Record<'_>> {
    let mut records = Vec::new();
    while !rest.is_empty() {
        let (length, text) = match record_length(rest, separator) {
            Ok(length) => (length, Ok(&rest[..length])),
            Err(why) => (rest.find('\n').unwrap_or(rest.len()), Err(why)),
        };
        if !rest[..length].trim_matches(|c: char| c.is_whitespace() || c == separator).is_empty() {
            records.push(Record { line, text });
        }
        line += rest[..length].matches('\n').count() as u64 + 1;
        rest = rest.get(length + 1..).unwrap_or_default();
    }
    records
}

/// The record's length, without the line end.
fn record_length(text: &str, separator: char) -> Result<usize, String> {
    let mut characters = text.char_indices().peekable();
    let mut at_start = true;
    while let Some((at, c)) = characters.next() {
        if at > RECORD_BYTES {
            return Err(format!("is longer than {RECORD_BYTES} bytes"));
        }
        if c == '\n' {
            return Ok(at);
        }
        if c == '"' && at_start {
            loop {
                let closed = match characters.next() {
                    Some((at, _)) if at > RECORD_BYTES => None,
                    Some((_, '"')) if characters.next_if(|(_, c)| *c == '"').is_some() => continue,
                    Some((_, '"')) => Some(()),
                    Some(_) => continue,
                    None => None,
                };
                closed.ok_or("a quote opens a text and nothing closes it")?;
                break;
            }
            match characters.peek() {
                None => {}
                Some((_, c)) if *c == separator || *c == '\n' => {}
                Some(_) => {
                    return Err("a quote opens a text and is closed in the middle of another".to_owned());
                }
            }
            at_start = false;
            continue;
        }
        at_start = c == separator;
    }
    Ok(text.len())
}

/// The values of a record.
fn values(record: &str, separator: char) -> Result<Vec<String>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(u8::try_from(separator).unwrap_or(b','))
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(record.len().max(1))
        .from_reader(record.as_bytes());
    let mut values = csv::StringRecord::new();
    reader.read_record(&mut values).map_err(|error| error.to_string())?;
    Ok(values.iter().map(|v| v.trim().to_owned()).collect())
}

/// Reads a list.
///
/// # Errors
/// When its first line does not name a column of names.
pub fn read(bytes: &[u8]) -> anyhow::Result<List> {
    let text = text(bytes);
    let mut rest = text.trim_start_matches('\u{feff}');
    let mut line = 1;
    let mut told = None;
    if let Some(after) = rest.get(..4).filter(|head| head.eq_ignore_ascii_case("sep=")).map(|_| &rest[4..]) {
        let (first, others) = after.split_once('\n').unwrap_or((after, ""));
        told = first.chars().next().filter(char::is_ascii);
        (rest, line) = (others, 2);
    }
    while let Some((blank, others)) = rest.split_once('\n').filter(|(first, _)| first.trim().is_empty()) {
        let _ = blank;
        (rest, line) = (others, line + 1);
    }
    let head = rest.lines().next().unwrap_or_default();
    let count = |c: char| head.matches(c).count();
    let separator =
        told.unwrap_or_else(|| [',', ';', '\t'].into_iter().max_by_key(|c| count(*c)).unwrap_or(','));
    let mut records = records(rest, line, separator).into_iter();
    let header = records.next().and_then(|r| r.text.ok()).unwrap_or_default();
    let header = values(header, separator).map_err(|why| anyhow::anyhow!("the first line {why}"))?;
    let columns: Vec<Option<Column>> =
        header.iter().map(|name| HEADERS.get(&folded(name)).copied()).collect();
    if !columns.iter().flatten().any(|c| matches!(c, Column::Name | Column::Given | Column::Surname)) {
        bail!(
            "the first line must name the columns, one of them the customer's name (\"name\", \"nombre\", \"nome\", …)"
        );
    }
    let kinds = [
        (CustomerAlias::Phone, Column::Phone),
        (CustomerAlias::Email, Column::Email),
        (CustomerAlias::TaxId, Column::TaxId),
        (CustomerAlias::IdNumber, Column::IdNumber),
    ];
    let silent_of = kinds.into_iter().filter(|(_, column)| !columns.contains(&Some(*column)));
    let unknown = header.iter().zip(&columns).filter(|(name, column)| column.is_none() && !name.is_empty());
    Ok(List {
        unknown_columns: unknown.map(|(name, _)| name.clone()).collect(),
        silent_of: silent_of.map(|(kind, _)| kind).collect(),
        lines: records
            .map(|record| Line {
                number: record.line,
                said: record.text.and_then(|text| customer(&values(text, separator)?, &columns)),
            })
            .collect(),
    })
}

fn customer(values: &[String], columns: &[Option<Column>]) -> Result<NewCustomer, String> {
    if values.iter().skip(columns.len()).any(|v| !v.is_empty()) {
        return Err(format!("has {} values for {} columns", values.len(), columns.len()));
    }
    let mut new = NewCustomer::default();
    let (mut given, mut surname) = (String::new(), String::new());
    for (value, column) in values.iter().zip(columns).filter(|(v, _)| !v.is_empty()) {
        let Some(column) = column else { continue };
        if value.contains('\n') {
            return Err("a text goes over several lines; is a quote missing?".to_owned());
        }
        match column {
            Column::Name => new.name.clone_from(value),
            Column::Given => given.clone_from(value),
            Column::Surname => surname.clone_from(value),
            Column::ExternalId => new.external_id = Some(number(value)?),
            Column::Phone => new.phones.extend(several(value, &['|', '/', ',', ';'], phone)?),
            Column::Email => {
                new.emails.extend(several(value, &['|', '/', ',', ';', ' '], |v| Ok(v.to_owned()))?);
            }
            // They hold strokes of their own (a Brazilian CNPJ), so only `|` separates several.
            Column::TaxId => new.tax_ids.extend(several(value, &['|'], number)?),
            Column::IdNumber => new.id_numbers.extend(several(value, &['|'], number)?),
        }
    }
    if new.name.is_empty() {
        new.name = format!("{given} {surname}").trim().to_owned();
    }
    checked::customer(&new)?;
    Ok(new)
}

fn several(
    value: &str,
    between: &[char],
    one: impl Fn(&str) -> Result<String, String>,
) -> Result<Vec<String>, String> {
    // Before it is cut: a rounded number holds a comma of its own.
    number(value)?;
    value.split(between).map(str::trim).filter(|v| !v.is_empty()).map(one).collect()
}

/// A number as it was typed. What a spreadsheet rounded (`5,73001E+11`) is nobody's number any more.
fn number(value: &str) -> Result<String, String> {
    if checked::is_rounded(value) {
        return Err(format!("{value:?}: a spreadsheet rounded this number; format its column as text"));
    }
    // An export that took the column for fractions; the number itself is whole.
    let is_digits = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let whole = value.strip_suffix(".0").or(value.strip_suffix(",0")).filter(is_digits);
    Ok(whole.unwrap_or(value).to_owned())
}

fn phone(value: &str) -> Result<String, String> {
    let value = number(value)?;
    if value.chars().any(char::is_alphabetic) {
        return Err(format!("phones: {value:?} is no number"));
    }
    let digits = value.chars().filter(char::is_ascii_digit).count();
    if !(6..=15).contains(&digits) {
        return Err(format!("phones: {value:?} has {digits} digits; a number with its country has 7 to 15"));
    }
    Ok(value)
}

#[cfg(test)]
mod tests;
