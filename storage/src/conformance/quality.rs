//! Promises of measured filing: what is filed by itself is sampled by chance, answered once, and outside the ledger.

use std::collections::BTreeMap;

use acuse_pipeline::document::{Kind, Status};

use super::{
    door::{Sample, received},
    road::to_link,
};
use crate::{Access, Catalog, DocumentId, names::Stage, quality::Measured, stages::Step};

async fn files_itself(catalog: &Catalog) -> DocumentId {
    let id = received(catalog, &Sample::new()).await;
    to_link(catalog, id, &id.to_string()).await;
    assert_eq!(catalog.filed(id, Stage::Link, None, None).await.unwrap(), Step::Taken);
    id
}

async fn measured(catalog: &Catalog) -> Measured {
    let all = catalog.quality().await.unwrap();
    let none = Measured { kind: Kind::Invoice, checked: 0, wrong: 0, waiting: 0 };
    all.into_iter().find(|m| m.kind == Kind::Invoice).unwrap_or(none)
}

pub(super) async fn what_is_filed_by_itself_is_sampled_blind(catalog: &Catalog) {
    let before = measured(catalog).await;
    let ledger = catalog.ledger(None, None).await.unwrap();
    catalog.set_quality_share(Kind::Invoice, 0, "user:boss").await.unwrap();
    files_itself(catalog).await;
    assert_eq!(measured(catalog).await.waiting, before.waiting, "none is drawn");
    catalog.set_quality_share(Kind::Invoice, 1_000_000, "user:boss").await.unwrap();
    assert_eq!(catalog.quality_share(Kind::Invoice).await.unwrap(), 1_000_000);
    let (first, second) = (files_itself(catalog).await, files_itself(catalog).await);
    assert_eq!(measured(catalog).await.waiting, before.waiting + 2);
    let after = catalog.ledger(None, None).await.unwrap();
    assert_eq!((after.filed - ledger.filed, after.in_review), (3, ledger.in_review), "they stay filed");

    let mut drawn = Vec::new();
    while let Some(check) = catalog.next_quality_check(&Access::whole()).await.unwrap() {
        let agrees = check.document_id != second;
        let answer = BTreeMap::from([("total", "1.00".to_owned())]);
        assert!(catalog.answer_quality_check(check.id, "user:ana", agrees, &answer).await.unwrap());
        let again = catalog.answer_quality_check(check.id, "user:ben", true, &answer).await.unwrap();
        assert!(!again, "it is answered once");
        assert_eq!(catalog.quality_check(check.id).await.unwrap(), None);
        drawn.push(check.document_id);
    }
    assert!(drawn.contains(&first) && drawn.contains(&second));
    let now = measured(catalog).await;
    assert_eq!((now.wrong - before.wrong, now.waiting), (1, 0));
    assert!(now.checked >= before.checked + 2);
    let (low, high) = now.interval().unwrap();
    let share = now.wrong as f64 / now.checked as f64;
    assert!(low < share && share < high, "{low} {share} {high}");
    let trail = catalog.audit_trail(Some(second), 10).await.unwrap();
    assert!(trail.iter().any(|e| e.action == "checked_blind" && e.actor == "user:ana"), "{trail:?}");

    // What was changed since it was drawn measures nothing.
    let third = files_itself(catalog).await;
    let version = catalog.document(third).await.unwrap().unwrap().version;
    let until = crate::names::now() + time::Duration::MINUTE;
    catalog.reopen(third, "user:ana", Some(version), "look", until).await.unwrap();
    assert_eq!(catalog.document(third).await.unwrap().unwrap().status, Status::InReview);
    assert_eq!(measured(catalog).await.waiting, 0);
    catalog.set_quality_share(Kind::Invoice, 0, "user:boss").await.unwrap();
}
