//! The fields of a document as inputs, a group for each kind it could be.

use acuse_pipeline::{
    checks::Form,
    document::Kind,
    fields::{Field, FieldName, Fields, Source},
};

use super::{said::Said, sheets::UNSURE, typed::Typed, words};
use crate::review::{alike, carried};

pub(super) struct Group {
    pub(super) kind: &'static str,
    pub(super) fields: Vec<Input>,
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
    /// A list: shown, not typed.
    pub(super) readonly: bool,
    /// What was read, where something else was typed.
    pub(super) original: String,
    /// What other kinds call the same.
    pub(super) alike: FieldName,
    pub(super) fault: String,
}

pub(super) fn groups(known: Option<Kind>, fields: &Fields, typed: &Typed, said: &Said<'_>) -> Vec<Group> {
    let group = |kind: &Kind| {
        let fields = carried(*kind, fields);
        let one = |name: &FieldName| input(*name, (*kind, known), &fields, typed, said);
        let shown = FieldName::of(*kind).iter().filter(|n| !n.is_list() || fields.contains_key(n));
        Group { kind: kind.as_str(), fields: shown.map(one).collect() }
    };
    Kind::ALL.iter().map(group).collect()
}

pub(super) fn input(
    name: FieldName,
    (kind, known): (Kind, Option<Kind>),
    fields: &Fields,
    typed: &Typed,
    said: &Said<'_>,
) -> Input {
    let field = fields.get(&name);
    let required = FieldName::required(kind).contains(&name);
    let percent = |f: &Field| match f.source {
        Source::Reviewer => "typed".to_owned(),
        _ => format!("{:.0} %", (f.confidence * 100.0).clamp(0.0, 100.0)),
    };
    let original = field.map(|f| f.value.to_string()).unwrap_or_default();
    Input {
        name,
        label: words::label(name.as_str()),
        value: typed.get(&format!("{kind}.{name}")).map_or_else(|| original.clone(), str::to_owned),
        required,
        tone: match field {
            Some(f) if f.confidence < UNSURE => "low",
            None if required && known == Some(kind) => "missing",
            _ => "",
        },
        mark: field.map(percent).unwrap_or_default(),
        evidence: field.map(|f| format!("read from {}, {} sure", f.source, percent(f))).unwrap_or_default(),
        placeholder: match name.choices(kind).first() {
            Some(choice) => choice,
            None => Form::of(name).example(),
        },
        readonly: name.is_list(),
        original,
        alike: alike(name).min(name),
        fault: said.fault(name),
    }
}
