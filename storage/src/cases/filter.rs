//! Which cases a list shows.

use acuse_conversation::State;
use time::OffsetDateTime;

use super::OPEN;
use crate::{
    names::{CaseId, ContactId, micros},
    sql::{Bind, Query},
};

/// Which cases.
#[derive(Debug, Clone, Default)]
pub struct CaseFilter {
    /// Only of this state; `open`: all that are not over; `any`: those too; none: those that a person has.
    pub state: Option<String>,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only whose holder is this person; an empty name: only those that nobody holds.
    pub assignee: Option<String>,
    /// Only with this contact.
    pub contact: Option<ContactId>,
    /// Only this team's; an empty name: only those of no team.
    pub team: Option<String>,
    /// Only those whose time to answer is over.
    pub escalated: bool,
    /// Only those that are to be answered by then.
    pub answer_before: Option<OffsetDateTime>,
    /// Only those that began then or later,
    pub from: Option<OffsetDateTime>,
    /// and before then.
    pub to: Option<OffsetDateTime>,
    /// Only those that wait for this, or did when they ended: a word of theirs; an empty one: for nothing.
    pub expects: Option<String>,
    /// Only those that are over and stood in this state before; an empty one: that are not, or of which nobody knows.
    pub left: Option<String>,
    /// Those after this one.
    pub after: Option<CaseId>,
}

impl CaseFilter {
    /// What it asks of cases under `s`.
    pub(super) fn conditions(&self, states: &str) -> Query {
        let mut query = Query::default();
        match self.state.as_deref() {
            Some("any") => {}
            // As the index of these says it, which is in the order of the list.
            Some("open") => query.and("s.state NOT IN ('done', 'expired', 'stopped')"),
            _ => query.and(format!("s.state IN {states}")),
        }
        let text = |word: &Option<String>| word.as_deref().map(Bind::text);
        query.holds("s.kind =", text(&self.kind).filter(|kind| *kind != Bind::text("")));
        query.holds("COALESCE(s.assignee, '') =", text(&self.assignee));
        query.holds("COALESCE(s.team, '') =", text(&self.team));
        query.holds("s.contact_id =", self.contact.map(|c| Bind::Id(c.0)));
        query.holds("s.id >", self.after.map(|c| Bind::Id(c.0)));
        if self.escalated {
            query.and("s.escalated_at IS NOT NULL");
        }
        let moment = |at: Option<OffsetDateTime>| at.map(|at| Bind::Number(micros(at)));
        query.holds("s.answer_by <=", moment(self.answer_before));
        query.holds("s.created_at >=", moment(self.from));
        query.holds("s.created_at <", moment(self.to));
        query.holds("COALESCE(s.expects, s.left_expects, '') =", text(&self.expects));
        query.holds("COALESCE(s.left_state, '') =", text(&self.left));
        query
    }
}

/// The states of a filter, as a list of SQL; none where there is no such state.
pub(super) fn states(word: Option<&str>) -> Option<String> {
    Some(match word {
        None => "('human')".to_owned(),
        Some("open") => OPEN.to_owned(),
        Some("any") => {
            let all: Vec<String> = State::ALL.iter().map(|state| format!("'{}'", state.as_str())).collect();
            format!("({})", all.join(", "))
        }
        Some(word) => format!("('{}')", State::of(word)?.as_str()),
    })
}
