//! Promises of who waits for a part that is away.

use time::{Duration, OffsetDateTime};

use super::{
    door::{Sample, received},
    plans::listened,
    road::begin,
};
use crate::{
    Catalog, DocumentId,
    documents::Document,
    names::{Stage, micros, now},
    parts::Part,
    stages::{Begun, Step},
};

/// When the task of a document runs, in whole seconds.
async fn runs_at(catalog: &Catalog, id: DocumentId) -> i64 {
    let mut tx = catalog.reading().await.unwrap();
    let text = tx.pick(
        "SELECT j.run_at FROM documents d JOIN Jobs j ON j.id = d.task_id WHERE d.id = $1",
        "SELECT CAST(EXTRACT(EPOCH FROM j.run_at) AS BIGINT) FROM documents d JOIN apalis.jobs j ON j.id = d.task_id \
         WHERE d.id = $1",
    );
    one!(tx, (i64,), text, id.0).unwrap().0
}

async fn is_gone_at(catalog: &Catalog, id: DocumentId, deadline: OffsetDateTime) {
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE documents SET media_deadline = $2 WHERE id = $1", id.0, micros(deadline)).unwrap();
    tx.commit().await.unwrap();
}

/// Nobody who waits for a part comes before it answers. Then all are woken by the tasks that they have, those first whose
/// media is gone first; who went on meanwhile is left alone.
pub(super) async fn who_waits_for_a_part_is_woken_when_it_is_back(catalog: &Catalog) {
    let (part, began) = (Part::Graph, now());
    let at_last = began + Duration::hours(3);
    let mut all = Vec::new();
    for hours in [20, 5, 10, 1] {
        let id = received(catalog, &Sample::new()).await;
        is_gone_at(catalog, id, began + Duration::hours(hours)).await;
        all.push((hours, id));
    }
    catalog.part_away(part, "503").await.unwrap();
    for (_, id) in &all {
        let id = *id;
        assert_eq!(begin(catalog, id, Stage::Fetch).await.attempts, 1);
        let step = catalog.wait_for_part(id, Stage::Fetch, (part, "it is away")).await.unwrap();
        assert_eq!(step, Step::Taken);
        assert_eq!(catalog.begin(id, Stage::Fetch).await.unwrap(), Begun::NotDue);
    }
    let from = began - Duration::SECOND;
    assert_eq!(catalog.wake_waiting(part, from).await.unwrap(), None, "it is away still");
    // One comes by itself, as it does just before its media is gone, and waits for something else by now.
    let (_, early) = all.pop().unwrap();
    let sql = "UPDATE documents SET next_attempt_at = 0 WHERE id = $1";
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, sql, early.0).unwrap();
    tx.commit().await.unwrap();
    begin(catalog, early, Stage::Fetch).await;
    assert_eq!(catalog.retry(early, Stage::Fetch, "503", at_last).await.unwrap(), Step::Taken);

    assert!(catalog.part_back(part).await.unwrap());
    let next = catalog.wake_waiting(part, from).await.unwrap().expect("some wait");
    assert!(next > from && next < began, "they are woken one after the other: {next}");
    assert_eq!(catalog.wake_waiting(part, next).await.unwrap(), None, "and each once");
    let mut times = Vec::new();
    all.sort_unstable();
    for (hours, id) in all {
        let document = catalog.document(id).await.unwrap().unwrap();
        times.push(document.next_attempt_at.unwrap());
        assert!(runs_at(catalog, id).await <= began.unix_timestamp() + 1, "{hours}: its task comes now");
        assert_eq!(begin(catalog, id, Stage::Fetch).await.attempts, 1, "{hours}: no attempt is burnt");
    }
    assert!(times.is_sorted(), "whose media is gone first goes first: {times:?}");
    assert_eq!(times.first(), Some(&from));
    assert_eq!(
        catalog.begin(early, Stage::Fetch).await.unwrap(),
        Begun::NotDue,
        "it waits for something else"
    );
}

async fn document(catalog: &Catalog, id: DocumentId) -> Document {
    catalog.document(id).await.unwrap().unwrap()
}

/// What comes in while Meta is away waits from the beginning; what came before is put off when its task comes, in one
/// transaction and without being begun. Both are woken.
pub(super) async fn what_cannot_be_fetched_is_not_begun(catalog: &Catalog) {
    let (part, began) = (Part::Graph, now());
    let before = received(catalog, &Sample::new()).await;
    catalog.part_away(part, "503").await.unwrap();
    let heard = listened(async {
        assert_eq!(catalog.await_part(before, Stage::Fetch, part).await.unwrap(), Step::Taken);
    })
    .await;
    // The task goes into the queue by no statement that is heard.
    assert_eq!(heard.len(), 2, "its place, and the row: {heard:#?}");
    let again = catalog.await_part(before, Stage::Fetch, part).await.unwrap();
    assert_eq!(again, Step::Stale, "it is not due, and nothing is put off twice");
    let after = received(catalog, &Sample::new()).await;
    for id in [before, after] {
        let waits = document(catalog, id).await;
        assert_eq!((waits.attempts, waits.last_error.as_deref()), (0, Some("a part of ours is away")));
        let at = waits.next_attempt_at.unwrap();
        assert!(at >= began + Duration::hours(2) && at <= now() + Duration::hours(4), "{at}");
        assert!(runs_at(catalog, id).await >= at.unix_timestamp(), "no task comes for it before");
        assert_eq!(catalog.begin(id, Stage::Fetch).await.unwrap(), Begun::NotDue);
    }
    assert!(catalog.part_back(part).await.unwrap());
    catalog.wake_waiting(part, began).await.unwrap().expect("both wait");
    for id in [before, after] {
        assert!(runs_at(catalog, id).await <= now().unix_timestamp() + 1, "its task comes now");
        assert_eq!(begin(catalog, id, Stage::Fetch).await.attempts, 1);
    }
}
