//! `step` as a table, and what holds whatever happens.

#![allow(clippy::unwrap_used)]

use acuse_conversation::{Case, Effect, End, Event, Expects, Happened, Kind, Policy, Say, State, Who, step};
use proptest::prelude::*;
use time::{Duration, OffsetDateTime, macros::datetime};

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
fn another_burst_of_one_case_is_seen_and_counted_for_itself() {
    let mut run = Run::new(Kind::Documents);
    for _ in 0..3 {
        run.event(Event::File);
    }
    run.due();
    run.due();
    assert_eq!(run.said(), [Say::Received(3), Say::SummarySoFar]);
    for n in 0..2 {
        run.now += Duration::seconds(3);
        assert_eq!(run.event(Event::File).contains(&Effect::Typing), n == 0, "{n}");
    }
    run.due();
    assert_eq!(run.said().last(), Some(&Say::Received(2)), "those that came now");
    run.event(Event::DocumentAtRest { left: 0 });
    assert_eq!(run.said().len(), 4, "and what became of them: {:?}", run.said());
    assert_eq!(run.case.state, State::Closed(End::Done));
    // What came alone is told of when it is done; what comes an hour later has a burst of its own all the same.
    let mut run = Run::new(Kind::Documents);
    run.event(Event::File);
    run.due();
    run.now += Duration::HOUR;
    for n in 0..5 {
        assert_eq!(run.event(Event::File).contains(&Effect::Typing), n == 0, "{n}");
        assert_eq!(run.case.due_at, Some(run.now + Duration::seconds(8)), "until it rests");
    }
    run.due();
    assert_eq!(run.said(), [Say::Received(5)]);
}

#[test]
fn what_a_person_closes_is_told_of_where_nothing_else_would_tell() {
    for took in [true, false] {
        let mut run = Run::new(Kind::Documents);
        for _ in 0..6 {
            run.event(Event::File);
        }
        run.due();
        if took {
            run.event(Event::AgentTook);
        }
        run.event(Event::DocumentAtRest { left: 2 });
        let does = run.event(Event::ReviewDecided);
        assert_eq!(does, [Effect::Send(Say::Summary), Effect::Tell(End::Done)], "taken: {took}");
    }
    let mut other = Run::new(Kind::Ask);
    other.event(Event::Asked(Expects::File));
    assert_eq!(other.event(Event::ReviewDecided), [Effect::Tell(End::Done)]);
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

/// Both reminders of a day are said while its sender may be answered freely, whenever they were asked.
#[test]
fn the_reminders_of_a_question_are_counted_from_it() {
    let at = |hours: i64| datetime!(2026-09-01 00:00 UTC) + Duration::hours(hours);
    for (asked, said) in [(18, [33, 38, 62]), (12, [16, 33, 57]), (8, [12, 20, 57])] {
        let mut run = Run::new(Kind::Ask);
        run.now = at(asked);
        run.event(Event::Asked(Expects::File));
        for hours in said {
            let due = run.case.due_at.unwrap();
            assert_eq!(due.replace_minute(0).unwrap(), at(hours), "asked at {asked}");
            let does = run.due();
            assert!(matches!(does.first(), Some(Effect::Send(Say::Reminder(_)))), "{does:?}");
        }
    }
    let mut run = Run::new(Kind::Ask);
    run.event(Event::Asked(Expects::File));
    run.due();
    run.now += Duration::hours(10);
    run.event(Event::Asked(Expects::Words));
    assert_eq!(run.case.due_at, Some(datetime!(2026-09-02 09:00 UTC)), "another question is another");
    run.due();
    assert_eq!(run.case.due_at, Some(datetime!(2026-09-02 20:55 UTC)), "rather than when it would be over");
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
fn what_a_person_asks_is_expected_and_asked_for_no_more_once_it_came() {
    for (asked, other, came) in
        [(Expects::Password, Event::Choice, Event::Secret), (Expects::Side, Event::Secret, Event::File)]
    {
        let mut run = Run::new(Kind::Ask);
        run.event(Event::Asked(Expects::Words));
        run.event(Event::AgentTook);
        assert_eq!(run.event(Event::Asked(asked)), [], "the person says it");
        assert_eq!((run.case.state, run.case.expects), (State::Human, Some(asked)));
        assert_eq!((run.event(other), run.case.expects), (vec![], Some(asked)), "{other:?} is no answer");
        assert_eq!((run.event(came), run.case.expects), (vec![], None), "{came:?}");
        run.event(Event::AgentReturned);
        assert_eq!(run.case.state, State::Working, "nobody is reminded of what they have sent");
    }
    let mut other = Run::new(Kind::Support);
    other.event(Event::Words);
    other.event(Event::Asked(Expects::Words));
    assert_eq!(other.case.expects, None, "of nothing else anything is asked");
}

#[test]
fn an_approval_that_a_person_has_expects_its_choice_still() {
    for event in [Event::AgentTook, Event::SendFailed, Event::Overdue] {
        let mut run = Run::new(Kind::Approval);
        run.event(Event::Asked(Expects::Choice));
        run.event(event);
        assert_eq!((run.case.state, run.case.expects), (State::Human, Some(Expects::Choice)), "{event:?}");
        assert_eq!(run.event(Event::Choice), [], "whoever takes the answer ends it");
        run.event(Event::ReviewDecided);
        assert_eq!(run.case.state, State::Closed(End::Done), "{event:?}");
    }
}

#[test]
fn what_is_given_back_comes_to_its_end_by_itself() {
    let mut said = Run::new(Kind::Support);
    said.event(Event::Words);
    said.event(Event::AgentTook);
    said.event(Event::AgentReturned);
    said.due();
    assert_eq!(said.case.state, State::Closed(End::Done), "nothing more was said: it is nobody's again");
    let mut again = Run::new(Kind::Support);
    again.event(Event::Words);
    again.event(Event::AgentReturned);
    again.event(Event::Words);
    assert_eq!(again.case.state, State::Human, "who writes again has a person again");
}

#[test]
fn who_is_not_understood_is_told_what_can_be_asked_and_the_second_time_is_a_persons() {
    let mut run = Run::new(Kind::Support);
    let does = run.event(Event::Missed);
    assert!(does.contains(&Effect::Send(Say::Question(Expects::Words))), "{does:?}");
    assert_eq!((run.case.state, run.case.due_at), (State::Waiting, Some(NOON + Duration::HOUR)));
    assert_eq!(run.event(Event::Missed), [Effect::Assign(Who::Team)]);
    assert_eq!(run.case.state, State::Human);
    assert_eq!(run.event(Event::Missed), [], "a person has it, and the machine is silent");
    for (event, state) in [(Event::Words, State::Human), (Event::ReviewDecided, State::Closed(End::Done))] {
        let mut run = Run::new(Kind::Support);
        run.event(Event::Missed);
        run.event(event);
        assert_eq!(run.case.state, state, "{event:?}");
    }
    let mut silent = Run::new(Kind::Support);
    silent.event(Event::Missed);
    silent.due();
    assert_eq!(silent.case.state, State::Human, "what they wrote is read, whatever they do");
    let mut other = Run::new(Kind::Ask);
    other.event(Event::Asked(Expects::File));
    assert_eq!(other.event(Event::Missed), [], "of a question it is no answer");
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
fn who_comes_back_is_reminded_again() {
    let mut run = Run::new(Kind::Ask);
    run.event(Event::Asked(Expects::File));
    run.event(Event::OptOut);
    run.due();
    run.event(Event::OptIn);
    run.due();
    let said = [Say::Question(Expects::File), Say::Reminder(2)];
    assert_eq!(run.said(), said, "what was not said meanwhile is not said after");
    for state in [Event::AgentTook, Event::ReviewDecided] {
        let mut run = Run::new(Kind::Ask);
        run.event(Event::Asked(Expects::File));
        run.event(state);
        let before = run.case.state;
        assert_eq!((run.event(Event::OptIn), run.case.state), (vec![], before), "{state:?}");
    }
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
    let mut approval = Run::new(Kind::Approval);
    approval.event(Event::Asked(Expects::Choice));
    assert_eq!(approval.event(Event::Overdue), [Effect::Assign(Who::Team)], "nobody decided in time");
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
