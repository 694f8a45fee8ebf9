//! What a form says, as it came: shown again where it could not be kept, and kept as a draft.

use std::collections::BTreeMap;

use acuse_pipeline::{
    document::Kind,
    fields::{FieldName, Value},
};
use acuse_storage::{Document, reviews::drafts};

use super::{grid, queue_view::HIDDEN, split_form};
use crate::review::carried;

/// Longest draft kept, characters of all its values.
const DRAFT_CHARS: usize = 60_000;
/// What of a form is not typed, but for [`HIDDEN`].
const NOT_TYPED: &[&str] = &["csrf", "version", "fence", "action", "password", "user", "warned"];

/// What the page fills in by itself, and the name under which the form says with what.
const PREFILLED: &[(&str, &str)] = &[
    ("ask_text", "ask_default"),
    ("new_name", "new_name_default"),
    ("new_phone", "new_phone_default"),
    ("new_tax_id", "new_tax_id_default"),
];
/// Of a customer that is to be added.
pub(super) const NEW_CUSTOMER: &[&str] =
    &["new_name", "new_phone", "new_tax_id", "new_name_default", "new_phone_default", "new_tax_id_default"];
/// What stands in a form of its own beside the fields.
const PARTS: &str = "parts";

/// What a person writes beside the fields.
const WORDS: &[&str] = &["note", "because", "memo", "reject_note", "duplicate_of"];

/// Whether a part of a form goes along with what is typed.
fn is_along(name: &str) -> bool {
    NOT_TYPED.contains(&name) || HIDDEN.contains(&name)
}

/// A form's names and values: names may repeat, the first counts.
#[derive(Debug, Default, Clone)]
pub struct Typed(pub Vec<(String, String)>);

impl Typed {
    /// The value of a name, trimmed.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.trim())
    }

    /// All values of a name, trimmed.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.trim())
    }

    /// Whether it is the form of the fields, and says all there is of them; that of the parts says nothing of the rest.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.get("kind").is_some()
    }

    /// The same, with what it says nothing of as a draft has it.
    #[must_use]
    pub fn over(&self, draft: drafts::Form) -> Self {
        let is_said = |name: &str| self.0.iter().any(|(said, _)| said == name);
        let rest =
            draft.into_iter().filter(|(name, _)| !is_said(name) && (!self.is_whole() || name == PARTS));
        Self(self.0.iter().cloned().chain(rest).collect())
    }

    /// A whole number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.parse().ok()
    }

    /// What of it is kept as a draft; `None` where it is nothing, or too much for a person to have typed.
    #[must_use]
    pub fn draft(&self) -> Option<drafts::Form> {
        let kept: drafts::Form = self.0.iter().filter(|(name, _)| !is_along(name)).cloned().collect();
        let chars: usize = kept.iter().map(|(name, value)| name.len() + value.len()).sum();
        (!kept.is_empty() && chars <= DRAFT_CHARS).then_some(kept)
    }

    /// The fields of this kind that the form says otherwise than the document.
    #[must_use]
    pub fn changes(&self, kind: Kind, document: &Document) -> BTreeMap<FieldName, Option<Value>> {
        let read = carried(kind, &document.fields);
        let change = |name: &FieldName| {
            let was = read.get(name).map(|f| &f.value);
            if name.is_list() {
                let said = grid::entries(kind, *name, self)?;
                let same = grid::is_same(*name, &said, was.map(Value::entries).unwrap_or_default());
                return (!same).then(|| (*name, Some(Value::List(said)).filter(|v| !v.entries().is_empty())));
            }
            let said = self.get(&format!("{kind}.{name}"))?;
            let was = was.map_or("", Value::as_str);
            let value = Some(said).filter(|s| !s.is_empty()).map(Value::from);
            (said != was.trim()).then_some((*name, value))
        };
        FieldName::of(kind).iter().filter_map(change).collect()
    }

    /// The same form without these names.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        Self(self.0.iter().filter(|(name, _)| !names.contains(&name.as_str())).cloned().collect())
    }

    /// The same form with nothing said under these names.
    #[must_use]
    pub fn emptied(&self, names: &[&str]) -> Self {
        let said = |(name, value): &(String, String)| {
            let is_done = names.contains(&name.as_str());
            (name.clone(), if is_done { String::new() } else { value.clone() })
        };
        Self(self.0.iter().map(said).collect())
    }

    /// Whether it says anything that the document does not.
    #[must_use]
    pub fn differs(&self, document: &Document) -> bool {
        let kind = self.get("kind").and_then(|k| k.parse::<Kind>().ok()).or(document.kind);
        // A field on one line shows none of the ends of lines that it was filled with.
        let bare = |name: &str| self.get(name).map(|said| said.replace(['\r', '\n'], ""));
        let customer = document.customer_id.map(|c| c.to_string()).unwrap_or_default();
        kind != document.kind
            || self.get("customer_id").is_some_and(|said| said != customer)
            || WORDS.iter().any(|name| self.get(name).is_some_and(|v| !v.is_empty()))
            || PREFILLED.iter().any(|(name, with)| bare(name).is_some_and(|said| Some(said) != bare(with)))
            || self.get(PARTS).is_some_and(|said| !said.is_empty() && !split_form::is_offered(document, said))
            || kind.is_some_and(|kind| !self.changes(kind, document).is_empty())
    }
}
