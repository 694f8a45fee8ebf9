//! What an event does to a case.

use time::OffsetDateTime;

use crate::{
    case::{Came, Case, Effect, End, Event, Expects, Happened, Kind, Say, State, Who},
    policy::{AtEnd, Policy},
};

/// A case after an event, and what is to be done; the caller writes both in one transaction. An event that has happened
/// already, or that comes when the case is over, changes nothing.
#[must_use]
pub fn step(mut case: Case, happened: Happened, policy: &Policy, now: OffsetDateTime) -> (Case, Vec<Effect>) {
    if !case.is_open() || case.knows(happened.id) {
        return (case, Vec::new());
    }
    case.version += 1;
    let mut does = Vec::new();
    match happened.event {
        Event::OptOut => stop(&mut case, &mut does),
        Event::OptIn => case.is_quiet = false,
        Event::AgentTook => hand_over(&mut case, Who::Agent, &mut does),
        Event::AgentReturned => given_back(&mut case, policy, now, &mut does),
        Event::ReviewDecided => decided(&mut case, &mut does),
        Event::SendFailed => {
            does.push(Effect::Incident);
            hand_over(&mut case, Who::Team, &mut does);
        }
        Event::ReceiptMatched { is_sure } => paid(&mut case, is_sure, &mut does),
        event if case.state == State::Human => beside_a_person(&mut case, event),
        Event::Scheduled { at } => scheduled(&mut case, at, policy, now, &mut does),
        Event::Overdue => overdue(&mut case, &mut does),
        Event::Asked(expects) => ask(&mut case, expects, policy, now, &mut does),
        Event::File => file(&mut case, policy, now, &mut does),
        Event::Words if case.kind == Kind::Support => wants_a_person(&mut case, &mut does),
        Event::Words => answer(&mut case, Came::Words, policy, now, &mut does),
        Event::Missed => missed(&mut case, policy, now, &mut does),
        Event::Secret => answer(&mut case, Came::Secret, policy, now, &mut does),
        Event::Choice => answer(&mut case, Came::Choice, policy, now, &mut does),
        Event::Later => later(&mut case, policy, now, &mut does),
        Event::DocumentAtRest { left } => at_rest(&mut case, left, policy, now, &mut does),
        Event::Due { at } if case.due_at == Some(at) => due(&mut case, policy, now, &mut does),
        // A deadline that was moved since.
        Event::Due { .. } => {}
    }
    (case, does)
}

/// What is of our own accord is not said to somebody who wants to hear no more.
fn say(case: &Case, what: Say, does: &mut Vec<Effect>) {
    let of_our_own = matches!(what, Say::Reminder(_)) || case.kind.is_proactive();
    if !(case.is_quiet && of_our_own) {
        does.push(Effect::Send(what));
    }
}

fn wait_until(case: &mut Case, state: State, at: OffsetDateTime, does: &mut Vec<Effect>) {
    case.state = state;
    case.due_at = Some(at);
    does.push(Effect::WakeAt(at));
}

fn close(case: &mut Case, end: End, does: &mut Vec<Effect>) {
    case.state = State::Closed(end);
    (case.due_at, case.expects) = (None, None);
    does.push(Effect::Tell(end));
}

/// A person ends it: of files what came to rest meanwhile is told, for nothing else would tell of it.
fn decided(case: &mut Case, does: &mut Vec<Effect>) {
    if case.kind == Kind::Documents {
        say(case, Say::Summary, does);
    }
    close(case, End::Done, does);
}

fn hand_over(case: &mut Case, who: Who, does: &mut Vec<Effect>) {
    case.state = State::Human;
    case.due_at = None;
    does.push(Effect::Assign(who));
}

fn stop(case: &mut Case, does: &mut Vec<Effect>) {
    case.is_quiet = true;
    if case.kind.is_proactive() {
        close(case, End::Stopped, does);
    }
}

/// A person has it, and the machine is silent. What they ask of the sender is expected from now on; what answers it is expected
/// no more, so that nobody is asked for it again when they give it back. Words and choices they read themselves.
fn beside_a_person(case: &mut Case, event: Event) {
    if case.kind != Kind::Ask {
        return;
    }
    let came = match event {
        Event::Asked(expects) => {
            (case.expects, case.turns) = (Some(expects), 0);
            return;
        }
        Event::File => Came::File,
        Event::Secret => Came::Secret,
        _ => return,
    };
    if case.expects.is_some_and(|expects| expects.takes(came)) {
        case.expects = None;
    }
}

/// Back to where it would be without the person.
fn given_back(case: &mut Case, policy: &Policy, now: OffsetDateTime, does: &mut Vec<Effect>) {
    if case.state != State::Human {
        return;
    }
    case.turns = 0;
    match case.expects {
        Some(_) => waits_for_an_answer(case, policy, now, does),
        None => wait_until(case, State::Working, now.saturating_add(policy.work), does),
    }
}

fn paid(case: &mut Case, is_sure: bool, does: &mut Vec<Effect>) {
    if case.kind != Kind::Collection {
        return;
    }
    if is_sure && case.state != State::Human {
        say(case, Say::Thanks, does);
        close(case, End::Done, does);
    } else if case.state != State::Human {
        // The reminders are held, and somebody looks.
        hand_over(case, Who::Team, does);
    }
}

/// What is owed waits for its receipt, and is reminded of at this time.
fn scheduled(
    case: &mut Case,
    at: OffsetDateTime,
    policy: &Policy,
    now: OffsetDateTime,
    does: &mut Vec<Effect>,
) {
    if case.kind == Kind::Collection {
        case.expects = Some(Expects::File);
        wait_until(case, State::Waiting, policy.awake(at.max(now)), does);
    }
}

fn overdue(case: &mut Case, does: &mut Vec<Effect>) {
    if matches!(case.kind, Kind::Collection | Kind::Approval) {
        hand_over(case, Who::Team, does);
    }
}

fn ask(case: &mut Case, expects: Expects, policy: &Policy, now: OffsetDateTime, does: &mut Vec<Effect>) {
    (case.expects, case.turns) = (Some(expects), 0);
    say(case, Say::Question(expects), does);
    waits_for_an_answer(case, policy, now, does);
}

/// From now on an answer is waited for: from here its reminders are counted.
fn waits_for_an_answer(case: &mut Case, policy: &Policy, now: OffsetDateTime, does: &mut Vec<Effect>) {
    case.began_at = now;
    wait_until(case, State::Waiting, policy.reminder(0, now, now), does);
}

fn file(case: &mut Case, policy: &Policy, now: OffsetDateTime, does: &mut Vec<Effect>) {
    if case.expects.is_some() {
        return answer(case, Came::File, policy, now, does);
    }
    if case.kind != Kind::Documents {
        return;
    }
    // A straggler joins the burst that is not told of yet; else it begins another of the same case, which is seen and
    // counted for itself.
    if case.is_told || case.state == State::Working && now >= tells_at(case, policy) {
        (case.burst, case.is_received, case.is_told) = (0, false, false);
    }
    case.files = case.files.saturating_add(1);
    case.burst = case.burst.saturating_add(1);
    case.left = case.left.saturating_add(1);
    if case.burst == 1 {
        (case.began_at, case.turns) = (now, 0);
        does.push(Effect::Typing);
    }
    let rests = now.saturating_add(policy.rest).min(case.began_at.saturating_add(policy.most));
    wait_until(case, State::Gathering, rests.max(now), does);
}

/// When it is said how far we are with a burst, if it is not at rest by then.
fn tells_at(case: &Case, policy: &Policy) -> OffsetDateTime {
    case.began_at.saturating_add(policy.most).saturating_add(policy.work)
}

/// Results that come after all was said gather, until for a while no other comes.
fn later(case: &mut Case, policy: &Policy, now: OffsetDateTime, does: &mut Vec<Effect>) {
    case.files = case.files.saturating_add(1);
    if case.state == State::Gathering {
        let most = case.began_at.saturating_add(policy.later * 5);
        wait_until(case, State::Gathering, now.saturating_add(policy.later).min(most).max(now), does);
    }
}

/// Something came that may be what is expected; anything else leaves the question open.
fn answer(case: &mut Case, came: Came, policy: &Policy, now: OffsetDateTime, does: &mut Vec<Effect>) {
    if case.state == State::Waiting && case.expects.is_some_and(|expects| expects.takes(came)) {
        (case.expects, case.turns) = (None, 0);
        does.push(Effect::Attach);
        wait_until(case, State::Working, now.saturating_add(policy.work), does);
    }
}

fn wants_a_person(case: &mut Case, does: &mut Vec<Effect>) {
    case.expects = None;
    hand_over(case, Who::Team, does);
}

/// Once it is said what is understood here, and whoever says no more is a person's after a while; the second time they are
/// at once.
fn missed(case: &mut Case, policy: &Policy, now: OffsetDateTime, does: &mut Vec<Effect>) {
    if case.kind != Kind::Support {
        return;
    }
    if case.expects.is_some() {
        return wants_a_person(case, does);
    }
    case.expects = Some(Expects::Words);
    say(case, Say::Question(Expects::Words), does);
    wait_until(case, State::Waiting, now.saturating_add(policy.work), does);
}

fn at_rest(case: &mut Case, left: u32, policy: &Policy, now: OffsetDateTime, does: &mut Vec<Effect>) {
    case.left = left;
    if case.state != State::Working {
        return;
    }
    if case.is_told {
        case.is_late = true;
        wait_until(case, State::Working, now.saturating_add(policy.later), does);
    } else if left == 0 {
        settled(case, does);
    }
}

fn settled(case: &mut Case, does: &mut Vec<Effect>) {
    say(case, if case.kind == Kind::Documents { Say::Summary } else { Say::Thanks }, does);
    close(case, End::Done, does);
}

/// Days that files may be worked on before a person sees why: as long as Meta keeps them, and two.
const DAYS_OF_WORK: u32 = 9;

fn working_files(case: &mut Case, turn: u32, now: OffsetDateTime, does: &mut Vec<Effect>) {
    if case.is_late && case.left == 0 {
        return settled(case, does);
    }
    if case.is_late {
        case.is_late = false;
        say(case, Say::Summary, does);
    } else if case.files > 1 && !case.is_told {
        case.is_told = true;
        say(case, Say::SummarySoFar, does);
    } else if turn >= DAYS_OF_WORK {
        return hand_over(case, Who::Team, does);
    }
    wait_until(case, State::Working, now.saturating_add(time::Duration::DAY), does);
}

fn due(case: &mut Case, policy: &Policy, now: OffsetDateTime, does: &mut Vec<Effect>) {
    let turn = case.turns;
    case.turns = turn.saturating_add(1);
    match case.state {
        State::Gathering if case.files == 0 => close(case, End::Expired, does),
        State::Gathering if case.left == 0 => settled(case, does),
        State::Gathering => {
            case.turns = 0;
            if case.burst > 1 && !case.is_received {
                case.is_received = true;
                say(case, Say::Received(case.burst), does);
            }
            let tells_at = tells_at(case, policy);
            wait_until(case, State::Working, tells_at.min(now.saturating_add(policy.work)).max(now), does);
        }
        State::Working if case.kind == Kind::Documents => working_files(case, turn, now, does),
        // A person has given it back, and nothing more was said.
        State::Working if case.kind == Kind::Support => close(case, End::Done, does),
        State::Working => hand_over(case, Who::Team, does),
        // When the next reminder is due, what is owed says; until then nothing more than a day passes unseen.
        State::Waiting if case.kind == Kind::Collection => {
            say(case, Say::Reminder(turn + 1), does);
            wait_until(case, State::Waiting, policy.awake(now.saturating_add(time::Duration::DAY)), does);
        }
        State::Waiting if (turn as usize) < policy.reminders.len() => {
            say(case, Say::Reminder(turn + 1), does);
            let next = policy.reminder(turn + 1, case.began_at, now);
            wait_until(case, State::Waiting, next, does);
        }
        State::Waiting => match policy.at_end {
            AtEnd::Human => hand_over(case, Who::Team, does),
            AtEnd::Expired => close(case, End::Expired, does),
        },
        State::Human | State::Closed(_) => {}
    }
}
