//! Which cases the inbox lists, by the query of its page.

use acuse_storage::cases::{CaseCursor, CaseFilter};
use serde::Deserialize;
use time::{Date, Duration, OffsetDateTime};
use url::form_urlencoded;

use crate::{
    extract::{day, word},
    problem::Problem,
};

/// Query of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    pub(super) show: String,
    pub(super) team: String,
    state: String,
    kind: String,
    from: String,
    to: String,
    left: Option<String>,
    expects: Option<String>,
    after: Option<String>,
}

/// How long ahead what is due is shown.
const SOON: Duration = Duration::hours(1);

impl Query {
    /// Which list it is, and what it lists.
    pub(super) fn filter(
        &self,
        who: &str,
        now: OffsetDateTime,
    ) -> Result<(&'static str, CaseFilter), Problem> {
        let mut filter = CaseFilter {
            after: word::<CaseCursor>("after", self.after.as_deref())?,
            ..CaseFilter::default()
        };
        let show = match self.show.as_str() {
            "mine" => "mine",
            "unassigned" => "unassigned",
            "open" => "open",
            "due" => "due",
            "late" => "late",
            "team" => "team",
            "flow" => "flow",
            _ => "human",
        };
        match show {
            "mine" => filter.assignee = Some(who.to_owned()),
            "unassigned" => filter.assignee = Some(String::new()),
            "open" => filter.state = Some("open".to_owned()),
            "due" => filter.answer_before = Some(now + SOON),
            "late" => filter.escalated = true,
            "team" => filter.team = Some(self.team.clone()),
            "flow" => self.of_flow(&mut filter)?,
            _ => {}
        }
        Ok((show, filter))
    }

    /// The cases behind a number of the flow.
    fn of_flow(&self, filter: &mut CaseFilter) -> Result<(), Problem> {
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        filter.state = Some(some(&self.state).unwrap_or_else(|| "any".to_owned()));
        filter.kind = some(&self.kind);
        let begins = |day: Option<Date>| day.map(|day| day.midnight().assume_utc());
        filter.from = begins(day("from", Some(&self.from))?);
        filter.to = begins(day("to", Some(&self.to))?.and_then(Date::next_day));
        (filter.left, filter.expects) = (self.left.clone(), self.expects.clone());
        Ok(())
    }

    /// The list as an address asks for it, without its page.
    pub(super) fn list(&self, show: &str) -> String {
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        pairs.append_pair("show", show);
        let given = [
            ("team", &self.team),
            ("state", &self.state),
            ("kind", &self.kind),
            ("from", &self.from),
            ("to", &self.to),
        ];
        for (name, value) in given.into_iter().filter(|(_, value)| !value.is_empty()) {
            pairs.append_pair(name, value);
        }
        for (name, value) in [("left", &self.left), ("expects", &self.expects)] {
            if let Some(value) = value {
                pairs.append_pair(name, value);
            }
        }
        pairs.finish()
    }

    /// The page of it that is shown, where a form leads back to.
    pub(super) fn here(&self, show: &str) -> String {
        let list = self.list(show);
        self.after.as_ref().map_or_else(|| list.clone(), |after| format!("{list}&after={after}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_that_is_shown_has_an_address() {
        let query = Query { after: Some("7".into()), team: "ventas".into(), ..Query::default() };
        assert_eq!(query.here("team"), "show=team&team=ventas&after=7");
    }
}
