//! Promises of the audit trail's chain. What tampers here works on the database itself, behind the catalog's back.

use serde_json::json;

use crate::{
    Catalog, DocumentId,
    audit::Verified,
    names::{micros, now},
};

async fn seal(catalog: &Catalog) {
    while catalog.seal_audit(now()).await.unwrap() > 0 {}
}

async fn behind(catalog: &Catalog, sql: &str, seq: i64) {
    let mut tx = catalog.writing().await.unwrap();
    let touched = execute!(tx, sqlx::AssertSqlSafe(sql.to_owned()), seq).unwrap();
    assert_eq!(touched, 1, "{sql}");
    tx.commit().await.unwrap();
}

async fn whole(catalog: &Catalog, when: &str) {
    let found = catalog.verify_audit().await.unwrap();
    assert!(matches!(found, Verified::Whole(_)), "{when}: {found:?}");
}

async fn broken_at(catalog: &Catalog, seq: Option<i64>, when: &str) {
    let Verified::Broken { seq: found, .. } = catalog.verify_audit().await.unwrap() else {
        panic!("{when}: not found")
    };
    assert_eq!(found, seq, "{when}: the first row that does not fit");
}

/// The numbers of this document's lines.
async fn lines(catalog: &Catalog, id: DocumentId) -> Vec<i64> {
    let mut tx = catalog.reading().await.unwrap();
    let rows = all!(tx, (i64,), "SELECT seq FROM audit WHERE document_id = $1 ORDER BY position", id.0);
    rows.unwrap().into_iter().map(|(seq,)| seq).collect()
}

pub(super) async fn what_tampers_with_the_trail_is_found(catalog: &Catalog) {
    let id = DocumentId::generate();
    seal(catalog).await;
    whole(catalog, "the first seal covers what was there").await;
    for n in 0..4 {
        catalog.audit("user:eva", "looked", Some(id), &json!({ "n": n, "who": "Pérez" })).await.unwrap();
    }
    let tail = catalog.audit_tail().await.unwrap();
    assert!(tail.unsealed == 4 && tail.oldest_unsealed.is_some(), "the tail is shown: {tail:?}");
    let (one, other) = tokio::join!(catalog.seal_audit(now()), catalog.seal_audit(now()));
    assert_eq!(one.unwrap() + other.unwrap(), 4, "one sealer");
    catalog.audit("user:eva", "looked", Some(id), &json!({})).await.unwrap();
    seal(catalog).await;
    whole(catalog, "sealed in two batches").await;
    let seq = lines(catalog, id).await;

    // Changed.
    behind(catalog, "UPDATE audit SET actor = 'user:leo' WHERE seq = $1", seq[1]).await;
    broken_at(catalog, Some(seq[1]), "an actor").await;
    behind(catalog, "UPDATE audit SET actor = 'user:eva' WHERE seq = $1", seq[1]).await;
    let detail = "UPDATE audit_details SET detail = '{\"n\":9}' WHERE id = (SELECT detail_id FROM audit WHERE seq = $1)";
    behind(catalog, detail, seq[2]).await;
    broken_at(catalog, Some(seq[2]), "a detail").await;
    let back = detail.replace("{\"n\":9}", &json!({ "n": 2, "who": "Pérez" }).to_string());
    behind(catalog, &back, seq[2]).await;
    whole(catalog, "put back").await;

    // Moved: the five rows are the last of the chain.
    let place = async |row: usize, to: &str| {
        behind(catalog, &format!("UPDATE audit SET position = {to} WHERE seq = $1"), seq[row]).await;
    };
    let (first, second) = ("(SELECT MAX(position) - 4 FROM audit)", "(SELECT MAX(position) - 3 FROM audit)");
    place(0, "-1").await;
    place(1, first).await;
    place(0, second).await;
    broken_at(catalog, Some(seq[1]), "two rows moved").await;
    place(0, "-1").await;
    place(1, second).await;
    place(0, first).await;
    whole(catalog, "moved back").await;
    deleted_and_slipped_in(catalog, &seq).await;

    // Erasing a detail is not tampering: the chain holds, and the detail is nowhere.
    assert_eq!(catalog.erase_audit_details(id).await.unwrap(), 5);
    whole(catalog, "erased details").await;
    let trail = catalog.audit_trail(Some(id), 10).await.unwrap();
    assert_eq!(trail.len(), 5);
    assert!(trail.iter().all(|line| line.detail.is_null() && line.actor == "user:eva"));
}

async fn deleted_and_slipped_in(catalog: &Catalog, seq: &[i64]) {
    // Slipped in at the end, as if it had been sealed; and in the past, to be sealed.
    let copy = "INSERT INTO audit (at, actor, action, detail_id, detail_sha256, position, link) \
         SELECT at, actor, 'forged', detail_id, detail_sha256, (SELECT MAX(position) + 1 FROM audit), link \
         FROM audit WHERE seq = $1";
    behind(catalog, copy, seq[0]).await;
    assert!(!is_whole(catalog).await, "a row behind the chain's end");
    behind(catalog, "DELETE FROM audit WHERE action = 'forged' AND $1 = $1", seq[0]).await;
    seal(catalog).await;
    whole(catalog, "without it").await;
    let old = micros(now()) - 3_600_000_000;
    let past = format!(
        "INSERT INTO audit (at, actor, action, detail_id, detail_sha256) \
         SELECT {old}, actor, 'forged', detail_id, detail_sha256 FROM audit WHERE seq = $1"
    );
    behind(catalog, &past, seq[0]).await;
    assert!(!is_whole(catalog).await, "a row of an hour ago that nobody sealed then");
    behind(catalog, "DELETE FROM audit WHERE action = 'forged' AND $1 = $1", seq[0]).await;

    // Deleted: in the middle, and put back.
    let stash = "UPDATE audit SET position = -position WHERE seq = $1";
    behind(catalog, stash, seq[3]).await;
    broken_at(catalog, Some(seq[4]), "the row after the one that is gone").await;
    behind(catalog, stash, seq[3]).await;
    // At the end.
    let last = last_sealed(catalog).await;
    behind(catalog, stash, last).await;
    broken_at(catalog, None, "the end is gone").await;
    behind(catalog, stash, last).await;
    whole(catalog, "put back").await;
}

async fn last_sealed(catalog: &Catalog) -> i64 {
    let mut tx = catalog.reading().await.unwrap();
    let sql = "SELECT seq FROM audit WHERE position IS NOT NULL ORDER BY position DESC LIMIT 1";
    one!(tx, (i64,), sql).unwrap().0
}

async fn is_whole(catalog: &Catalog) -> bool {
    matches!(catalog.verify_audit().await.unwrap(), Verified::Whole(_))
}
