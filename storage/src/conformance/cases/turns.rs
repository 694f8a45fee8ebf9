//! What a turn costs: on SQLite every statement of every webhook waits for one writer.

use time::Duration;

use super::{cases_of, contact_of, leading, sends};
use crate::{
    Catalog,
    conformance::{Sample, plans::listened},
    names::{micros, now},
};

/// Whoever takes a turn holds the contact, reads the case, and writes it: nothing is asked twice, and no row written twice.
/// What goes into the queue is heard of nowhere.
pub(in super::super) async fn a_turn_asks_nothing_twice(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let file = sends(catalog, &Sample::new(), 1).await[0];
    let (id, ..) = cases_of(catalog, contact_of(catalog, file).await).await.remove(0);
    let shown = listened(async {
        assert!(catalog.case_turn(id).await.unwrap().nod.is_some(), "they see that we have it");
    });
    let shown = shown.await;
    assert_eq!(shown.len(), 3, "{shown:#?}");
    let mut tx = catalog.writing().await.unwrap();
    let past = micros(now() - Duration::SECOND);
    execute!(tx, "UPDATE cases SET due_at = $2, task_at = $2 WHERE id = $1", id.0, past).unwrap();
    tx.commit().await.unwrap();
    let due = listened(async {
        assert!(catalog.case_turn(id).await.unwrap().stepped, "its burst rests");
    });
    let due = due.await;
    assert_eq!(due.len(), 3, "{due:#?}");
    let mut tx = catalog.reading().await.unwrap();
    let text = format!(
        "SELECT COUNT(*) FROM cases c JOIN {} j ON j.id = c.task_id WHERE c.id = $1 AND c.task_at = c.due_at",
        tx.jobs()
    );
    let (comes,) = one!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), id.0).unwrap();
    assert_eq!(comes, 1, "the row names the task that comes next");
}
