//! `step` as a table, and what holds whatever happens.

#![allow(clippy::unwrap_used)]

mod always;
mod documents;
mod ours;
mod questions;

use acuse_conversation::{Case, Effect, Event, Happened, Kind, Policy, Say, step};
use time::{OffsetDateTime, macros::datetime};

const NOON: OffsetDateTime = datetime!(2026-09-01 12:00 UTC);

/// A case, its clock, and all that was done.
struct Run {
    case: Case,
    policy: Policy,
    now: OffsetDateTime,
    next: u128,
    done: Vec<Effect>,
    /// All that happened, by its names.
    past: Vec<Happened>,
}

impl Run {
    fn new(kind: Kind) -> Self {
        let (case, policy) = (Case::new(kind, NOON), Policy::of(kind).unwrap());
        Self { case, policy, now: NOON, next: 0, done: Vec::new(), past: Vec::new() }
    }

    fn event(&mut self, event: Event) -> Vec<Effect> {
        self.next += 1;
        let happened = Happened { id: self.next, event };
        let (case, does) = step(self.case.clone(), happened, &self.policy, self.now);
        let (again, nothing) = step(case.clone(), happened, &self.policy, self.now);
        assert!(again == case && nothing.is_empty(), "the same event twice: {event:?}");
        self.case = case;
        self.done.extend(&does);
        self.past.push(happened);
        does
    }

    /// Whether nothing that happened before would happen once more.
    fn replays_in_vain(&self) -> bool {
        self.past.iter().all(|happened| {
            let (again, does) = step(self.case.clone(), *happened, &self.policy, self.now);
            again == self.case && does.is_empty()
        })
    }

    /// Until its deadline, which comes.
    fn due(&mut self) -> Vec<Effect> {
        let Some(at) = self.case.due_at else { return Vec::new() };
        self.now = at.max(self.now);
        self.event(Event::Due { at })
    }

    fn said(&self) -> Vec<Say> {
        self.done.iter().filter_map(|e| if let Effect::Send(say) = e { Some(*say) } else { None }).collect()
    }
}
