//! Files that come together: what is said of them, and how often.

use acuse_conversation::{Effect, End, Event, Expects, Kind, Say, State};
use time::Duration;

use super::{NOON, Run};

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
