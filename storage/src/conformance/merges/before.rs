//! What was merged before one look was enough.

use uuid::Uuid;

use crate::{
    Catalog,
    conformance::{erasure::behind, upgrade::Landed},
};

/// The last version in which a contact was merged into one that was merged itself, and rows were written under the id of a
/// customer that was.
pub(in crate::conformance) const BEFORE_MERGES: i64 = 98;

/// Somebody who was merged twice and erased, and a customer who became part of another.
pub(in crate::conformance) struct Before {
    contacts: [Uuid; 3],
    erasure: Uuid,
    kept: Uuid,
    gone: Uuid,
    holder: Uuid,
}

pub(in crate::conformance) async fn were_merged_before(catalog: &Catalog, landed: &Landed) -> Before {
    let contacts = [Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()];
    let (erasure, gone, holder) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let mut tx = catalog.writing().await.unwrap();
    let [first, second, last] = contacts;
    for (id, into, name) in
        [(last, None, None), (second, Some(last), None), (first, Some(second), Some("Ana"))]
    {
        let sql =
            "INSERT INTO contacts (id, name, merged_into, created_at, updated_at) VALUES ($1, $2, $3, 1, 1)";
        execute!(tx, sql, id, name, into).unwrap();
    }
    execute!(
        tx,
        "INSERT INTO erasures (id, kind, subject, cause, erased_by, at, counts, finished_at) \
         VALUES ($1, 'contact', $2, 'request', 'user:eva', 1, $3, 2)",
        erasure,
        last,
        r#"{"keep":"amounts","whole_file":false,"rows_done":true,"went":{"names":1}}"#
    )
    .unwrap();
    let sql = "SELECT customer_id FROM documents WHERE id = $1";
    let (kept,) = one!(tx, (Uuid,), sql, landed.filed_id.0).unwrap();
    let sql = "INSERT INTO customers (id, name, name_key, merged_into, created_at, updated_at) \
               VALUES ($1, '', '', $2, 1, 1)";
    execute!(tx, sql, gone, kept).unwrap();
    execute!(
        tx,
        "INSERT INTO erasures (id, kind, subject, cause, erased_by, at, counts, finished_at) \
         VALUES ($1, 'customer', $2, 'request', 'user:eva', 1, $3, 2)",
        Uuid::now_v7(),
        gone,
        r#"{"keep":"amounts","whole_file":false,"rows_done":true,"went":{}}"#
    )
    .unwrap();
    let sql = "INSERT INTO bindings (holder_id, customer_id, created_at) VALUES ($1, $2, 1)";
    execute!(tx, sql, holder, gone).unwrap();
    let sql = "UPDATE documents SET customer_id = $2 WHERE id = $1";
    execute!(tx, sql, landed.filed_id.0, gone).unwrap();
    let sql = "UPDATE contacts SET customer_id = $2 WHERE id = $1";
    execute!(tx, sql, landed.contact.0, gone).unwrap();
    tx.commit().await.unwrap();
    Before { contacts, erasure, kept, gone, holder }
}

/// Each leads to whom they became, who has what was written under their ids; and whoever was erased in part is erased whole.
pub(in crate::conformance) async fn are_one_look_away(catalog: &Catalog, landed: &Landed, before: Before) {
    let Before { contacts: [first, second, last], erasure, kept, gone, holder } = before;
    let mut tx = catalog.reading().await.unwrap();
    for id in [first, second] {
        let (into,) =
            one!(tx, (Option<Uuid>,), "SELECT merged_into FROM contacts WHERE id = $1", id).unwrap();
        assert_eq!(into, Some(last));
    }
    for (sql, id) in [
        ("SELECT customer_id FROM documents WHERE id = $1", landed.filed_id.0),
        ("SELECT customer_id FROM contacts WHERE id = $1", landed.contact.0),
    ] {
        assert_eq!(one!(tx, (Uuid,), sql, id).unwrap().0, kept, "{sql}");
    }
    let sql = "SELECT COUNT(*) FROM bindings WHERE holder_id = $1 AND customer_id IN ($2, $3)";
    assert_eq!(one!(tx, (i64,), sql, holder, kept, gone).unwrap().0, 2);
    drop(tx);
    let incidents = catalog.incidents(None, None, 100).await.unwrap();
    let told: Vec<_> = incidents.iter().filter(|i| i.kind == "erasure_of_nobody").collect();
    assert_eq!(told.iter().map(|i| i.subject.as_str()).collect::<Vec<_>>(), [format!("customer {kept}")]);
    assert_eq!(catalog.erasure(erasure).await.unwrap().unwrap().finished_at, None, "it goes on");
    catalog.go_on(erasure).await.unwrap();
    let mut tx = catalog.reading().await.unwrap();
    let (name,) = one!(tx, (Option<String>,), "SELECT name FROM contacts WHERE id = $1", first).unwrap();
    assert_eq!(name, None);
    drop(tx);
    behind(catalog, "UPDATE erasures SET finished_at = 3 WHERE id = $1".to_owned(), erasure).await;
}
