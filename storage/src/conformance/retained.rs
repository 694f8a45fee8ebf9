//! Promises about documents whose time is over.

use time::Duration;

use super::{
    desk::waiting,
    door::{Sample, received},
    erasure::{behind, wish},
    road::to_link,
};
use crate::{
    Catalog, Stage,
    erasure::{Cause, Keep, Retention, Wished},
    key_file::ErasedKind,
    stages::Step,
};

/// Runs every promise about documents whose time is over.
///
/// # Panics
/// When a promise is broken.
pub async fn retained(catalog: &Catalog) {
    let old = waiting(catalog).await.0;
    let mut filed = Vec::new();
    for number in 0..3 {
        let id = received(catalog, &Sample::new()).await;
        to_link(catalog, id, &format!("retained-{number}-{id}")).await;
        assert_eq!(catalog.filed(id, Stage::Link, None, None).await.unwrap(), Step::Taken);
        filed.push(id);
    }
    let rules: Retention = "id.filed=1,invoice.filed=30,*.*=10".parse().unwrap();
    let due = |days: i64| {
        let (catalog, rules) = (catalog.clone(), rules.clone());
        async move { catalog.due(&rules, crate::names::now() + Duration::days(days), 1_000).await.unwrap() }
    };
    assert!(due(29).await.iter().all(|id| !filed.contains(id)), "the first rule that fits counts");
    let over = due(31).await;
    assert!(filed.iter().all(|id| over.contains(id)), "their time is over");
    assert!(!over.contains(&old), "what waits for somebody stays");
    assert!(
        catalog
            .due(&Retention::default(), crate::names::now() + Duration::days(9_999), 10)
            .await
            .unwrap()
            .is_empty()
    );
    catalog.place_hold(ErasedKind::Document, filed[0].0, "case 8", "cli").await.unwrap();
    let asked = "INSERT INTO approvals (id, document_id, state, created_at) SELECT id, id, 'asked', 0 FROM documents WHERE id = $1";
    behind(catalog, asked.to_owned(), filed[1].0).await;
    let over = due(31).await;
    assert!(
        !over.contains(&filed[0]) && !over.contains(&filed[1]) && over.contains(&filed[2]),
        "held, and needed"
    );
    let mut gone = wish(ErasedKind::Document, filed[2].0);
    gone.cause = Cause::Retention;
    gone.keep = Keep::Nothing;
    assert!(matches!(catalog.erase(&gone).await.unwrap(), Wished::Begun(_)));
    assert!(!due(31).await.contains(&filed[2]), "once");
    let row = catalog.document(filed[2]).await.unwrap().unwrap();
    assert!(row.kind.is_none() && row.fields.is_empty() && row.erased_at.is_some());
    catalog.lift_hold(ErasedKind::Document, filed[0].0, "cli").await.unwrap();
}
