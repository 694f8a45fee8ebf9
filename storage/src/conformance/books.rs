//! Promises to accounting: what is in the books is exported once, with its sums, and a closed month stays as it was.

use acuse_conversation::{Clock, Summer};
use acuse_pipeline::{
    document::Kind,
    fields::FieldName,
    reading::Fingerprint,
    reason::{Reason, ReasonCode},
};
use sha2::Digest;
use time::{Date, Duration, Month as OfYear, OffsetDateTime, macros::date};
use uuid::Uuid;

use super::{
    door::{Sample, received},
    house::rules,
    road::{facts, field, read_as},
};
use crate::{
    Access, Catalog, DocumentFilter, DocumentId, Stage,
    export::{Books, ExportCursor, Missing, Span, Sums},
    names::now,
    periods::{Closing, Entry, Month, Period, PeriodPart},
    reviews::{Deciding, Decision, Reopened, Resolved},
    stages::{ReadFacts, Step},
};

/// What is read of a bill of `day`, with a total.
pub(super) fn bill(day: &str, r#type: &str, total: &str, currency: &str) -> ReadFacts {
    let seed = Uuid::now_v7();
    let plain = facts(&seed.simple().to_string());
    let mut fields = plain.fields.clone();
    for (name, value) in
        [(FieldName::Total, total), (FieldName::Type, r#type), (FieldName::Currency, currency)]
    {
        fields.insert(name, field(value));
    }
    if day.is_empty() {
        fields.remove(&FieldName::IssueDate)
    } else {
        fields.insert(FieldName::IssueDate, field(day))
    };
    ReadFacts { fields, fingerprint: Some(Fingerprint(seed.as_u128() as u64)), ..plain }
}

async fn to_link(catalog: &Catalog, facts: &ReadFacts) -> DocumentId {
    let id = received(catalog, &Sample::new()).await;
    read_as(catalog, id, id.to_string().as_bytes(), facts).await;
    id
}

pub(super) async fn filed(catalog: &Catalog, facts: &ReadFacts) -> DocumentId {
    let id = to_link(catalog, facts).await;
    assert_eq!(catalog.filed(id, Stage::Link, None, None).await.unwrap(), Step::Taken);
    id
}

pub(super) async fn waiting(catalog: &Catalog, facts: &ReadFacts) -> DocumentId {
    let id = to_link(catalog, facts).await;
    assert_eq!(catalog.into_review(id, Stage::Link, &[], None, None).await.unwrap(), Step::Taken);
    id
}

/// The documents of a span for somebody, in pages of two, and their sums.
pub(super) async fn exported(catalog: &Catalog, access: &Access, span: Span) -> (Vec<DocumentId>, Sums) {
    read_on(&mut catalog.books().await.unwrap(), access, span, None).await
}

/// What is after the cursor.
async fn read_on(
    books: &mut Books,
    access: &Access,
    span: Span,
    mut after: Option<ExportCursor>,
) -> (Vec<DocumentId>, Sums) {
    let (mut ids, mut sums) = (Vec::new(), Sums::default());
    loop {
        let (lines, next) = books.page(access, span, after.as_ref(), 2).await.unwrap();
        for exported in lines {
            sums.add(&exported.line);
            ids.push(exported.line.document_id);
        }
        match next {
            Some(next) => after = Some(next),
            None => return (ids, sums),
        }
    }
}

pub(super) fn total(sums: &Sums, currency: &str) -> String {
    sums.currencies.get(currency).map(|s| s.total.to_string()).unwrap_or_default()
}

pub(super) fn month(text: &str) -> Month {
    text.parse().unwrap()
}

async fn missing(catalog: &Catalog, access: &Access, span: Span) -> Missing {
    catalog.books().await.unwrap().missing(access, span).await.unwrap()
}

pub(super) fn hidden() -> Access {
    Access::new(false)
}

pub(super) async fn the_books_are_exported_once(catalog: &Catalog) {
    let span = month("2019-03").span();
    let all = Access::whole();
    let before = missing(catalog, &all, span).await;
    let first = filed(catalog, &bill("2019-03-01", "invoice", "100.10", "EUR")).await;
    let credit = filed(catalog, &bill("2019-03-31", "credit_note", "30.05", "EUR")).await;
    let signed = filed(catalog, &bill("2019-03-15", "credit_note", "-0.01", "EUR")).await;
    let peso = filed(catalog, &bill("2019-03-15", "invoice", "1000", "COP")).await;
    for outside in ["2019-02-28", "2019-04-01"] {
        filed(catalog, &bill(outside, "invoice", "7777.00", "EUR")).await;
    }
    let unsure = ReadFacts { confidence: 0.5, ..bill("2019-03-16", "invoice", "5.00", "EUR") };
    let unsure = filed(catalog, &unsure).await;
    // Neither a copy, nor what was refused, nor what waits is a line.
    let copy = to_link(catalog, &bill("2019-03-02", "invoice", "100.10", "EUR")).await;
    assert_eq!(catalog.duplicate_of(copy, Stage::Link, first, None, None).await.unwrap(), Step::Taken);
    let refused = waiting(catalog, &bill("2019-03-03", "invoice", "9.00", "EUR")).await;
    decide(catalog, refused, &Decision::Reject { note: "no".into() }, 0).await;
    let (ids, sums) = exported(catalog, &all, span).await;
    assert_eq!((ids.first(), ids.last(), ids.len()), (Some(&first), Some(&credit), 5), "{ids:?}");
    assert!(ids.contains(&signed) && ids.contains(&peso) && ids.contains(&unsure));
    assert_eq!((total(&sums, "EUR"), total(&sums, "COP"), sums.rows), ("75.04".into(), "1000".into(), 5));
    // Without the right, what is not vouched for is no line; that it is missing is said.
    let (ids, _) = exported(catalog, &hidden(), span).await;
    assert!(!ids.contains(&unsure) && ids.len() == 4, "{ids:?}");
    assert!(missing(catalog, &hidden(), span).await.withheld >= 1);
    assert_eq!(missing(catalog, &all, span).await, before, "nothing of it is missing for who sees all");
    // By the day it came.
    let today = now().date();
    let by = |from, to| Span::received(Some(from), Some(to), &Clock::default());
    let tomorrow = today.next_day().unwrap();
    let (ids, _) = exported(catalog, &all, by(today.previous_day().unwrap(), tomorrow)).await;
    assert!(ids.contains(&first) && ids.contains(&unsure));
    let (ids, _) = exported(catalog, &all, by(tomorrow, Date::MAX)).await;
    assert_eq!(ids, []);
    // By the days of whoever asks: where it is another day by then, it came on that.
    let came = catalog.document(first).await.unwrap().unwrap().received_at;
    let minutes = if came.hour() < 11 { -11 * 60 } else { 14 * 60 };
    let elsewhere = Clock::Offset { minutes, summer: Summer::None };
    let there = elsewhere.there(came).date();
    for (clock, is_of_that_day) in [(&elsewhere, true), (&Clock::default(), false)] {
        let (ids, _) = exported(catalog, &all, Span::received(Some(there), there.next_day(), clock)).await;
        assert_eq!(ids.contains(&first), is_of_that_day, "{came} by {}", clock.name());
    }
}

/// Rows, sums and what still waits are of one instant, however much is filed and corrected while they are read.
pub(super) async fn an_export_is_of_one_instant(catalog: &Catalog) {
    let (all, span) = (Access::whole(), month("2019-09").span());
    for day in ["2019-09-02", "2019-09-03", "2019-09-04"] {
        filed(catalog, &bill(day, "invoice", "10.00", "EUR")).await;
    }
    let last = filed(catalog, &bill("2019-09-30", "invoice", "10.00", "EUR")).await;
    let waits = waiting(catalog, &bill("2019-09-29", "invoice", "7.00", "EUR")).await;
    let (before, sums) = exported(catalog, &all, span).await;
    let missed = missing(catalog, &all, span).await;

    let mut books = catalog.books().await.unwrap();
    let (first, next) = books.page(&all, span, None, 2).await.unwrap();
    // What waited is filed, what was filed is opened again, and there is something new: each behind the cursor.
    decide(catalog, waits, &Decision::Approve { customer_id: None }, 0).await;
    filed(catalog, &bill("2019-09-28", "invoice", "1000.00", "EUR")).await;
    let until = now() + Duration::minutes(5);
    let opened = catalog.reopen(last, "user:ana", None, "a typo", until).await.unwrap();
    assert!(matches!(opened, Reopened::Waits(_)));
    let (rest, rest_sums) = read_on(&mut books, &all, span, next).await;
    let read: Vec<_> = first.iter().map(|e| e.line.document_id).chain(rest).collect();
    assert_eq!(read, before);
    assert_eq!(rest_sums.rows + first.len() as u64, sums.rows);
    assert_eq!(books.missing(&all, span).await.unwrap(), missed);
    drop(books);
    assert_ne!(exported(catalog, &all, span).await.0, before, "and the next one is of its own instant");
}

/// What was taken for an ID with this probability, and carries a date of May 2019.
fn taken_for_an_id(id_probability: f64, findings: Vec<Reason>) -> ReadFacts {
    let kind = Some(Kind::Id);
    ReadFacts { kind, id_probability: Some(id_probability), findings, ..bill("2019-05-09", "", "", "") }
}

/// What was taken for an ID, and nothing vouches for that, may be a bill: it counts against every month that it could be of,
/// whatever date stands on it, until somebody who sees IDs says that it is one.
pub(super) async fn what_may_be_no_id_counts_against_a_month(catalog: &Catalog) {
    let (all, span) = (Access::whole(), month("2019-11").span());
    let listed = DocumentFilter {
        date_from: span.from,
        date_to: span.to,
        access: all.clone(),
        ..DocumentFilter::default()
    };
    let received = Span::received(Some(now().date()), None, &Clock::default());
    let counts = async || {
        let in_list = catalog.books().await.unwrap().missing_of(&listed).await.unwrap();
        let narrow = missing(catalog, &hidden(), span).await;
        let came = missing(catalog, &all, received).await;
        let of = [missing(catalog, &all, span).await, in_list, narrow, came];
        of.map(|missing| (missing.waiting, missing.undated))
    };
    let before = counts().await;
    waiting(catalog, &taken_for_an_id(0.95, Vec::new())).await;
    assert_eq!(counts().await, before, "a card counts against none");
    let several = vec![Reason::new(ReasonCode::MultipleDocuments, "a card and something else")];
    let before = counts().await;
    let misread = waiting(catalog, &taken_for_an_id(0.5, Vec::new())).await;
    waiting(catalog, &taken_for_an_id(1.0, several)).await;
    let more = |counts: [(u64, u64); 4]| {
        let each = counts.into_iter().zip(before);
        each.map(|(now, then)| (now.0 - then.0, now.1 - then.1)).collect::<Vec<_>>()
    };
    assert_eq!(more(counts().await), [(2, 2), (2, 2), (2, 2), (2, 0)]);
    let by = Deciding { who: "user:ana", sees_ids: true, ..Deciding::default() };
    let fields = catalog.document(misread).await.unwrap().unwrap().fields;
    let is_one = Decision::Correct { kind: Some(Kind::Id), fields, customer_id: None };
    assert!(matches!(catalog.amend(misread, &by, &is_one).await.unwrap(), Resolved::Done(_)));
    assert_eq!(more(counts().await), [(1, 1), (1, 1), (1, 1), (1, 0)], "somebody said that it is one");
}

pub(super) async fn what_of_a_month_waits_is_counted(catalog: &Catalog) {
    let (all, span) = (Access::whole(), month("2019-05").span());
    let future = Span::dated(Some((now() + Duration::days(40)).date()), None);
    let (before, none) = (missing(catalog, &all, span).await, missing(catalog, &all, future).await);
    assert_eq!(none.waiting, 0, "what came today is not of a month that has not begun");
    let dated = waiting(catalog, &bill("2019-05-09", "invoice", "1.00", "EUR")).await;
    waiting(catalog, &bill("2019-06-09", "invoice", "1.00", "EUR")).await;
    let undated = waiting(catalog, &bill("", "invoice", "1.00", "EUR")).await;
    received(catalog, &Sample::new()).await;
    waiting(catalog, &taken_for_an_id(0.97, Vec::new())).await;
    let since = missing(catalog, &all, span).await;
    assert_eq!(
        (since.waiting - before.waiting, since.undated - before.undated),
        (3, 2),
        "the one of May, the one without a date, the one nobody has read"
    );
    assert_eq!(missing(catalog, &all, future).await.waiting, 0);
    // What may not be told is of any month: the count would tell its date.
    let unsure = ReadFacts { confidence: 0.5, ..bill("2017-01-01", "invoice", "5.00", "EUR") };
    let narrow = missing(catalog, &hidden(), span).await;
    waiting(catalog, &unsure).await;
    assert_eq!(missing(catalog, &hidden(), span).await.waiting - narrow.waiting, 1);
    assert_eq!(missing(catalog, &all, span).await.waiting, since.waiting, "who may know does");
    // A decision that can be taken back is not in the books yet.
    decide(catalog, dated, &Decision::Approve { customer_id: None }, 60).await;
    assert_eq!(exported(catalog, &all, span).await.0, []);
    let held = missing(catalog, &all, span).await;
    assert_eq!((held.waiting, held.held - before.held), (since.waiting, 1));
    catalog.undo_decision(dated, "user:ana", std::time::Duration::from_secs(60)).await.unwrap();
    decide(catalog, dated, &Decision::Approve { customer_id: None }, 0).await;
    assert_eq!(exported(catalog, &all, span).await.0, [dated]);
    // Filed without a date: of no month, and said.
    let filed_before = missing(catalog, &all, span).await.filed_undated;
    decide(catalog, undated, &Decision::Approve { customer_id: None }, 0).await;
    assert_eq!(missing(catalog, &all, span).await.filed_undated - filed_before, 1);
}

pub(super) async fn decide(catalog: &Catalog, id: DocumentId, decision: &Decision, secs: i64) {
    let review = catalog.open_review_of(id).await.unwrap().expect("it waits");
    let held_until = (secs > 0).then(|| now() + Duration::seconds(secs));
    let by = Deciding { who: "user:ana", held_until, sees_ids: true, ..Deciding::default() };
    assert!(matches!(
        catalog.decide_review(review.id, &by, decision, None).await.unwrap(),
        Resolved::Done(_)
    ));
}

pub(super) async fn part(
    catalog: &Catalog,
    access: &Access,
    period: &Period,
    part: PeriodPart,
) -> Vec<(Entry, DocumentId, String)> {
    let (mut found, mut after, mut books) = (Vec::new(), None, catalog.books().await.unwrap());
    loop {
        let (lines, next) = books.period_page(access, period, part, after.as_ref(), 1).await.unwrap();
        found.extend(lines.into_iter().map(|l| (l.entry, l.line.document_id, l.line.total)));
        match next {
            Some(next) => after = Some(next),
            None => return found,
        }
    }
}

/// The hash that anybody makes of the frozen lines.
async fn hash_of(catalog: &Catalog, period: &Period) -> [u8; 32] {
    let all = Access::whole();
    let mut books = catalog.books().await.unwrap();
    let (lines, next) = books.period_page(&all, period, PeriodPart::Rows, None, 1000).await.unwrap();
    assert_eq!(next, None);
    let mut hash = sha2::Sha256::new();
    for line in lines {
        hash.update(format!("{}\n", line.text.unwrap()));
    }
    hash.finalize().into()
}

pub(super) async fn a_closed_month_is_never_rewritten(catalog: &Catalog) {
    let (all, july) = (Access::whole(), month("2019-07"));
    let kept = filed(catalog, &bill("2019-07-01", "invoice", "10.00", "EUR")).await;
    let wrong = filed(catalog, &bill("2019-07-02", "invoice", "20.00", "EUR")).await;
    let slow = waiting(catalog, &bill("2019-07-03", "invoice", "40.00", "EUR")).await;
    let early = OffsetDateTime::new_utc(
        Date::from_calendar_date(2019, OfYear::July, 31).unwrap(),
        time::Time::MIDNIGHT,
    );
    assert_eq!(catalog.close_period(july, "user:eva", true, early).await.unwrap(), Closing::NotOver);
    rules(catalog, "clock\tAmerica/Bogota\n").await;
    let there = OffsetDateTime::new_utc(date!(2019 - 08 - 01), time::macros::time!(4:59));
    let still = catalog.close_period(july, "user:eva", true, there).await.unwrap();
    assert_eq!(still, Closing::NotOver, "where the house is it is July");
    let Closing::Incomplete(totals) = catalog.close_period(july, "user:eva", false, now()).await.unwrap()
    else {
        panic!("something waits")
    };
    assert!(totals.missing.waiting >= 1 && !totals.complete && totals.sums.rows == 2);
    assert_eq!(catalog.period(july).await.unwrap(), None, "and nothing is left of the try");
    let Closing::Closed(period) = catalog.close_period(july, "user:eva", true, now()).await.unwrap() else {
        panic!("it is closed")
    };
    rules(catalog, "").await;
    assert_eq!(period.zone.as_deref(), Some("America/Bogota"));
    assert_eq!(catalog.period(july).await.unwrap().unwrap().zone, period.zone);
    assert_eq!((period.totals.sums.rows, total(&period.totals.sums, "EUR")), (2, "30.00".into()));
    assert_eq!(hash_of(catalog, &period).await, period.sha256.0);
    assert_eq!(catalog.period(july).await.unwrap().as_ref(), Some(&period));
    assert!(catalog.periods().await.unwrap().contains(&period));
    let again = catalog.close_period(july, "user:leo", true, now()).await.unwrap();
    assert_eq!(again, Closing::Already(period.clone()), "once");

    // What comes later is late.
    decide(catalog, slow, &Decision::Approve { customer_id: None }, 0).await;
    assert_eq!(part(catalog, &all, &period, PeriodPart::Late).await, [(Entry::Late, slow, "40.00".into())]);
    // A correction that is held is not so yet; when it is, what was is taken back and said anew.
    let by = Deciding {
        who: "user:ana",
        held_until: Some(now() + Duration::seconds(60)),
        sees_ids: true,
        ..Deciding::default()
    };
    let mut fields = catalog.document(wrong).await.unwrap().unwrap().fields;
    fields.insert(FieldName::Total, field("21.00"));
    let correct = Decision::Correct { kind: None, fields: fields.clone(), customer_id: None };
    let reopened =
        catalog.reopen(wrong, "user:ana", None, "a typo", now() + Duration::minutes(5)).await.unwrap();
    assert!(matches!(reopened, Reopened::Waits(_)));
    let mut adjusted = vec![(Entry::Reversal, wrong, "-20.00".to_owned())];
    assert_eq!(part(catalog, &all, &period, PeriodPart::Adjustments).await, adjusted);
    let review = catalog.open_review_of(wrong).await.unwrap().unwrap();
    assert!(matches!(
        catalog.decide_review(review.id, &by, &correct, None).await.unwrap(),
        Resolved::Done(_)
    ));
    assert_eq!(part(catalog, &all, &period, PeriodPart::Adjustments).await, adjusted);
    catalog.undo_decision(wrong, "user:ana", std::time::Duration::from_secs(60)).await.unwrap();
    decide(catalog, wrong, &correct, 0).await;
    adjusted.push((Entry::Restated, wrong, "21.00".to_owned()));
    assert_eq!(part(catalog, &all, &period, PeriodPart::Adjustments).await, adjusted);
    // To correct nothing that accounting books adjusts nothing.
    let reopened =
        catalog.reopen(kept, "user:ana", None, "looks", now() + Duration::minutes(5)).await.unwrap();
    assert!(matches!(reopened, Reopened::Waits(_)));
    decide(catalog, kept, &Decision::Approve { customer_id: None }, 0).await;
    let (one, two, three) = tokio::join!(catalog.books(), catalog.books(), catalog.books());
    let after = catalog.period_afterwards(&period).await.expect("to look at a month is no export");
    drop((one.unwrap(), two.unwrap(), three.unwrap()));
    assert_eq!(
        (total(&after.late, "EUR"), total(&after.adjustments, "EUR")),
        ("40.00".into(), "1.00".into())
    );
    assert_eq!(catalog.period(july).await.unwrap().as_ref(), Some(&period), "the month is as it was");
    assert_eq!(hash_of(catalog, &period).await, period.sha256.0);
    // And the sum of all is what the books say now.
    let (_, sums) = exported(catalog, &all, july.span()).await;
    assert_eq!(total(&sums, "EUR"), "71.00");
}
