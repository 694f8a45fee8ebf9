//! Which cases a list shows, in which order, and where in it a page ended.

use std::{fmt, str::FromStr};

use acuse_conversation::State;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Listed, OPEN};
use crate::{
    documents::NotACursor,
    names::{ContactId, micros},
    sql::{Bind, Query},
};

/// When a case is due: when it goes on, or its team answers; of what has no such time, after all that has. Migration 0050
/// has an index of it.
const DUE: &str = "COALESCE(s.due_at, s.answer_by, 9223372036854775807)";

/// States of cases that are over.
const OVER: &str = "('done', 'expired', 'stopped')";

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
    /// Those after this place.
    pub after: Option<CaseCursor>,
}

impl CaseFilter {
    /// What it asks of cases under `s`, and in which order: of those that are open what is due first, then the oldest; of a
    /// list with what is over, which is due no more, the oldest first. None where there is no such state.
    pub(super) fn query(&self) -> Option<(Query, String)> {
        let mut query = Query::default();
        let order = self.of_states(&mut query)?;
        let text = |word: &Option<String>| word.as_deref().map(Bind::text);
        query.holds("s.kind =", text(&self.kind).filter(|kind| *kind != Bind::text("")));
        query.holds("COALESCE(s.assignee, '') =", text(&self.assignee));
        query.holds("COALESCE(s.team, '') =", text(&self.team));
        query.holds("s.contact_id =", self.contact.map(|c| Bind::Id(c.0)));
        if self.escalated {
            query.and("s.escalated_at IS NOT NULL");
        }
        let moment = |at: Option<OffsetDateTime>| at.map(|at| Bind::Number(micros(at)));
        query.holds("s.answer_by <=", moment(self.answer_before));
        query.holds("s.created_at >=", moment(self.from));
        query.holds("s.created_at <", moment(self.to));
        query.holds("COALESCE(s.expects, s.left_expects, '') =", text(&self.expects));
        query.holds("COALESCE(s.left_state, '') =", text(&self.left));
        Some((query, order))
    }

    /// Only of its states and after its place; the order.
    fn of_states(&self, query: &mut Query) -> Option<String> {
        let one = |state: State| format!("s.state = '{}'", state.as_str());
        // Said in full, for the index is of these states.
        let open = format!("s.state IN {OPEN}");
        let is_due = match self.state.as_deref() {
            None => {
                query.and(open);
                query.and(one(State::Human));
                true
            }
            Some("open") => {
                query.and(open);
                true
            }
            Some("any") => false,
            Some(word) => match State::of(word)? {
                over @ State::Closed(_) => {
                    query.and(format!("s.state IN {OVER}"));
                    query.and(one(over));
                    false
                }
                state => {
                    query.and(open);
                    query.and(one(state));
                    true
                }
            },
        };
        if let Some(CaseCursor { due, id }) = self.after {
            if is_due {
                let (due, id) = (query.bind(Bind::Number(due)), query.bind(Bind::Id(id)));
                query.and(format!("({DUE}, s.id) > ({due}, {id})"));
            } else {
                query.holds("s.id >", Some(Bind::Id(id)));
            }
        }
        Some(if is_due { format!("{DUE}, s.id") } else { "s.id".to_owned() })
    }
}

/// Where a page of cases ended. It says when the last of them was due: that one may be answered before the next page is asked
/// for, and stands elsewhere then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseCursor {
    due: i64,
    id: Uuid,
}

impl CaseCursor {
    /// The place of a case in a list.
    #[must_use]
    pub fn of(case: &Listed) -> Self {
        Self { due: case.due_at.or(case.answer_by).map_or(i64::MAX, micros), id: case.id.0 }
    }
}

impl fmt::Display for CaseCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(format!("case {} {}", self.due, self.id.simple())))
    }
}

impl FromStr for CaseCursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NotACursor)?;
        let text = String::from_utf8(bytes).map_err(|_| NotACursor)?;
        let (due, id) =
            text.strip_prefix("case ").and_then(|place| place.split_once(' ')).ok_or(NotACursor)?;
        Ok(Self { due: due.parse().map_err(|_| NotACursor)?, id: id.parse().map_err(|_| NotACursor)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalog;

    #[test]
    fn a_cursor_comes_back_and_no_other_text_is_one() {
        for due in [i64::MIN, -1, 1_700_000_000_000_000, i64::MAX] {
            let cursor = CaseCursor { due, id: Uuid::now_v7() };
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        let id = Uuid::now_v7();
        for not in [format!("case x {id}"), format!("1 {id}"), "case 1 2".to_owned(), "case 1".to_owned()] {
            assert_eq!(URL_SAFE_NO_PAD.encode(not).parse::<CaseCursor>(), Err(NotACursor));
        }
        assert_eq!(id.to_string().parse::<CaseCursor>(), Err(NotACursor));
    }

    /// However many cases there were, a page of those that are open walks the index of what is due: nothing is sorted.
    #[tokio::test]
    async fn what_is_due_is_walked_by_its_index() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open_sqlite(&folder.path().join("acuse.db")).await.unwrap();
        let mut tx = catalog.reading().await.unwrap();
        for state in [None, Some("open"), Some("waiting"), Some("human")] {
            let filter = CaseFilter { state: state.map(str::to_owned), ..CaseFilter::default() };
            let (query, order) = filter.query().unwrap();
            let text = format!(
                "EXPLAIN QUERY PLAN SELECT s.kind FROM cases s WHERE {} ORDER BY {order} LIMIT 9",
                query.all()
            );
            let plan = all!(tx, (i64, i64, i64, String), sqlx::AssertSqlSafe(text.clone())).unwrap();
            let steps: Vec<&str> = plan.iter().map(|(.., step)| step.as_str()).collect();
            assert!(steps.iter().any(|step| step.contains("cases_due_first")), "{text}: {steps:?}");
            assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{text}: {steps:?}");
        }
        let nowhere = CaseFilter { state: Some("nowhere".to_owned()), ..CaseFilter::default() };
        assert!(nowhere.query().is_none());
    }
}
