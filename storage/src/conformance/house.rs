//! Promises of the house's rules: a team answers in its time or a supervisor hears of it, the hours are told, and every
//! number of the flow is as long as its list.

use acuse_conversation::EXAMPLE_RULES;
use acuse_pipeline::reason::ReasonCode;
use time::{Duration, OffsetDateTime};

use super::{
    answers::last_said,
    cases::{cases_of, contact_of, filed, leading, sends, time_passes, time_passes_for, writes},
    door::Sample,
    road::{begin, original, reply},
};
use crate::{
    Access, Catalog, ContactId,
    cases::{Act, Acted, CaseCursor, CaseFilter, Listed, OVERDUE, Span},
    house::RulesError,
    incidents::IncidentState,
    names::{Stage, micros, now},
    outbox::Purpose,
    stages::Step,
};

/// Always at work, so that a promise is as long as it says.
const HOURS: &str = "clock\t0\t-\nhours\tMo-Su 00:00-24:00\n";

pub(super) async fn rules(catalog: &Catalog, text: &str) {
    catalog.set_house_rules(text, "cli").await.unwrap();
}

async fn one(catalog: &Catalog, id: crate::CaseId) -> Listed {
    catalog.case(&Access::new(true), id).await.unwrap().unwrap()
}

async fn listed(catalog: &Catalog, filter: &CaseFilter) -> Vec<crate::CaseId> {
    catalog.cases(&Access::new(true), filter, 500).await.unwrap().into_iter().map(|case| case.id).collect()
}

/// Open incidents of an answer that was promised to this case.
async fn late(catalog: &Catalog, id: crate::CaseId) -> usize {
    let open = catalog.incidents(Some(IncidentState::Open), None, 500).await.unwrap();
    open.iter().filter(|i| i.kind == OVERDUE && i.subject == id.to_string()).count()
}

/// Their promise was to be kept a moment ago, and its task comes.
async fn time_to_answer_passes(catalog: &Catalog, id: crate::CaseId) -> bool {
    let mut tx = catalog.writing().await.unwrap();
    let past = micros(now() - Duration::SECOND);
    execute!(tx, "UPDATE cases SET answer_by = $2 WHERE id = $1 AND answer_by IS NOT NULL", id.0, past)
        .unwrap();
    tx.commit().await.unwrap();
    catalog.case_turn(id).await.unwrap().stepped
}

/// Somebody who has written to us, and of whose files nothing is worked on.
pub(super) async fn known(catalog: &Catalog) -> (Sample, ContactId, String) {
    let sample = Sample::new();
    let id = sends(catalog, &sample, 1).await[0];
    filed(catalog, id).await;
    let contact = contact_of(catalog, id).await;
    time_passes(catalog, contact).await;
    let number = catalog.document(id).await.unwrap().unwrap().phone_number_id.unwrap();
    (sample, contact, number)
}

pub(super) async fn who_waits_for_an_answer_is_answered_or_a_supervisor_hears(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let refused = catalog.set_house_rules("team\tventas\t0", "cli").await;
    assert!(matches!(refused, Err(RulesError::Bad(bad)) if bad.line == 1), "wrong rules are not taken");
    rules(catalog, EXAMPLE_RULES).await;
    let kept = catalog.house_rules().await.unwrap().unwrap();
    assert_eq!((kept.text.as_str(), kept.set_by.as_str()), (EXAMPLE_RULES, "cli"));
    rules(
        catalog,
        &format!("{HOURS}team\tventas\t60\nteam\tcobros\t120\nrule\tsupport\t-\t-\t-\t-\tventas\n"),
    )
    .await;
    let (sample, contact, _) = known(catalog).await;
    writes(catalog, &sample, "¿A qué hora abren?").await;
    let (purpose, text) = last_said(catalog, contact).await;
    assert!(
        purpose == "support" && text.starts_with("Este es nuestro horario:\nlunes a domingo: 0:00–24:00"),
        "{text}"
    );

    let began = now();
    writes(catalog, &sample, "Quiero hablar con una persona").await;
    let (id, ..) = cases_of(catalog, contact).await.into_iter().rfind(|c| c.1 == "support").unwrap();
    let case = one(catalog, id).await;
    assert_eq!((case.state.as_str(), case.team.as_deref(), case.due_at), ("human", Some("ventas"), None));
    let promised = case.answer_by.expect("an hour") - began;
    assert!((promised - Duration::HOUR).abs() < Duration::minutes(1), "{promised}");
    let team = CaseFilter { team: Some("ventas".into()), ..CaseFilter::default() };
    let due = CaseFilter { answer_before: Some(began + Duration::hours(2)), ..CaseFilter::default() };
    let soon = CaseFilter { answer_before: Some(began + Duration::minutes(30)), ..CaseFilter::default() };
    let escalated = CaseFilter { escalated: true, ..CaseFilter::default() };
    assert!(listed(catalog, &team).await.contains(&id) && listed(catalog, &due).await.contains(&id));
    assert!(!listed(catalog, &soon).await.contains(&id) && !listed(catalog, &escalated).await.contains(&id));
    assert!(!catalog.case_turn(id).await.unwrap().stepped, "its time has not come");

    // Its task was lost: the sweep finds it, it goes to the supervisors once, and an incident says so.
    let mut tx = catalog.writing().await.unwrap();
    let text = format!("DELETE FROM {} WHERE job_type = 'case'", tx.jobs());
    execute!(tx, sqlx::AssertSqlSafe(text.clone())).unwrap();
    let sql = "UPDATE cases SET answer_by = $2 WHERE id = $1";
    execute!(tx, sql, id.0, micros(now() - Duration::SECOND)).unwrap();
    tx.commit().await.unwrap();
    assert!(catalog.sweep_older_than(-Duration::seconds(1)).await.unwrap().cases >= 1);
    assert!(catalog.case_turn(id).await.unwrap().stepped);
    assert!(!catalog.case_turn(id).await.unwrap().stepped, "once");
    let task = async || {
        let mut tx = catalog.reading().await.unwrap();
        one!(tx, (Option<String>,), "SELECT task_id FROM cases WHERE id = $1", id.0).unwrap().0
    };
    let last = task().await;
    catalog.sweep_older_than(-Duration::seconds(1)).await.unwrap();
    assert_eq!(task().await, last, "nothing is to come of it");
    assert!(listed(catalog, &escalated).await.contains(&id));
    assert_eq!(late(catalog, id).await, 1);

    // Whoever answers ends it; who writes again waits again.
    let hello = Act::Reply { text: "Dígame.".into(), language: "es".into(), file: None };
    let version = one(catalog, id).await.version;
    let everything = Access::new(true);
    let acted = catalog.act_on_case(&everything, id, version, "user:eva", &hello).await.unwrap();
    assert!(matches!(acted, Acted::Done(_)), "{acted:?}");
    let answered = one(catalog, id).await;
    assert_eq!((answered.answer_by, answered.escalated_at), (None, None));
    assert_eq!(late(catalog, id).await, 0);
    writes(catalog, &sample, "¿Y el pedido?").await;
    let again = one(catalog, id).await;
    assert_eq!((again.state.as_str(), again.assignee.as_deref()), ("human", Some("user:eva")));
    assert!(again.answer_by.is_some(), "they wait again");
    assert!(time_to_answer_passes(catalog, id).await);
    assert_eq!(late(catalog, id).await, 1);
    let give = Act::Assign { to: None, team: Some("cobros".into()) };
    let version = one(catalog, id).await.version;
    catalog.act_on_case(&everything, id, version, "user:eva", &give).await.unwrap();
    let theirs = one(catalog, id).await;
    assert_eq!((theirs.team.as_deref(), theirs.escalated_at), (Some("cobros"), None));
    assert!(theirs.answer_by.unwrap() - now() > Duration::minutes(110), "another team, another promise");
    assert_eq!(late(catalog, id).await, 0);
    catalog.act_on_case(&everything, id, theirs.version, "user:eva", &Act::Close).await.unwrap();
    assert_eq!(one(catalog, id).await.answer_by, None, "nobody waits for what is over");
    rules(catalog, "").await;
}

pub(super) async fn each_number_of_the_flow_is_as_long_as_its_list(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (sample, contact, _) = known(catalog).await;
    // One that nobody answers, and one that a person has.
    let torn = sends(catalog, &sample, 1).await[0];
    begin(catalog, torn, Stage::Fetch).await;
    assert_eq!(
        catalog.fetched(torn, &original(torn, torn.to_string().as_bytes())).await.unwrap(),
        Step::Taken
    );
    begin(catalog, torn, Stage::Read).await;
    let why = [acuse_pipeline::reason::Reason::new(ReasonCode::Unreadable, "blurred")];
    let step =
        catalog.into_review(torn, Stage::Read, &why, None, Some(&reply(Purpose::SendAgain))).await.unwrap();
    assert_eq!(step, Step::Taken);
    for _ in 0..4 {
        time_passes_for(catalog, contact, "ask").await;
    }
    writes(catalog, &sample, "Quiero hablar con una persona").await;

    let everything = Access::new(true);
    let today = now().replace_time(time::Time::MIDNIGHT);
    let (from, to): (OffsetDateTime, OffsetDateTime) = (today - Duration::days(3), today + Duration::DAY);
    let flow = catalog.flow(&everything, Span { from, to, kind: None }).await.unwrap();
    assert!(!flow.counts.is_empty());
    for count in &flow.counts {
        let filter = CaseFilter {
            state: Some(count.state.clone()),
            kind: Some(count.kind.clone()),
            expects: Some(count.expects.clone()),
            from: Some(from),
            to: Some(to),
            left: Some(count.left.clone()),
            ..CaseFilter::default()
        };
        assert_eq!(listed(catalog, &filter).await.len() as u64, count.count, "{count:?}");
    }
    for day in &flow.days {
        let from = day.day.midnight().assume_utc();
        let filter = CaseFilter {
            state: Some(day.state.clone()),
            from: Some(from),
            to: Some(from + Duration::DAY),
            ..CaseFilter::default()
        };
        assert_eq!(listed(catalog, &filter).await.len() as u64, day.count, "{day:?}");
    }
    let all: u64 = flow.counts.iter().map(|c| c.count).sum();
    assert_eq!(all, flow.days.iter().map(|d| d.count).sum::<u64>());
    let gone = |c: &&crate::cases::FlowCount| c.kind == "ask" && c.state == "expired" && c.left == "waiting";
    let dropped: Vec<&str> = flow.counts.iter().filter(gone).map(|count| count.expects.as_str()).collect();
    assert!(dropped.contains(&"file"), "where they dropped off is known: {dropped:?}");
    let asks = catalog.flow(&everything, Span { from, to, kind: Some("ask") }).await.unwrap();
    assert!(asks.counts.iter().all(|c| c.kind == "ask") && !asks.counts.is_empty());
    let closed =
        flow.times.iter().find(|t| t.kind == "documents" && t.measure == crate::cases::Measure::Close);
    assert!(closed.is_some_and(|t| t.count > 0 && t.median_secs <= t.p90_secs), "{closed:?}");
    let nothing =
        catalog.flow(&everything, Span { from: to, to: to + Duration::DAY, kind: None }).await.unwrap();
    assert_eq!((nothing.counts.len(), nothing.days.len(), nothing.times.len()), (0, 0, 0));
}

pub(super) async fn what_is_due_first_stands_first(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (sample, contact, number) = known(catalog).await;
    writes(catalog, &sample, "Quiero hablar con una persona").await;
    let (held, ..) = cases_of(catalog, contact).await.into_iter().rfind(|c| c.1 == "support").unwrap();
    // Of theirs, in the order in which they began: no promise, due in three hours, two of one hour, none again.
    let soon = |hours| Some(micros(now() + Duration::hours(hours)));
    let hour = soon(1);
    let mut ids = Vec::new();
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE cases SET answer_by = NULL WHERE id = $1", held.0).unwrap();
    for (subject, by) in [("a", soon(3)), ("b", hour), ("c", hour), ("d", None)] {
        let id = crate::CaseId::generate();
        execute!(
            tx,
            "INSERT INTO cases (id, contact_id, phone_number_id, kind, subject, state, answer_by, memory, created_at, \
             updated_at) VALUES ($1, $2, $3, 'support', $4, 'human', $5, '{}', 1, 1)",
            id.0,
            contact.0,
            number.as_str(),
            subject,
            by
        )
        .unwrap();
        ids.push(id);
    }
    tx.commit().await.unwrap();
    let everything = Access::new(true);
    let mine = CaseFilter { contact: Some(contact), ..CaseFilter::default() };
    let inbox = [ids[1], ids[2], ids[0], held, ids[3]];
    assert_eq!(listed(catalog, &mine).await, inbox, "what is due, then the oldest");
    let any = CaseFilter { state: Some("any".into()), ..mine.clone() };
    let by_age = listed(catalog, &any).await;
    assert!(by_age.is_sorted() && by_age.len() > inbox.len(), "with what is over: by age");

    // Whatever becomes of the last of a page meanwhile, the next goes on behind where it stood, and has each once.
    let page =
        async |after| catalog.cases(&everything, &CaseFilter { after, ..mine.clone() }, 1).await.unwrap();
    let (mut seen, mut after) = (Vec::new(), None);
    while let Some(last) = page(after).await.pop() {
        seen.push(last.id);
        after = Some(CaseCursor::of(&last));
        if last.id == ids[1] {
            let acted =
                catalog.act_on_case(&everything, last.id, last.version, "user:eva", &Act::Close).await;
            assert!(matches!(acted.unwrap(), Acted::Done(_)));
        }
    }
    assert_eq!(seen, inbox);
    assert_eq!(listed(catalog, &mine).await, inbox[1..]);
    let nowhere = CaseFilter { state: Some("nowhere".into()), ..mine };
    assert!(listed(catalog, &nowhere).await.is_empty());
}
