//! Promises of the ledger's numbers: each is as long as the list that it leads to, page by page, whoever asks.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{
    access::{BoundKey, bound_key},
    desk::waiting,
};
use crate::{
    Access, Catalog, DocumentId,
    names::{ReviewId, micros, now},
    reviews::{Order, Resolution, ReviewFilter, Table},
    sql::Tx,
    tallies::DAY,
    throughput::{
        Throughput, Timed,
        behind::{Counted, Number},
    },
};

const SECOND: i64 = 1_000_000;

/// What came at a moment, was read in so many seconds, more than once where there are several, and waited for a person until it
/// was decided then.
struct Put {
    id: Uuid,
    at: i64,
    reads: &'static [i64],
    customer: Uuid,
    sensitivity: &'static str,
    decided: i64,
    resolution: &'static str,
    reasons: &'static [&'static str],
}

impl Put {
    async fn keep(&self, tx: &mut Tx) {
        execute!(
            tx,
            "INSERT INTO documents (id, source, sent_at, received_at, status, stage, updated_at, customer_id, sensitivity) \
             VALUES ($1, 'api', $2, $2, 'rejected', 'done', $2, $3, $4)",
            self.id,
            self.at,
            self.customer,
            self.sensitivity
        )
        .unwrap();
        let mut at = self.at;
        let reads = self.reads.iter().map(|secs| ("read", *secs));
        for (event, secs) in
            [("received", 0), ("fetched", 1)].into_iter().chain(reads).chain([("in_review", 1)])
        {
            at += secs * SECOND;
            let text = "INSERT INTO timeline (document_id, at, event) VALUES ($1, $2, $3)";
            execute!(tx, text, self.id, at, event).unwrap();
        }
        let review = Uuid::now_v7();
        execute!(
            tx,
            "INSERT INTO reviews (id, document_id, stage, reasons, opened_at, due_at, resolved_at, resolved_by, \
             resolution) VALUES ($1, $2, 'link', '[]', $3, $3, $4, 'user:ana', $5)",
            review,
            self.id,
            self.decided - 60 * SECOND,
            self.decided,
            self.resolution
        )
        .unwrap();
        for code in self.reasons {
            let text = "INSERT INTO review_reasons (review_id, code) VALUES ($1, $2)";
            execute!(tx, text, review, *code).unwrap();
        }
    }

    async fn forget(&self, tx: &mut Tx) {
        for text in [
            "DELETE FROM timeline WHERE document_id = $1",
            "DELETE FROM review_reasons WHERE review_id IN (SELECT id FROM reviews WHERE document_id = $1)",
            "DELETE FROM reviews WHERE document_id = $1",
            "DELETE FROM documents WHERE id = $1",
        ] {
            execute!(tx, text, self.id).unwrap();
        }
    }
}

/// Of a day: at its first moment, one that is withheld and of somebody else, at its last; and just before and after it.
fn of_a_day(at: i64, mine: Uuid, other: Uuid) -> [Put; 5] {
    let put = |when: i64, resolution, customer| Put {
        id: Uuid::now_v7(),
        at: at + when,
        reads: &[2],
        customer,
        sensitivity: "open",
        decided: at + when,
        resolution,
        reasons: &["expired"],
    };
    let withheld = Put {
        reads: &[3, 4],
        sensitivity: "unknown",
        decided: at + 7 * SECOND,
        reasons: &["expired", "unknown_customer"],
        ..put(5 * SECOND, "rejected", other)
    };
    [
        put(-1, "rejected", mine),
        put(0, "rejected", mine),
        withheld,
        Put { reads: &[9], ..put(DAY - 1, "approved", mine) },
        put(DAY, "rejected", mine),
    ]
}

type Span = (OffsetDateTime, OffsetDateTime);

/// Every page of what a number counts.
async fn listed(catalog: &Catalog, access: &Access, span: Span, number: &Number) -> Vec<Counted> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = catalog.counted(access, span, number, after, 2).await.unwrap();
        all.extend(page.data);
        match page.next {
            Some(next) => after = Some(next.to_string().parse().expect("a cursor comes back")),
            None => return all,
        }
    }
}

fn length<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap()
}

/// The times of stages: of all, and of those within what half and nine of ten took.
async fn times_are_as_long(catalog: &Catalog, access: &Access, span: Span, seen: &Throughput) {
    for time in &seen.stages {
        let took = |within_secs| Number::Took { stage: time.stage, within_secs };
        let all = listed(catalog, access, span, &took(None)).await;
        assert_eq!(length(&all), time.count, "{time:?}");
        assert!(all.windows(2).all(|pair| pair[0].took >= pair[1].took), "the longest first: {time:?}");
        assert!(all.iter().all(|one| one.ended.is_some() == (time.stage == Timed::Review)));
        for (tenths, secs) in [(5, time.median_secs), (9, time.p90_secs)] {
            let within = listed(catalog, access, span, &took(Some(secs))).await;
            assert!(length(&within) * 10 >= time.count * tenths, "{time:?}: {} of {secs}", within.len());
            assert_eq!(
                u64::try_from(within[0].took.whole_seconds()),
                Ok(secs),
                "by itself the first: {time:?}"
            );
        }
    }
}

/// The ends of reviews: of each reason, by how they ended and all together.
async fn ends_are_as_long(catalog: &Catalog, access: &Access, span: Span, seen: &Throughput) {
    for end in &seen.ended {
        let ended = |resolution| Number::Ended { code: end.code, resolution };
        let some = listed(catalog, access, span, &ended(Some(end.resolution.clone()))).await;
        assert_eq!(length(&some), end.count, "{end:?}");
        for one in &some {
            let so = one.ended.expect("it ended");
            assert_eq!(so.resolution.map(Resolution::as_str), Some(end.resolution.as_str()));
            assert!(span.0 <= so.at && so.at < span.1, "{so:?}");
        }
        let of_code = seen.ended.iter().filter(|other| other.code == end.code).map(|other| other.count);
        let all = listed(catalog, access, span, &ended(None)).await;
        assert_eq!(length(&all), of_code.sum::<u64>(), "{end:?}");
        assert!(all.windows(2).all(|pair| pair[0].ended.map(|e| e.at) >= pair[1].ended.map(|e| e.at)));
    }
}

pub(super) async fn each_number_of_the_ledger_is_as_long_as_its_list(catalog: &Catalog) {
    let BoundKey { access: bound, mine, other, .. } = bound_key(catalog).await;
    let at = micros(now()) / DAY * DAY - 600 * DAY;
    let time = |t: i64| OffsetDateTime::UNIX_EPOCH + Duration::microseconds(t);
    let span = (time(at), time(at + DAY));
    let all = of_a_day(at, mine.0, other.0);
    let mut tx = catalog.writing().await.unwrap();
    for put in &all {
        put.keep(&mut tx).await;
    }
    tx.commit().await.unwrap();
    // Of three one is withheld, which is counted and listed all the same, and one is beyond reach, which is neither.
    for (access, times, ends) in [
        (&Access::whole(), [3_u64, 4, 3, 3], [1_u64, 2, 1]),
        (&Access::new(false), [3_u64, 4, 3, 3], [1_u64, 2, 1]),
        (&bound, [2, 2, 2, 2], [1, 1, 0]),
    ] {
        let seen = catalog.throughput(access, span.0, span.1).await.unwrap();
        let counts: Vec<u64> = seen.stages.iter().map(|time| time.count).collect();
        assert_eq!(counts, times, "{seen:?}");
        let counts: Vec<u64> = seen.ended.iter().map(|end| end.count).collect();
        let ends: Vec<u64> = ends.into_iter().filter(|count| *count > 0).collect();
        assert_eq!(counts, ends, "{seen:?}");
        times_are_as_long(catalog, access, span, &seen).await;
        ends_are_as_long(catalog, access, span, &seen).await;
    }
    let read = Number::Took { stage: Timed::Read, within_secs: None };
    let theirs = listed(catalog, &bound, span, &read).await;
    assert!(theirs.iter().all(|one| one.document.customer_id == Some(mine)), "{theirs:?}");
    let mut tx = catalog.writing().await.unwrap();
    for put in &all {
        put.forget(&mut tx).await;
    }
    tx.commit().await.unwrap();
    assert_eq!(listed(catalog, &Access::whole(), span, &read).await, []);
}

/// What of the queue has waited since a time, and since before another.
async fn waits(catalog: &Catalog, filter: ReviewFilter) -> Vec<DocumentId> {
    let table = Table { filter, order: Order::Since, ..Table::default() };
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = catalog.review_table(&table, after, 97).await.unwrap();
        all.extend(page.data.iter().map(|(_, document)| document.id));
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

async fn opens(catalog: &Catalog, id: ReviewId, at: OffsetDateTime) {
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE reviews SET opened_at = $2 WHERE id = $1", id.0, micros(at)).unwrap();
    tx.commit().await.unwrap();
}

pub(super) async fn each_age_of_what_waits_is_as_long_as_its_part_of_the_queue(catalog: &Catalog) {
    let BoundKey { access: bound, theirs, .. } = bound_key(catalog).await;
    let (stranger, older) = waiting(catalog).await;
    let younger = catalog.open_review_of(theirs).await.unwrap().expect("it waits");
    let hour_ago = now() - Duration::HOUR;
    opens(catalog, younger.id, hour_ago + Duration::minutes(5)).await;
    opens(catalog, older.id, hour_ago - Duration::minutes(5)).await;
    for (access, reaches_all) in [(&Access::whole(), true), (&Access::new(false), true), (&bound, false)] {
        let seen = catalog.throughput(access, hour_ago, now()).await.unwrap();
        let mut of_ages = Vec::new();
        for (place, count) in seen.waiting.iter().enumerate() {
            let (from, to) = seen.since(place);
            let filter = ReviewFilter { from, to, access: access.clone(), ..ReviewFilter::default() };
            let some = waits(catalog, filter.clone()).await;
            assert_eq!(length(&some), *count, "{place} of {:?}", seen.waiting);
            // By another order, and of what waits for one reason, they are the same.
            let by_due = catalog.reviews(&filter, None, 500).await.unwrap().data;
            assert!(by_due.len() == 500 || by_due.len() == some.len());
            for review in [&younger, &older] {
                let reason = review.reasons.first().map(|reason| reason.code);
                let of_reason = waits(catalog, ReviewFilter { reason, ..filter.clone() }).await;
                let id = &review.document_id;
                assert_eq!(of_reason.contains(id), some.contains(id));
            }
            of_ages.push(some);
        }
        assert!(of_ages[0].contains(&theirs) && !of_ages[1].contains(&theirs), "not yet an hour");
        assert!(!of_ages[0].contains(&stranger), "over an hour");
        assert_eq!(of_ages[1].contains(&stranger), reaches_all, "of whom it is within reach");
    }
    opens(catalog, younger.id, younger.opened_at).await;
    opens(catalog, older.id, older.opened_at).await;
}
