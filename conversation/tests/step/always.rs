//! What holds whatever happens, in whatever order.

use acuse_conversation::{Case, Effect, Event, Expects, Kind, Say, State};
use proptest::prelude::*;
use time::Duration;

use super::{NOON, Run};

/// Each event once, and each question.
fn all_events() -> Vec<Event> {
    let mut all = vec![
        Event::File,
        Event::Later,
        Event::Words,
        Event::Missed,
        Event::Secret,
        Event::Choice,
        Event::DocumentAtRest { left: 0 },
        Event::DocumentAtRest { left: 2 },
        Event::ReviewDecided,
        Event::SendFailed,
        Event::Due { at: NOON + Duration::DAY },
        Event::ReceiptMatched { is_sure: true },
        Event::ReceiptMatched { is_sure: false },
        Event::AgentTook,
        Event::AgentReturned,
        Event::Scheduled { at: NOON + Duration::DAY },
        Event::Overdue,
        Event::OptOut,
        Event::OptIn,
    ];
    all.extend(Expects::ALL.map(Event::Asked));
    all
}

/// Whether a case keeps its word: over, or with a deadline, or with a person; and waiting for something.
fn is_whole(case: &Case) -> bool {
    let with_person = case.state == State::Human;
    case.is_open() == (case.due_at.is_some() || with_person)
        && !(with_person && case.due_at.is_some())
        && (case.state != State::Waiting || case.expects.is_some())
        && (case.is_open() || case.expects.is_none())
}

#[test]
fn every_event_in_every_state_leaves_a_way_out() {
    for kind in Kind::ALL {
        // All states that two events lead to, and each event in each of them.
        let mut reached: Vec<Vec<Event>> = vec![Vec::new()];
        for first in all_events() {
            reached.push(vec![first]);
            reached.extend(all_events().into_iter().map(|second| vec![first, second]));
        }
        for way in reached {
            for event in all_events() {
                let mut run = Run::new(kind);
                for earlier in way.iter().copied().chain([event]) {
                    run.event(earlier);
                    run.now += Duration::SECOND;
                }
                assert!(is_whole(&run.case), "{kind:?} {way:?} {event:?}: {:?}", run.case);
                run.event(Event::ReviewDecided);
                assert!(!run.case.is_open(), "{kind:?} {way:?} {event:?}: a person ends any");
                let over = run.case.clone();
                if way.is_empty() {
                    for late in all_events() {
                        assert_eq!(run.event(late), [], "{kind:?}: {late:?} when it is over");
                    }
                }
                assert_eq!(run.case, over);
            }
        }
    }
}

fn events() -> impl Strategy<Value = Vec<Option<Event>>> {
    let one = prop_oneof![
        3 => Just(None),
        18 => prop::sample::select(all_events()).prop_map(Some),
    ];
    prop::collection::vec(one, 0..40)
}

/// What nobody asked for: it is not said after a stop.
fn is_of_our_own(kind: Kind, effect: &Effect) -> bool {
    matches!(effect, Effect::Send(Say::Reminder(_)))
        || kind.is_proactive() && matches!(effect, Effect::Send(_))
}

proptest! {
    /// Whatever happens in whatever order (`None`: the deadline comes).
    #[test]
    fn every_open_case_has_a_deadline_or_a_person_and_a_way_out(
        kind in prop::sample::select(Kind::ALL.to_vec()),
        events in events(),
    ) {
        let mut run = Run::new(kind);
        let mut stopped = false;
        for event in events {
            let was_human = run.case.state == State::Human;
            let does = match event {
                None => run.due(),
                Some(event) => run.event(event),
            };
            stopped = event == Some(Event::OptOut) || stopped && event != Some(Event::OptIn);
            let says_anyway = stopped && does.iter().any(|effect| is_of_our_own(kind, effect));
            prop_assert!(!says_anyway, "after a stop nothing is sent that was not asked for: {does:?}");
            let sends = does.iter().any(|e| matches!(e, Effect::Send(_)));
            prop_assert!(!(was_human && run.case.state == State::Human && sends), "a person has it: {does:?}");
            prop_assert!(is_whole(&run.case), "{:?}", run.case);
            prop_assert!(run.replays_in_vain(), "what happened before happens again: {:?}", run.past);
            run.now += Duration::seconds(1);
        }
        for _ in 0..16 {
            run.due();
        }
        if kind == Kind::Collection {
            // It is told of day after day until what is owed says that it is overdue.
            run.event(Event::Overdue);
        }
        prop_assert!(matches!(run.case.state, State::Human | State::Closed(_)), "left alone it is told of: {:?}", run.case);
        run.event(Event::ReviewDecided);
        prop_assert!(!run.case.is_open(), "and a person ends it: {:?}", run.case);
    }
}
