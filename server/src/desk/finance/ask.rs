//! What is asked of the finance page, and of what is taken away.

use acuse_conversation::Clock;
use acuse_pipeline::document::{Kind, Status};
use acuse_storage::{
    ContactId, CustomerId, DocumentFilter,
    documents::{Amount, Sort},
};
use serde::Deserialize;
use time::{Date, OffsetDateTime, macros::format_description};
use url::form_urlencoded;
use uuid::Uuid;

use super::HELD;
use crate::{
    desk::{session::Person, whose::Whose},
    export::Format,
    extract::{day, word},
    problem::Problem,
};

/// Query of the page, and of what is taken away.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Ask {
    /// `document` or `received`: which date is meant.
    pub(super) by: String,
    /// The first day; the month's where neither is said.
    pub(super) from: String,
    /// The last day.
    pub(super) to: String,
    pub(super) customer: String,
    /// What is typed of a customer.
    pub(super) whose: String,
    pub(super) sender: String,
    pub(super) kind: String,
    /// A status, `duplicate`, `held`, or `all`; filed where nothing is said.
    pub(super) status: String,
    pub(super) currency: String,
    pub(super) amount_from: String,
    pub(super) amount_to: String,
    pub(super) q: String,
    pub(super) sort: String,
    pub(super) after: Option<String>,
    /// Of an export.
    pub(super) format: Format,
}

impl Ask {
    /// The same with the month that it is there where no day is said.
    pub(super) fn with_month(mut self, there: OffsetDateTime) -> Self {
        if self.from.is_empty() && self.to.is_empty() {
            let today = there.date();
            let first = today.replace_day(1).unwrap_or(today);
            let last = today.replace_day(today.month().length(today.year())).unwrap_or(today);
            (self.from, self.to) = (iso(first), iso(last));
        }
        self
    }

    pub(super) fn is_by_arrival(&self) -> bool {
        self.by == "received"
    }

    /// The same with the customer that is meant.
    pub(super) fn with_whose(mut self, whose: &Whose) -> Self {
        (self.customer, self.whose) = (whose.id.clone(), whose.typed.clone());
        self
    }

    /// Days are those of `clock`. Of a customer who is not known it is nobody's.
    pub(super) fn filter(&self, person: &Person, clock: &Clock) -> Result<DocumentFilter, Problem> {
        let (from, last) = (day("from", Some(&self.from))?, day("to", Some(&self.to))?);
        let to = last.and_then(Date::next_day);
        if from.zip(to).is_some_and(|(from, to)| from >= to) {
            return Err(Problem::BadRequest("to: a day that is not before the first".to_owned()));
        }
        let moment = |date: Date| clock.moment(date, 0);
        // What can still be taken back stands with nothing but itself.
        let (status, duplicates, held) = match self.status.as_str() {
            "" => (Some(Status::Filed), false, Some(false)),
            "all" => (None, false, None),
            "duplicate" => (None, true, Some(false)),
            HELD => (None, false, Some(true)),
            status => (word::<Status>("status", Some(status))?, false, Some(false)),
        };
        let nobody = Some(CustomerId(Uuid::nil())).filter(|_| !self.whose.is_empty());
        let by_arrival = self.is_by_arrival();
        let otherwise = if by_arrival { Sort::ReceivedDesc } else { Sort::DocumentDateDesc };
        Ok(DocumentFilter {
            status,
            duplicates,
            held,
            kind: word::<Kind>("kind", Some(&self.kind))?,
            customer_id: word::<CustomerId>("customer", Some(&self.customer))?.or(nobody),
            contact_id: word::<ContactId>("sender", Some(&self.sender))?,
            from: from.filter(|_| by_arrival).map(moment),
            to: to.filter(|_| by_arrival).map(moment),
            date_from: from.filter(|_| !by_arrival),
            date_to: to.filter(|_| !by_arrival),
            amount_from: word::<Amount>("amount_from", Some(&self.amount_from))?,
            amount_to: word::<Amount>("amount_to", Some(&self.amount_to))?,
            currency: Some(self.currency.clone()).filter(|c| !c.trim().is_empty()),
            q: Some(self.q.clone()).filter(|q| !q.trim().is_empty()),
            sort: word::<Sort>("sort", Some(&self.sort))?.unwrap_or(otherwise),
            access: person.caller.access().clone(),
            ..DocumentFilter::default()
        })
    }

    /// `?…` with some parts said otherwise; an empty one is left out.
    pub(super) fn with(&self, others: &[(&str, &str)]) -> String {
        let own = [
            ("by", self.by.as_str()),
            ("from", &self.from),
            ("to", &self.to),
            ("customer", &self.customer),
            ("whose", &self.whose),
            ("sender", &self.sender),
            ("kind", &self.kind),
            ("status", &self.status),
            ("currency", &self.currency),
            ("amount_from", &self.amount_from),
            ("amount_to", &self.amount_to),
            ("q", &self.q),
            ("sort", &self.sort),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        let said = |name: &str| others.iter().any(|(other, _)| *other == name);
        query.extend_pairs(own.into_iter().filter(|(name, value)| !value.is_empty() && !said(name)));
        query.extend_pairs(others.iter().filter(|(_, value)| !value.is_empty()));
        format!("?{}", query.finish())
    }

    /// Its address sorted by something, the other way round where it is already.
    pub(super) fn sorted(&self, filter: &DocumentFilter, by: &'static str) -> (String, &'static str) {
        let now = filter.sort.as_str();
        let (descending, name) = now.strip_prefix('-').map_or((false, now), |name| (true, name));
        let is_on = name == by;
        let sort = if is_on && descending { by.to_owned() } else { format!("-{by}") };
        let state = match (is_on, descending) {
            (true, true) => "descending",
            (true, false) => "ascending",
            (false, _) => "none",
        };
        (self.with(&[("sort", &sort)]), state)
    }
}

fn iso(date: Date) -> String {
    date.format(format_description!("[year]-[month]-[day]")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn without_days_it_is_this_month() {
        let ask = Ask::default().with_month(datetime!(2026-02-11 10:00 UTC));
        assert_eq!((ask.from.as_str(), ask.to.as_str()), ("2026-02-01", "2026-02-28"));
        let said = Ask { from: "2026-01-01".into(), ..Ask::default() };
        assert_eq!(said.with_month(datetime!(2026-02-11 10:00 UTC)).to, "", "an open end stays open");
    }
}
