//! `step` as a table, and what holds whatever happens.

#![allow(clippy::unwrap_used)]

use acuse_conversation::{Case, Effect, End, Event, Expects, Happened, Kind, Policy, Say, State, step};
use proptest::prelude::*;
use time::{Duration, OffsetDateTime, macros::datetime};

const NOON: OffsetDateTime = datetime!(2026-09-01 12:00 UTC);

/// A case, its clock, and all that was done.
struct Run {
    case: Case,
    now: OffsetDateTime,
    next: u128,
    done: Vec<Effect>,
}

impl Run {
    fn new(kind: Kind) -> Self {
        Self { case: Case::new(kind, NOON), now: NOON, next: 0, done: Vec::new() }
    }

    fn event(&mut self, event: Event) -> Vec<Effect> {
        self.next += 1;
        let happened = Happened { id: self.next, event };
        let policy = Policy::of(self.case.kind).unwrap();
        let (case, does) = step(self.case.clone(), happened, &policy, self.now);
        let (again, nothing) = step(case.clone(), happened, &policy, self.now);
        assert!(again == case && nothing.is_empty(), "the same event twice: {event:?}");
        self.case = case;
        self.done.extend(&does);
        does
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

#[test]
fn ten_photos_cost_two_messages() {
    let mut run = Run::new(Kind::Documents);
    for n in 0..10 {
        let does = run.event(Event::File);
        assert_eq!(does.contains(&Effect::Typing), n == 0);
        run.now += Duration::seconds(3);
    }
    run.due();
    assert_eq!(run.said(), [Say::Received(10)]);
    for left in (0..10).rev() {
        run.event(Event::DocumentAtRest { left });
    }
    assert_eq!(run.said(), [Say::Received(10), Say::Summary]);
    assert_eq!(run.case.state, State::Closed(End::Done));
}

#[test]
fn a_burst_that_does_not_rest_is_cut_and_a_straggler_joins() {
    let mut run = Run::new(Kind::Documents);
    for _ in 0..12 {
        run.event(Event::File);
        run.now += Duration::seconds(7);
    }
    assert_eq!(
        run.case.due_at,
        Some(NOON + Duration::seconds(77)),
        "a minute is the most, then it is due at once"
    );
    run.due();
    run.event(Event::File);
    run.due();
    assert_eq!(run.said(), [Say::Received(12)], "that they came is said once");
    run.due();
    assert_eq!(run.said().last(), Some(&Say::SummarySoFar), "what takes long is said");
    assert_eq!(run.now, NOON + Duration::minutes(4), "however late the last one came");
    for _ in 0..10 {
        run.due();
    }
    assert_eq!(run.case.state, State::Human, "and is a person's in the end");
    assert_eq!(run.said().len(), 2);
}

#[test]
fn one_photo_costs_one_message_however_long_it_takes() {
    for days in [0, 3] {
        let mut run = Run::new(Kind::Documents);
        run.event(Event::File);
        for _ in 0..days {
            run.due();
        }
        run.event(Event::DocumentAtRest { left: 0 });
        run.due();
        assert_eq!(run.said(), [Say::Summary], "after {days} days");
        assert_eq!(run.case.state, State::Closed(End::Done));
    }
}

#[test]
fn what_comes_after_the_summary_so_far_gathers() {
    let mut run = Run::new(Kind::Documents);
    for _ in 0..3 {
        run.event(Event::File);
    }
    run.due();
    run.due();
    assert_eq!(run.said(), [Say::Received(3), Say::SummarySoFar]);
    for left in [2, 1, 0] {
        run.now += Duration::seconds(30);
        run.event(Event::DocumentAtRest { left });
    }
    assert_eq!(run.said().len(), 2, "nothing for a minute");
    run.due();
    assert_eq!(run.said().last(), Some(&Say::Summary));
    assert_eq!(run.case.state, State::Closed(End::Done));
}

#[test]
fn later_results_gather_and_end() {
    let mut run = Run::new(Kind::Documents);
    for _ in 0..20 {
        run.event(Event::Later);
        run.now += Duration::seconds(20);
        if run.case.due_at.is_some_and(|due| due <= run.now) {
            break;
        }
    }
    assert_eq!(run.now, NOON + Duration::minutes(5), "five minutes are the most");
    run.due();
    assert_eq!(run.said(), [Say::Summary]);
    assert_eq!(run.case.state, State::Closed(End::Done));
}

#[test]
fn an_ask_is_answered_by_what_it_expects_and_by_nothing_else() {
    let table = [
        (Expects::File, vec![Event::File]),
        (Expects::Side, vec![Event::File]),
        (Expects::Page, vec![Event::File]),
        (Expects::Password, vec![Event::Secret, Event::File]),
        (Expects::Words, vec![Event::Words]),
        (Expects::Choice, vec![Event::Choice]),
    ];
    for (expects, settles) in table {
        for came in [Event::File, Event::Secret, Event::Words, Event::Choice] {
            let mut run = Run::new(Kind::Ask);
            run.event(Event::Asked(expects));
            let does = run.event(came);
            let settled = settles.contains(&came);
            assert_eq!(does.contains(&Effect::Attach), settled, "{expects:?} {came:?}");
            let state = if settled { State::Working } else { State::Waiting };
            assert_eq!(run.case.state, state, "{expects:?} {came:?}: the question stays open");
        }
    }
}

#[test]
fn an_ask_reminds_and_then_ends_visibly() {
    let mut run = Run::new(Kind::Ask);
    run.event(Event::Asked(Expects::File));
    assert_eq!(run.case.due_at, Some(NOON + Duration::hours(4)));
    run.due();
    assert_eq!(run.case.due_at, Some(datetime!(2026-09-02 09:00 UTC)), "not at eight in the morning");
    run.due();
    run.due();
    let does = run.due();
    let said = [Say::Question(Expects::File), Say::Reminder(1), Say::Reminder(2), Say::Reminder(3)];
    assert_eq!(run.said(), said);
    assert_eq!((run.case.state, does), (State::Closed(End::Expired), vec![Effect::Tell(End::Expired)]));
}

#[test]
fn what_a_person_gives_back_goes_on_where_it_was() {
    let mut run = Run::new(Kind::Ask);
    run.event(Event::Asked(Expects::File));
    run.event(Event::AgentTook);
    assert!(run.due().is_empty() && run.case.state == State::Human);
    run.event(Event::AgentReturned);
    assert_eq!(run.case.state, State::Waiting);
    run.event(Event::File);
    run.event(Event::DocumentAtRest { left: 0 });
    assert_eq!(run.case.state, State::Closed(End::Done));
}

#[test]
fn an_old_deadline_does_nothing() {
    let mut run = Run::new(Kind::Ask);
    run.event(Event::Asked(Expects::Words));
    let old = run.case.due_at.unwrap();
    run.event(Event::Asked(Expects::File));
    run.now = old + Duration::HOUR;
    run.event(Event::Asked(Expects::File));
    assert_eq!(run.event(Event::Due { at: old }), []);
}

#[test]
fn a_stop_ends_what_we_began_and_silences_reminders() {
    let mut run = Run::new(Kind::Collection);
    run.event(Event::Asked(Expects::File));
    run.event(Event::OptOut);
    assert_eq!(run.case.state, State::Closed(End::Stopped));
    let mut run = Run::new(Kind::Ask);
    run.event(Event::Asked(Expects::File));
    run.event(Event::OptOut);
    for _ in 0..3 {
        run.due();
        assert_eq!(run.said(), [Say::Question(Expects::File)], "no reminder; an answer may still come");
    }
    run.due();
    assert_eq!(run.case.state, State::Closed(End::Expired));
}

#[test]
fn what_is_owed_is_reminded_of_when_it_says_and_by_day() {
    let mut run = Run::new(Kind::Collection);
    run.event(Event::Scheduled { at: datetime!(2026-09-05 03:00 UTC) });
    assert_eq!(run.case.due_at, Some(datetime!(2026-09-05 09:00 UTC)), "never at night");
    let does = run.due();
    assert!(does.contains(&Effect::Send(Say::Reminder(1))), "{does:?}");
    run.event(Event::Scheduled { at: datetime!(2026-09-08 00:00 UTC) });
    assert_eq!(run.case.due_at, Some(datetime!(2026-09-08 09:00 UTC)));
    run.event(Event::OptOut);
    assert_eq!(run.case.state, State::Closed(End::Stopped));
    let mut run = Run::new(Kind::Collection);
    run.event(Event::Scheduled { at: NOON });
    run.event(Event::Overdue);
    assert_eq!(run.case.state, State::Human);
    let mut other = Run::new(Kind::Ask);
    other.event(Event::Asked(Expects::Words));
    assert_eq!((other.event(Event::Scheduled { at: NOON }), other.event(Event::Overdue)), (vec![], vec![]));
}

#[test]
fn a_sure_receipt_settles_and_a_doubtful_one_is_a_persons() {
    for (is_sure, state) in [(true, State::Closed(End::Done)), (false, State::Human)] {
        let mut run = Run::new(Kind::Collection);
        run.event(Event::Asked(Expects::File));
        run.event(Event::ReceiptMatched { is_sure });
        assert_eq!(run.case.state, state);
    }
}

fn events() -> impl Strategy<Value = Vec<Option<Event>>> {
    let one = prop_oneof![
        3 => Just(None),
        1 => Just(Some(Event::File)),
        1 => Just(Some(Event::Later)),
        1 => Just(Some(Event::Words)),
        1 => Just(Some(Event::Secret)),
        1 => Just(Some(Event::Choice)),
        1 => (0..3_u32).prop_map(|left| Some(Event::DocumentAtRest { left })),
        1 => Just(Some(Event::SendFailed)),
        1 => any::<bool>().prop_map(|is_sure| Some(Event::ReceiptMatched { is_sure })),
        1 => Just(Some(Event::Scheduled { at: NOON + Duration::DAY })),
        1 => Just(Some(Event::Overdue)),
        1 => Just(Some(Event::AgentTook)),
        1 => Just(Some(Event::AgentReturned)),
        1 => Just(Some(Event::OptOut)),
        2 => prop::sample::select(Expects::ALL.to_vec()).prop_map(|expects| Some(Event::Asked(expects))),
    ];
    prop::collection::vec(one, 0..40)
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
            stopped |= event == Some(Event::OptOut) && kind.is_proactive();
            let sends = does.iter().any(|e| matches!(e, Effect::Send(_)));
            prop_assert!(!(stopped && sends), "after a stop nothing is sent: {does:?}");
            prop_assert!(!(was_human && run.case.state == State::Human && sends), "a person has it: {does:?}");
            let with_person = run.case.state == State::Human;
            prop_assert_eq!(run.case.is_open(), run.case.due_at.is_some() || with_person);
            prop_assert!(run.case.state != State::Waiting || run.case.expects.is_some());
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
    }
}
