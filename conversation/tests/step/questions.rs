//! What somebody is asked, or asks: what answers it, and who has it when nobody does.

use acuse_conversation::{Effect, End, Event, Expects, Kind, Say, State, Who};
use time::{Duration, macros::datetime};

use super::{NOON, Run};

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
