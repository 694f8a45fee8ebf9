//! A table of notices: a header that names the columns (`to`, `template`, `language`, `category`, `idempotency_key`,
//! `phone_number_id`, `not_before`, `expires_at`, `header`, `param1`, `param2`, …, `button1`, …), then a line a notice.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::New;
use crate::problem::Problem;

/// Most lines of a table.
const LINES: usize = 10_000;
/// Columns of what stands in the body and of what buttons take, at most.
const PARAMS: u8 = 20;
const BUTTONS: u8 = 10;
const KNOWN: [&str; 9] = [
    "header",
    "to",
    "template",
    "language",
    "category",
    "idempotency_key",
    "phone_number_id",
    "not_before",
    "expires_at",
];

fn bad(text: String) -> Problem {
    Problem::Unprocessable(text)
}

/// The notices of a table, each with its line.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<(u64, New)>, Problem> {
    if bytes.contains(&0) {
        return Err(bad("a table holds no NUL".to_owned()));
    }
    let mut table = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let names = table.headers().map_err(|e| bad(format!("the header: {e}")))?.clone();
    for (place, name) in names.iter().enumerate() {
        // As it is looked up below: `param01` would be known, and never read.
        let is_numbered = |kind: &str, most: u8| (1..=most).any(|n| name == format!("{kind}{n}"));
        if !is_numbered("param", PARAMS) && !is_numbered("button", BUTTONS) && !KNOWN.contains(&name) {
            return Err(bad(format!("there is no column {name:.40}")));
        }
        if names.iter().take(place).any(|before| before == name) {
            return Err(bad(format!("the column {name} is there twice")));
        }
    }
    for needed in ["to", "template", "idempotency_key"] {
        if !names.iter().any(|name| name == needed) {
            return Err(bad(format!("the column {needed} is missing")));
        }
    }
    let mut found = Vec::new();
    for record in table.records() {
        let record = record.map_err(|e| bad(e.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        if found.len() == LINES {
            return Err(bad(format!("a table has at most {LINES} lines")));
        }
        found.push((line, of_record(&names, &record, line)?));
    }
    if found.is_empty() {
        return Err(bad("the table has no line".to_owned()));
    }
    Ok(found)
}

fn of_record(names: &csv::StringRecord, record: &csv::StringRecord, line: u64) -> Result<New, Problem> {
    let cell = |name: &str| {
        let at = names.iter().position(|known| known == name)?;
        record.get(at).filter(|cell| !cell.is_empty()).map(str::to_owned)
    };
    let time = |name: &str| match cell(name) {
        None => Ok(None),
        Some(text) => OffsetDateTime::parse(&text, &Rfc3339)
            .map(Some)
            .map_err(|_| bad(format!("line {line}: {name} is a time such as 2026-05-03T09:00:00Z"))),
    };
    // Up to the last that is filled in; one left out between two is empty, and refused by itself.
    let numbered = |kind: &str, most: u8| {
        let mut all: Vec<String> =
            (1..=most).map(|n| cell(&format!("{kind}{n}")).unwrap_or_default()).collect();
        while all.last().is_some_and(String::is_empty) {
            all.pop();
        }
        all
    };
    Ok(New {
        to: cell("to").unwrap_or_default(),
        template: cell("template").unwrap_or_default(),
        language: cell("language"),
        params: Some(numbered("param", PARAMS)),
        header: cell("header"),
        buttons: Some(numbered("button", BUTTONS)),
        category: cell("category"),
        idempotency_key: cell("idempotency_key").unwrap_or_default(),
        phone_number_id: cell("phone_number_id"),
        not_before: time("not_before")?,
        expires_at: time("expires_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_line_by_line() {
        let table = "to,template,idempotency_key,param1,param2,not_before\n\
                     34600111222,order_sent,k1,Ana,\"7, y 8\",2026-05-03T09:00:00Z\n\
                     34600111223,order_sent,k2,Luis,,\n";
        let lines = read(table.as_bytes()).unwrap();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].1.params.as_deref(), Some(&["Ana".to_owned(), "7, y 8".to_owned()][..]));
        assert!(lines[0].1.not_before.is_some() && lines[1].1.not_before.is_none());
        let parts = "to,template,idempotency_key,header,button1,button2\n1,a,b,77,,o/77\n";
        let lines_of = read(parts.as_bytes()).unwrap();
        assert_eq!(lines_of[0].1.header.as_deref(), Some("77"));
        assert_eq!(lines_of[0].1.buttons.as_deref(), Some(&[String::new(), "o/77".to_owned()][..]));
        assert_eq!((lines[1].0, lines[1].1.params.as_ref().map(Vec::len)), (3, Some(1)));
    }

    #[test]
    fn what_is_no_table_says_why() {
        for (table, says) in [
            ("to,template\n1,a\n", "idempotency_key"),
            ("to,template,idempotency_key,colour\n1,a,b,red\n", "colour"),
            ("to,template,idempotency_key,button11\n1,a,b,red\n", "button11"),
            ("to,template,idempotency_key,param01\n1,a,b,red\n", "param01"),
            ("to,template,idempotency_key,button+1\n1,a,b,red\n", "button+1"),
            ("to,template,idempotency_key,param1,param1\n1,a,b,red,green\n", "twice"),
            ("to,template,idempotency_key,param1\n1,a,b,r\0d\n", "NUL"),
            ("to,template,idempotency_key\n", "no line"),
            ("to,template,idempotency_key,not_before\n1,a,b,tomorrow\n", "line 2: not_before"),
        ] {
            let Err(Problem::Unprocessable(why)) = read(table.as_bytes()) else { panic!("{table}") };
            assert!(why.contains(says), "{why}");
        }
    }
}
