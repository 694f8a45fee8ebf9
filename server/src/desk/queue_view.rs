//! Which part of the queue a person works on: it goes with them from the list to each document and on to the next.

use acuse_pipeline::{document::Kind, reason::ReasonCode};
use acuse_storage::{ContactId, CustomerId, reviews::ReviewFilter};
use serde::Deserialize;
use url::form_urlencoded;

use super::{session::Person, typed::Typed};

/// A part of the queue, as it stands in addresses. A name that is none is no filter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct QueueView {
    /// A reason's code.
    pub reason: String,
    /// A kind. In a document's form it has another name, for there the document's own is meant.
    #[serde(alias = "of_kind")]
    pub kind: String,
    /// A sender's id.
    #[serde(alias = "of_sender")]
    pub sender: String,
    /// A customer's id.
    #[serde(alias = "of_customer")]
    pub customer: String,
}

impl QueueView {
    /// As a document's form carries it.
    #[must_use]
    pub fn typed(typed: &Typed) -> Self {
        let text = |name: &str| typed.get(name).unwrap_or_default().to_owned();
        Self {
            reason: text("reason"),
            kind: text("of_kind"),
            sender: text("of_sender"),
            customer: text("of_customer"),
        }
    }

    /// The view that was kept as this query; none of what work mode would not narrow to: words, and whose it is.
    #[must_use]
    pub fn kept(query: &str) -> Option<Self> {
        let mut view = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let part = match &*name {
                "reason" => &mut view.reason,
                "kind" => &mut view.kind,
                "sender" => &mut view.sender,
                "customer" => &mut view.customer,
                // The most urgent that is free comes first, in whatever order a list is read.
                "sort" => continue,
                "who" if value == "free" => continue,
                _ => return None,
            };
            *part = value.into_owned();
        }
        Some(view)
    }

    fn parts(&self) -> [(&'static str, &str); 4] {
        [
            ("reason", &self.reason),
            ("kind", &self.kind),
            ("sender", &self.sender),
            ("customer", &self.customer),
        ]
    }

    /// What it narrows to, by the names of addresses.
    pub fn said(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.parts().into_iter().filter(|(_, value)| !value.is_empty())
    }

    /// As a document's form is to carry it.
    #[must_use]
    pub fn hidden(&self) -> Vec<(&'static str, String)> {
        let names = ["reason", "of_kind", "of_sender", "of_customer"];
        let both = names.into_iter().zip(self.parts());
        both.map(|(name, (_, value))| (name, value.to_owned())).collect()
    }

    /// `?reason=…&kind=…`, or nothing.
    #[must_use]
    pub fn query(&self) -> String {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(self.said()).finish();
        if query.is_empty() { query } else { format!("?{query}") }
    }

    /// Whether it is a part only.
    #[must_use]
    pub fn is_narrow(&self) -> bool {
        self.said().next().is_some()
    }

    /// The reason, where it names one.
    #[must_use]
    pub fn reason(&self) -> Option<ReasonCode> {
        self.reason.parse().ok()
    }

    /// Its filter, of what exists for this person.
    #[must_use]
    pub fn filter(&self, person: &Person) -> ReviewFilter {
        ReviewFilter {
            reason: self.reason(),
            kind: self.kind.parse::<Kind>().ok(),
            contact_id: self.sender.parse::<ContactId>().ok(),
            customer_id: self.customer.parse::<CustomerId>().ok(),
            access: person.caller.access().clone(),
            ..ReviewFilter::default()
        }
    }

    /// The same, of what this person could take.
    #[must_use]
    pub fn open_to(&self, person: &Person) -> ReviewFilter {
        ReviewFilter { open_to: Some(person.caller.actor.clone()), ..self.filter(person) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_from_an_address_and_from_a_form() {
        let view = QueueView { reason: "malware".into(), kind: "invoice".into(), ..QueueView::default() };
        assert_eq!(view.query(), "?reason=malware&kind=invoice");
        let form = view.hidden().into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
        assert_eq!(QueueView::typed(&Typed(form)), view);
        assert_eq!(QueueView::default().query(), "");
        assert!(view.is_narrow() && !QueueView::default().is_narrow());
    }

    #[test]
    fn a_kept_view_is_worked_on_as_it_was_kept_or_not_at_all() {
        let kept = |query| QueueView::kept(query).map(|view| view.query());
        assert_eq!(
            kept("kind=invoice&reason=malware&sort=-since").as_deref(),
            Some("?reason=malware&kind=invoice")
        );
        assert_eq!(kept("who=free").as_deref(), Some(""));
        for other in ["q=persona", "reason=malware&q=persona", "who=mine"] {
            assert_eq!(kept(other), None, "{other}");
        }
    }

    #[test]
    fn a_documents_own_kind_is_no_view() {
        let form = vec![("kind".to_owned(), "receipt".to_owned()), ("reason".to_owned(), "x".to_owned())];
        let view = QueueView::typed(&Typed(form));
        assert_eq!((view.kind.as_str(), view.reason()), ("", None));
    }
}
