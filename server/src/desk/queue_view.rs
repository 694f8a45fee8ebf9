//! Which part of the queue a person works on: it goes with them from the list to each document and on to the next.

use acuse_pipeline::{document::Kind, reason::ReasonCode};
use acuse_storage::{
    ContactId, CustomerId,
    reviews::{Order, ReviewFilter, Table},
};
use serde::Deserialize;
use url::form_urlencoded;

use super::{session::Person, typed::Typed};
use crate::{
    extract::{time, word},
    problem::Problem,
};

/// The queue's own order: the most urgent first.
const URGENT: (Order, bool) = (Order::Due, false);

/// Names of its parts in addresses.
pub(super) const NAMES: [&str; 9] =
    ["reason", "kind", "sender", "customer", "who", "from", "to", "sort", "q"];
/// The same in other forms than its own, which carry it along.
pub(super) const HIDDEN: [&str; 9] =
    ["reason", "of_kind", "of_sender", "of_customer", "of_who", "of_from", "of_to", "of_sort", "of_q"];

/// The word for what whoever asks has already.
pub const MINE: &str = "mine";

/// A part of the queue, as it stands in addresses. A name that is none is no filter, and no order.
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
    /// `mine`: what whoever asks has already.
    #[serde(alias = "of_who")]
    pub who: String,
    /// Since when it waits: then or later.
    #[serde(alias = "of_from")]
    pub from: String,
    /// And since before then.
    #[serde(alias = "of_to")]
    pub to: String,
    /// An order's name, with a minus before it the greatest first.
    #[serde(alias = "of_sort")]
    pub sort: String,
    /// Words that were looked for.
    #[serde(alias = "of_q")]
    pub q: String,
}

/// The order that a word names, and whether the greatest comes first; without a word the queue's own.
///
/// # Errors
/// When it names none.
pub fn order(sort: &str) -> Result<(Order, bool), Problem> {
    let (descending, name) = sort.strip_prefix('-').map_or((false, sort), |name| (true, name));
    Ok((word::<Order>("sort", Some(name))?.unwrap_or(Order::Due), descending))
}

impl QueueView {
    /// As a document's form carries it.
    #[must_use]
    pub fn typed(typed: &Typed) -> Self {
        let [reason, kind, sender, customer, who, from, to, sort, q] =
            HIDDEN.map(|name| typed.get(name).unwrap_or_default().to_owned());
        Self { reason, kind, sender, customer, who, from, to, sort, q }
    }

    /// The view that was kept as this query; none of what work mode would not narrow to: whose it is.
    #[must_use]
    pub fn kept(query: &str) -> Option<Self> {
        let mut view = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let part = match &*name {
                "reason" => &mut view.reason,
                "kind" => &mut view.kind,
                "sender" => &mut view.sender,
                "customer" => &mut view.customer,
                "from" => &mut view.from,
                "to" => &mut view.to,
                "sort" => &mut view.sort,
                "q" => &mut view.q,
                "who" if value == "free" => continue,
                _ => return None,
            };
            *part = value.into_owned();
        }
        Some(view)
    }

    /// The same, whoever has it: what is fetched next is what nobody has yet.
    #[must_use]
    pub fn of_anybody(&self) -> Self {
        Self { who: String::new(), ..self.clone() }
    }

    /// What is said under each of [`NAMES`].
    fn parts(&self) -> [&str; 9] {
        let Self { reason, kind, sender, customer, who, from, to, sort, q } = self;
        [reason, kind, sender, customer, who, from, to, sort, q].map(String::as_str)
    }

    /// What it narrows to and is read by, by the names of addresses.
    pub fn said(&self) -> impl Iterator<Item = (&'static str, &str)> {
        NAMES.into_iter().zip(self.parts()).filter(|(_, value)| !value.is_empty())
    }

    /// As a document's form is to carry it.
    #[must_use]
    pub fn hidden(&self) -> Vec<(&'static str, String)> {
        HIDDEN.into_iter().zip(self.parts().map(str::to_owned)).collect()
    }

    /// `?reason=…&kind=…`, or nothing.
    #[must_use]
    pub fn query(&self) -> String {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(self.said()).finish();
        if query.is_empty() { query } else { format!("?{query}") }
    }

    /// Whether it is a part only; in another order it is all.
    #[must_use]
    pub fn is_narrow(&self) -> bool {
        self.said().any(|(name, _)| name != "sort")
    }

    /// Whether the most urgent comes first.
    #[must_use]
    pub fn is_by_urgency(&self) -> bool {
        order(&self.sort).unwrap_or(URGENT) == URGENT
    }

    /// The reason, where it names one.
    #[must_use]
    pub fn reason(&self) -> Option<ReasonCode> {
        self.reason.parse().ok()
    }

    /// What it shows, of what exists for this person.
    #[must_use]
    pub fn table(&self, person: &Person) -> Table {
        let moment = |text: &str| time("since", Some(text)).ok().flatten();
        let filter = ReviewFilter {
            reason: self.reason(),
            kind: self.kind.parse::<Kind>().ok(),
            contact_id: self.sender.parse::<ContactId>().ok(),
            customer_id: self.customer.parse::<CustomerId>().ok(),
            claimed_by: (self.who == MINE).then(|| person.caller.actor.clone()),
            from: moment(&self.from),
            to: moment(&self.to),
            access: person.caller.access().clone(),
            ..ReviewFilter::default()
        };
        let (order, descending) = order(&self.sort).unwrap_or(URGENT);
        Table { filter, order, descending, q: Some(self.q.clone()) }
    }

    /// The same, of what this person could take.
    #[must_use]
    pub fn open_to(&self, person: &Person) -> Table {
        let mut table = self.table(person);
        table.filter.open_to = Some(person.caller.actor.clone());
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_from_an_address_and_from_a_form() {
        let view = QueueView {
            reason: "malware".into(),
            kind: "invoice".into(),
            who: MINE.into(),
            from: "2026-05-01T10:00:00Z".into(),
            to: "2026-05-02".into(),
            sort: "-amount".into(),
            q: "café 1".into(),
            ..QueueView::default()
        };
        let since = "from=2026-05-01T10%3A00%3A00Z&to=2026-05-02";
        let said = format!("&{since}&sort=-amount&q=caf%C3%A9+1");
        assert_eq!(view.query(), format!("?reason=malware&kind=invoice&who=mine{said}"));
        let form = view.hidden().into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
        assert_eq!(QueueView::typed(&Typed(form)), view);
        assert_eq!(view.of_anybody().query(), format!("?reason=malware&kind=invoice{said}"));
        assert_eq!(QueueView::default().query(), "");
        assert!(view.is_narrow() && !QueueView::default().is_narrow());
    }

    #[test]
    fn a_kept_view_is_worked_on_as_it_was_kept_or_not_at_all() {
        let kept = |query| QueueView::kept(query).map(|view| view.query());
        assert_eq!(
            kept("kind=invoice&reason=malware&sort=-since").as_deref(),
            Some("?reason=malware&kind=invoice&sort=-since")
        );
        assert_eq!(kept("who=free").as_deref(), Some(""));
        assert_eq!(kept("q=persona").as_deref(), Some("?q=persona"));
        for other in ["who=mine", "reason=malware&who=mine"] {
            assert_eq!(kept(other), None, "{other}");
        }
        let by = |sort: &str| QueueView { sort: sort.to_owned(), ..QueueView::default() };
        assert!(by("").is_by_urgency() && by("due").is_by_urgency() && by("nonsense").is_by_urgency());
        assert!(!by("-due").is_by_urgency() && !by("amount").is_by_urgency() && !by("amount").is_narrow());
    }

    #[test]
    fn a_documents_own_kind_is_no_view() {
        let form = vec![("kind".to_owned(), "receipt".to_owned()), ("reason".to_owned(), "x".to_owned())];
        let view = QueueView::typed(&Typed(form));
        assert_eq!((view.kind.as_str(), view.reason()), ("", None));
    }
}
