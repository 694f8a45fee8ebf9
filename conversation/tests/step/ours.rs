//! What we begin: approvals, what is owed, and whoever wants to hear no more of it.

use acuse_conversation::{Effect, End, Event, Expects, Kind, Say, State, Who};
use time::macros::datetime;

use super::{NOON, Run};

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
