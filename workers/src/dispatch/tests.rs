//! Each gate, by itself and among the others.

use acuse_storage::{
    ContactId,
    dispatch::Usable,
    names::{AttachmentId, OutboxId},
    outbox::{MessageKind, OutboxState, Payload},
};
use time::macros::datetime;

use super::*;

const NOON: OffsetDateTime = datetime!(2026-09-01 12:00 UTC);
const HOUR: time::Duration = time::Duration::HOUR;

fn message() -> OutboxMessage {
    OutboxMessage {
        id: OutboxId::generate(),
        document_id: None,
        contact_id: ContactId::generate(),
        purpose: Purpose::Filed,
        phone_number_id: Some("1".into()),
        body: "ok".into(),
        language: "es".into(),
        state: OutboxState::Queued,
        wamid: None,
        attempts: 0,
        next_attempt_at: None,
        expires_at: Some(NOON + 23 * HOUR),
        error_code: None,
        kind: MessageKind::Text,
        category: None,
        template: None,
        payload: Payload::default(),
        attachment_id: None,
        upload_attempts: 0,
        error: None,
        created_at: NOON,
    }
}

fn facts() -> Facts {
    Facts {
        now: NOON,
        consent: None,
        is_stopped: false,
        is_unconfirmed: false,
        by_day_at: None,
        paused_until: None,
        token_ref: "default".into(),
        rate_per_s: 80,
        number_paid_at: None,
        pair_paid_at: None,
        last_inbound_at: Some(NOON - HOUR),
        template: "acuse_filed".into(),
        templates: Vec::new(),
        paused_templates: Vec::new(),
        advertising: None,
        reaches_at: None,
    }
}

fn usable(language: &str) -> Usable {
    Usable { language: language.to_owned(), advertises: false, takes: None }
}

fn goes(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Go { how: How::AsItIs, after: Duration::ZERO, .. })
}

#[test]
fn each_gate_has_its_reason_and_the_first_that_is_shut_speaks() {
    assert!(goes(&decide(&message(), &facts(), true)));
    let busy = NOON + IN_LINE + Duration::from_millis(5);
    let owed = time::Duration::seconds(45 * 6);
    let shut = [
        (Facts { last_inbound_at: None, ..facts() }, Verdict::Tell(Why::WindowClosed)),
        (
            Facts { number_paid_at: Some(busy + late(80)), last_inbound_at: None, ..facts() },
            Verdict::Later(busy, Why::NumberRate),
        ),
        (
            Facts { pair_paid_at: Some(NOON + owed), number_paid_at: Some(busy), ..facts() },
            Verdict::Later(NOON + time::Duration::seconds(6), Why::PairLimit),
        ),
        (
            Facts { paused_until: Some(NOON + HOUR), pair_paid_at: Some(NOON + owed), ..facts() },
            Verdict::Later(NOON + HOUR, Why::NumberPaused),
        ),
    ];
    for (facts, verdict) in shut {
        assert_eq!(decide(&message(), &facts, true), verdict);
    }
    assert_eq!(decide(&message(), &facts(), false), Verdict::Later(NOON, Why::NoToken));
    let late = OutboxMessage { expires_at: Some(NOON), ..message() };
    let paused = Facts { paused_until: Some(NOON + HOUR), ..facts() };
    assert_eq!(decide(&late, &paused, true), Verdict::Tell(Why::TooLate));
    let notice = OutboxMessage { category: Some("utility".into()), ..late };
    assert_eq!(decide(&notice, &paused, true), Verdict::Withdraw(Why::TooLate));
}

#[test]
fn what_we_begin_waits_for_the_day_and_is_withdrawn_at_night_too() {
    let notice = OutboxMessage { category: Some("utility".into()), ..message() };
    let of = |consent: &str| {
        let facts = Facts { consent: Some(consent.into()), by_day_at: Some(NOON + 9 * HOUR), ..facts() };
        decide(&notice, &facts, true)
    };
    assert_eq!(of("granted"), Verdict::Later(NOON + 9 * HOUR, Why::Night));
    assert_eq!(of("withdrawn"), Verdict::Withdraw(Why::OptedOut));
}

#[test]
fn what_a_person_wrote_and_what_waited_for_a_new_name_end_in_front_of_a_person() {
    let late = |purpose| OutboxMessage {
        category: Some("utility".into()),
        purpose,
        expires_at: Some(NOON),
        ..message()
    };
    let renamed = Facts { is_unconfirmed: true, consent: Some("granted".into()), ..facts() };
    let (told, gone) = (Verdict::Tell(Why::TooLate), Verdict::Withdraw(Why::TooLate));
    assert_eq!(decide(&late(Purpose::Reply), &facts(), true), told, "by hand, in a template");
    assert_eq!(decide(&late(Purpose::Reminder), &renamed, true), told, "it counts as said in its case");
    assert_eq!(decide(&late(Purpose::Reminder), &facts(), true), gone);
    assert_eq!(decide(&late(Purpose::Notice), &renamed, true), gone, "its sender hears that it expired");
}

/// What an idle number may borrow.
fn late(rate: u32) -> time::Duration {
    let Turn::Wait(wait) = Rate::paced(rate).ask(Some(NOON + HOUR), NOON) else { panic!("an hour ahead") };
    HOUR - time::Duration::try_from(wait).unwrap()
}

#[test]
fn a_clock_that_went_back_mutes_nobody() {
    let ahead = Some(NOON + HOUR);
    let jumped = Facts { number_paid_at: ahead, pair_paid_at: ahead, ..facts() };
    let Verdict::Go { paid, after, .. } = decide(&message(), &jumped, true) else { panic!("it goes") };
    assert_eq!(after, Duration::ZERO);
    assert!(paid.number < NOON + time::Duration::SECOND && paid.pair == NOON + time::Duration::seconds(6));
    let notice = OutboxMessage { category: Some("utility".into()), ..message() };
    assert!(goes(&decide(&notice, &Facts { consent: Some("granted".into()), ..jumped }, true)));
}

#[test]
fn consent_is_asked_of_what_is_no_answer() {
    let of = |category: &str, consent: Option<&str>| {
        let message = OutboxMessage { category: Some(category.into()), ..message() };
        decide(&message, &Facts { consent: consent.map(str::to_owned), ..facts() }, true)
    };
    assert!(goes(&of("utility", Some("granted"))) && goes(&of("marketing", Some("granted"))));
    for category in ["utility", "marketing", "billing"] {
        for consent in [None, Some("told")] {
            assert_eq!(of(category, consent), Verdict::Tell(Why::NoConsent), "{category} {consent:?}");
        }
    }
    let reminder =
        OutboxMessage { category: Some("utility".into()), purpose: Purpose::Reminder, ..message() };
    assert!(goes(&decide(&reminder, &facts(), true)), "of what they sent, while the window is open");
    let closed = Facts { last_inbound_at: Some(NOON - 24 * HOUR), ..facts() };
    assert_eq!(decide(&reminder, &closed, true), Verdict::Tell(Why::NoConsent));
    for category in ["utility", "marketing", "billing"] {
        assert_eq!(of(category, Some("withdrawn")), Verdict::Withdraw(Why::OptedOut));
    }
    let notice = OutboxMessage { category: Some("utility".into()), ..message() };
    let renamed = |consent: &str| {
        let facts = Facts { consent: Some(consent.into()), is_unconfirmed: true, ..facts() };
        decide(&notice, &facts, true)
    };
    let waits = Verdict::Later(NOON + 24 * HOUR, Why::Unconfirmed);
    assert_eq!(renamed("granted"), waits, "whoever holds that number now");
    assert_eq!(renamed("withdrawn"), Verdict::Withdraw(Why::OptedOut));
    let answer = decide(&message(), &Facts { consent: Some("withdrawn".into()), ..facts() }, true);
    assert!(goes(&answer), "an answer needs none");
}

#[test]
fn whoever_meta_refused_for_the_pairs_rate_is_left_alone_as_long_as_that_takes() {
    let spent = |wait| Facts { pair_paid_at: Some(Rate::PAIR.spent(NOON, wait)), ..facts() };
    let verdict = decide(&message(), &spent(RATE_WAIT_MOST), true);
    assert_eq!(verdict, Verdict::Later(NOON + RATE_WAIT_MOST, Why::PairLimit));
    assert!(goes(&decide(&message(), &spent(Duration::ZERO), true)), "and then it goes");
}

#[test]
fn a_probe_goes_when_it_is_due_and_says_so() {
    let due = Facts { paused_until: Some(NOON), ..facts() };
    let Verdict::Go { paid, .. } = decide(&message(), &due, true) else { panic!("it is due") };
    assert!(paid.probe);
    let shut = Facts { last_inbound_at: None, ..due };
    assert_eq!(decide(&message(), &shut, true), Verdict::Tell(Why::WindowClosed), "and none is wasted");
}

#[test]
fn answers_stand_in_line_and_others_take_what_is_left() {
    let busy = Facts { number_paid_at: Some(NOON + time::Duration::milliseconds(500)), ..facts() };
    let Verdict::Go { after, paid, .. } = decide(&message(), &busy, true) else { panic!("in line") };
    assert!(after > Duration::ZERO && after < Duration::from_millis(500), "{after:?}");
    assert!(paid.number > NOON + time::Duration::milliseconds(500));
    let notice = OutboxMessage { category: Some("utility".into()), ..message() };
    let left = Facts { number_paid_at: Some(NOON + time::Duration::milliseconds(20)), ..facts() };
    assert!(goes(&decide(&message(), &left, true)), "an answer borrows");
    let agreed = |facts| Facts { consent: Some("granted".into()), ..facts };
    let verdict = decide(&notice, &agreed(left), true);
    assert!(matches!(verdict, Verdict::Later(at, Why::NumberRate) if at > NOON), "{verdict:?}");
    assert!(goes(&decide(&notice, &agreed(facts()), true)));
}

#[test]
fn a_closed_window_asks_for_a_template_of_the_language_or_its_base() {
    let closed = |templates: &[&str]| {
        let templates = templates.iter().map(|t| usable(t)).collect();
        decide(&message(), &Facts { last_inbound_at: Some(NOON - 24 * HOUR), templates, ..facts() }, true)
    };
    let by = |verdict: Verdict| match verdict {
        Verdict::Go { how: How::Template(name, language), paid, .. } => {
            assert_eq!(paid.template, Some((name.clone(), language.clone())));
            Some((name, language))
        }
        _ => None,
    };
    assert_eq!(closed(&[]), Verdict::Tell(Why::WindowClosed));
    assert_eq!(closed(&["en", "pt_BR"]), Verdict::Tell(Why::WindowClosed), "never in another language");
    let paused = |tag: &str| {
        let paused_templates = vec![(tag.to_owned(), NOON + HOUR)];
        decide(&message(), &Facts { last_inbound_at: None, paused_templates, ..facts() }, true)
    };
    assert_eq!(paused("es_MX"), Verdict::Later(NOON + HOUR, Why::TemplatePaused));
    assert_eq!(paused("en"), Verdict::Tell(Why::WindowClosed));
    assert_eq!(by(closed(&["en", "es_MX"])), Some(("acuse_filed".into(), "es_MX".into())));
    assert_eq!(by(closed(&["es", "es_MX"])), Some(("acuse_filed".into(), "es".into())));
    // What names its template goes by that, window or not.
    let named = Payload { named: Some("order_sent".into()), ..Payload::default() };
    let notice = OutboxMessage { payload: named, ..message() };
    let approved = Facts { template: "order_sent".into(), templates: vec![usable("es")], ..facts() };
    assert_eq!(by(decide(&notice, &approved, true)), Some(("order_sent".into(), "es".into())));
    assert_eq!(decide(&notice, &facts(), true), Verdict::Tell(Why::WindowClosed));
    // What is nothing without its file goes in no template; what has words for that does.
    let shut = Facts { last_inbound_at: None, templates: vec![usable("es")], ..facts() };
    let file = OutboxMessage { attachment_id: Some(AttachmentId::generate()), ..message() };
    assert_eq!(decide(&file, &shut, true), Verdict::Tell(Why::WindowClosed));
    let words = Payload { without_file: Some("ok".into()), ..Payload::default() };
    assert!(by(decide(&OutboxMessage { payload: words, ..file }, &shut, true)).is_some());
    // Meta says closed, twice, though our clock says open.
    let refused = |attempts| {
        let message = OutboxMessage { error_code: Some(WINDOW_CLOSED), attempts, ..message() };
        decide(&message, &Facts { templates: vec![usable("es")], ..facts() }, true)
    };
    assert!(goes(&refused(1)), "one more try");
    assert!(by(refused(2)).is_some());
}

/// A notice whose template Meta has by now as `usable`, of somebody who agreed to news, outside their 24 hours.
fn news(usable: Usable, more: impl Fn(Facts) -> Facts) -> Verdict {
    let named = Payload { named: Some("order_sent".into()), ..Payload::default() };
    let category = Some("utility".to_owned());
    let notice = OutboxMessage { payload: named, category, purpose: Purpose::Notice, ..message() };
    let consent = Some("granted".to_owned());
    let template = "order_sent".to_owned();
    let closed = Facts { consent, template, templates: vec![usable], last_inbound_at: None, ..facts() };
    decide(&notice, &more(closed), true)
}

#[test]
fn what_advertises_by_now_needs_consent_to_that() {
    let advertises = || Usable { advertises: true, ..usable("es") };
    let said = |word: Option<&str>| {
        news(advertises(), |facts| Facts { advertising: word.map(str::to_owned), ..facts })
    };
    assert_eq!(said(None), Verdict::Tell(Why::NoConsent));
    assert_eq!(said(Some("withdrawn")), Verdict::Withdraw(Why::OptedOut));
    assert!(matches!(said(Some("granted")), Verdict::Go { .. }));
    assert!(matches!(news(usable("es"), |facts| facts), Verdict::Go { .. }), "it does not advertise");
    // An answer that only such a template could carry is a person's.
    let closed = Facts { last_inbound_at: None, templates: vec![advertises()], ..facts() };
    let stopped = Facts { advertising: Some("withdrawn".into()), ..closed };
    assert_eq!(decide(&message(), &stopped, true), Verdict::Tell(Why::NoConsent));
}

#[test]
fn after_a_stop_an_answer_goes_by_no_template_and_waits_for_them_to_write() {
    let templates = vec![usable("es")];
    let stopped = Facts { is_stopped: true, last_inbound_at: None, templates, ..facts() };
    let waits = Verdict::Later(NOON + 23 * HOUR, Why::OptedOut);
    assert_eq!(decide(&message(), &stopped, true), waits);
    let paused_templates = vec![("es".to_owned(), NOON + HOUR)];
    for templates in [vec![], vec![Usable { advertises: true, ..usable("es") }]] {
        let facts = Facts { templates, paused_templates: paused_templates.clone(), ..stopped.clone() };
        assert_eq!(decide(&message(), &facts, true), waits, "whatever there is");
    }
    let late = OutboxMessage { expires_at: Some(NOON), ..message() };
    assert_eq!(decide(&late, &stopped, true), Verdict::Tell(Why::OptedOut), "and ends in front of a person");
    let wrote = Facts { last_inbound_at: Some(NOON - HOUR), ..stopped };
    assert!(goes(&decide(&message(), &wrote, true)), "an answer inside of the 24 hours goes");
}

#[test]
fn what_no_longer_fits_its_template_is_told_and_not_tried() {
    let takes = Takes { body: vec!["1".into()], ..Takes::default() };
    let edited = Usable { takes: Some(takes), ..usable("es") };
    assert_eq!(news(edited, |facts| facts), Verdict::Tell(Why::Unfit(Unfit::Body(1))));
}

#[test]
fn a_choice_that_no_template_carries_is_told_and_no_empty_template_goes() {
    let asks = |payload: String| {
        let payload = Payload { choices: vec![(payload, "Sí".into())], ..Payload::default() };
        let closed = Facts { last_inbound_at: None, templates: vec![usable("es")], ..facts() };
        decide(&OutboxMessage { payload, ..message() }, &closed, true)
    };
    assert!(matches!(asks("x".repeat(128)), Verdict::Go { .. }));
    let unfit = Unfit::ButtonWrong(1, "at most 128 characters");
    assert_eq!(asks("x".repeat(129)), Verdict::Tell(Why::Unfit(unfit)));
}

#[test]
fn beyond_its_tier_a_number_waits_unless_they_wrote() {
    let full = Some(NOON + HOUR);
    let waits = news(usable("es"), |facts| Facts { reaches_at: full, ..facts });
    assert_eq!(waits, Verdict::Later(NOON + HOUR, Why::Tier));
    let wrote = |facts| Facts { reaches_at: full, last_inbound_at: Some(NOON - HOUR), ..facts };
    let Verdict::Go { paid, .. } = news(usable("es"), wrote) else { panic!("an open window is no first") };
    assert!(!paid.reaches);
    let Verdict::Go { paid, .. } = news(usable("es"), |facts| facts) else { panic!("there is room") };
    assert!(paid.reaches);
}
