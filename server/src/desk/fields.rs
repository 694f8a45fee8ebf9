//! The fields of a document as inputs, a group for each kind it could be.

use std::collections::BTreeSet;

use acuse_pipeline::{
    checks::Form,
    document::Kind,
    fields::{Field, FieldName, Fields, Source},
    reading::SeenWord,
};
use acuse_storage::{Document, vendors::Recalled};
use url::form_urlencoded;

use super::{
    grid::{self, Grid},
    labels,
    page_views::{Strip, UNSURE, strip},
    said::Said,
    typed::Typed,
};
use crate::review::{alike, carried};

pub(super) struct Group {
    pub(super) kind: &'static str,
    pub(super) fields: Vec<Input>,
    /// Taxes and lines.
    pub(super) grids: Vec<Grid>,
}

pub(super) struct Input {
    pub(super) name: FieldName,
    pub(super) label: String,
    pub(super) value: String,
    pub(super) required: bool,
    pub(super) tone: &'static str,
    pub(super) mark: String,
    pub(super) evidence: String,
    pub(super) placeholder: &'static str,
    /// What was read, where something else was typed.
    pub(super) original: String,
    /// What other kinds call the same.
    pub(super) alike: FieldName,
    pub(super) fault: String,
    /// Whether a person must look at it.
    pub(super) eyes: bool,
    /// What was read, cut out of its page.
    pub(super) strip: Option<Strip>,
    /// Where memory said it.
    pub(super) known: Option<KnownVendor>,
}

/// A vendor that memory recognised.
pub(super) struct KnownVendor {
    /// Papers of it that vouched.
    pub(super) papers: u32,
    /// Where they are listed.
    pub(super) href: String,
}

impl KnownVendor {
    /// At the party's field, as long as it says what memory said.
    fn at(name: FieldName, value: &str, recalled: Option<&Recalled>) -> Option<Self> {
        let recalled = recalled.filter(|r| r.name == value)?;
        matches!(name, FieldName::IssuerName | FieldName::MerchantName).then(|| {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("q", value).finish();
            Self { papers: recalled.papers, href: format!("/documents?{query}") }
        })
    }
}

/// What makes a field one that a person must look at.
pub(super) struct Eyes<'a> {
    /// The fields that the reasons name.
    pub(super) named: BTreeSet<FieldName>,
    /// The words of the pages.
    pub(super) seen: &'a [SeenWord],
    /// What memory said of the document.
    pub(super) recalled: Option<&'a Recalled>,
}

pub(super) fn groups(document: &Document, typed: &Typed, said: &Said<'_>, eyes: &Eyes<'_>) -> Vec<Group> {
    let group = |kind: &Kind| {
        let fields = carried(*kind, &document.fields);
        let one = |name: &FieldName| input(*name, *kind, (document, &fields), (typed, said), eyes);
        let (lists, plain): (Vec<_>, Vec<_>) = FieldName::of(*kind).iter().partition(|name| name.is_list());
        Group {
            kind: kind.as_str(),
            fields: plain.into_iter().map(one).collect(),
            grids: lists.into_iter().map(|name| grid::of(*kind, *name, &fields, typed, said)).collect(),
        }
    };
    Kind::ALL.iter().map(group).collect()
}

/// How sure it is.
fn mark(field: &Field) -> String {
    match field.source {
        Source::Reviewer => "typed".to_owned(),
        _ => format!("{:.0} %", (field.confidence * 100.0).clamp(0.0, 100.0)),
    }
}

/// How it is known.
fn evidence(field: &Field) -> String {
    match field.source {
        Source::Reviewer => "typed by a person".to_owned(),
        source => format!("read from {source}, {} sure", mark(field)),
    }
}

fn input(
    name: FieldName,
    kind: Kind,
    (document, fields): (&Document, &Fields),
    (typed, said): (&Typed, &Said<'_>),
    eyes: &Eyes<'_>,
) -> Input {
    let field = fields.get(&name);
    let required = FieldName::required(kind).contains(&name);
    let original = field.map(|f| f.value.to_string()).unwrap_or_default();
    let value = typed.get(&format!("{kind}.{name}")).map_or_else(|| original.clone(), str::to_owned);
    let tone = match field {
        Some(f) if f.confidence < UNSURE => "low",
        None if required && document.kind == Some(kind) => "missing",
        _ => "",
    };
    let fault = said.fault(name);
    let looked_for = eyes.named.contains(&name) && document.kind == Some(kind);
    let is_eyed = !fault.is_empty()
        || value != original
        || looked_for
        || tone == "missing"
        || (tone == "low" && required);
    Input {
        name,
        label: labels::label(name.as_str()),
        required,
        tone,
        mark: field.map(mark).unwrap_or_default(),
        evidence: field.map(evidence).unwrap_or_default(),
        placeholder: match name.choices(kind).first() {
            Some(choice) => choice,
            None => Form::of(name).example(),
        },
        alike: alike(name).min(name),
        eyes: is_eyed,
        strip: field.filter(|_| is_eyed).and_then(|f| strip(document, f, eyes.seen)),
        known: KnownVendor::at(name, &value, eyes.recalled),
        fault,
        value,
        original,
    }
}
