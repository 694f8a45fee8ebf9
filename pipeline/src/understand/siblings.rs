//! Papers of many countries, each of a class that once was filed wrong (`papers/*.txt`): what is filed of one is right, and
//! what must be filed is.
//!
//! A paper begins at `== its name`; lines of `> field value` say what is right (`> type credit_note`), `> filed` that it must
//! be filed, `> held` that it must not, `> without field` that a field must be absent if it is; `> slip` that it is a photo of a narrow
//! slip, for else it is a page of a PDF. Three spaces or more part columns.

use time::macros::date;

use super::{paper::typed, *};
use crate::fields::Source;

const TODAY: Date = date!(2026 - 11 - 28);

const PAPERS: [&str; 3] = [
    include_str!("papers/amounts.txt"),
    include_str!("papers/parties.txt"),
    include_str!("papers/types.txt"),
];

/// A paper and what is said of it.
struct Paper<'a> {
    name: &'a str,
    right: Vec<(&'a str, &'a str)>,
    lines: Vec<&'a str>,
}

impl<'a> Paper<'a> {
    fn of(text: &'a str) -> Self {
        let mut lines = text.lines();
        let name = lines.next().unwrap_or_default().trim();
        let (said, lines): (Vec<&str>, Vec<&str>) = lines.partition(|line| line.starts_with("> "));
        let right = said.iter().map(|line| line[2..].split_once(' ').unwrap_or((&line[2..], "")));
        Self { name, right: right.collect(), lines }
    }

    fn says(&self, word: &str) -> bool {
        self.right.iter().any(|(name, _)| *name == word)
    }

    fn read(&self) -> Understanding {
        let (source, aspect) = if self.says("slip") { (Source::Ocr, 0.45) } else { (Source::Text, 0.71) };
        understand_on(&typed(source, aspect, &self.lines), &Limits::default(), TODAY)
    }

    /// What is wrong with what was made of it.
    fn wrong(&self) -> Vec<String> {
        let read = self.read();
        let filed = read.reasons.is_empty();
        let mut wrong = Vec::new();
        let why = || read.reasons.iter().map(|r| r.message.clone()).collect::<Vec<_>>().join(" ");
        if self.says("filed") && !filed {
            wrong.push(format!("held: {}", why()));
        }
        if self.says("held") && filed {
            wrong.push("filed".to_owned());
        }
        for (name, value) in &self.right {
            let found = match *name {
                "slip" | "filed" | "held" => continue,
                "kind" => Some(read.kind.as_str().to_owned()),
                "party" => party(&read),
                "without" => {
                    if filed && read.fields.keys().any(|field| field.as_str() == *value) {
                        wrong.push(format!("there is a {value}"));
                    }
                    continue;
                }
                name => {
                    read.fields.iter().find(|(f, _)| f.as_str() == name).map(|(_, f)| f.value.to_string())
                }
            };
            let required = matches!(*name, "kind" | "party" | "type") || self.says("filed");
            let absent = found.is_none() && !required;
            if filed && !absent && found.as_deref() != Some(*value) {
                wrong.push(format!("{name} is {found:?}, not {value}"));
            }
        }
        wrong
    }
}

fn party(read: &Understanding) -> Option<String> {
    let names = [FieldName::IssuerName, FieldName::MerchantName];
    names.iter().find_map(|name| read.fields.get(name)).map(|field| field.value.to_string())
}

#[test]
fn what_is_filed_is_right() {
    let papers = PAPERS.iter().flat_map(|text| text.split("\n== ").skip(1)).map(Paper::of);
    let (mut all, mut filed, mut wrong) = (0, 0, Vec::new());
    for paper in papers {
        all += 1;
        filed += usize::from(paper.read().reasons.is_empty());
        wrong.extend(paper.wrong().into_iter().map(|what| format!("{}: {what}", paper.name)));
    }
    assert!(all > 60, "{all} papers");
    assert!(wrong.is_empty(), "{filed} of {all} filed\n{}", wrong.join("\n"));
}
