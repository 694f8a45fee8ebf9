//! Promises about the people at the desk, and the trail that they leave.

use acuse_pipeline::document::Sha256;
use serde_json::json;
use uuid::Uuid;

use super::desk::LEASE;
use crate::{
    Catalog,
    audit::AuditFilter,
    names::now,
    users::{Change, Role, Unchanged},
};

pub(super) async fn who_may_what_is_changed_and_told(catalog: &Catalog) {
    let unique = Uuid::now_v7().simple().to_string();
    let boss = catalog.put_user(&format!("boss-{unique}"), "$h", Role::Admin).await.unwrap();
    let subject = format!("https://id.example {unique}");
    let add = |name: String| {
        let subject = subject.clone();
        async move { catalog.add_user(&name, "$h", (Role::Finance, false), Some(&subject)).await.unwrap() }
    };
    let name = format!("fina-{unique}");
    let fina = add(name.clone()).await.expect("a new name");
    assert_eq!(add(name.clone()).await, None, "somebody has it");
    assert_eq!(add(format!("other-{unique}")).await, None, "one person, one account");
    assert_eq!(catalog.user_by_subject(&subject).await.unwrap().map(|u| u.id), Some(fina));
    let hash = Sha256::of(unique.as_bytes());
    let agent = "Mozilla/5.0 (X11; Linux) Firefox/140";
    catalog.open_session(&hash, fina, LEASE, (agent, "203.0.113.9")).await.unwrap();
    let sessions = catalog.sessions().await.unwrap();
    let hers = sessions.iter().find(|s| s.id == hash).expect("listed");
    assert_eq!((hers.user.as_str(), hers.agent.as_str()), (name.as_str(), agent));

    // Another right to see IDs ends nothing; another role does.
    let sees = Change { sees_ids: Some(true), ..Change::default() };
    assert!(catalog.change_user(fina, &sees).await.unwrap().unwrap().sees_ids);
    assert!(catalog.session(&hash).await.unwrap().is_some_and(|u| u.sees_ids));
    let role = Change { role: Some(Role::Supervisor), ..Change::default() };
    assert_eq!(catalog.change_user(fina, &role).await.unwrap().unwrap().role, Role::Supervisor);
    assert_eq!(catalog.session(&hash).await.unwrap(), None);
    catalog.open_session(&hash, fina, LEASE, ("", "")).await.unwrap();
    let disabled = |disabled| Change { disabled: Some(disabled), ..Change::default() };
    let off = catalog.change_user(fina, &disabled(true)).await.unwrap().unwrap();
    assert!(off.disabled_at.is_some() && catalog.session(&hash).await.unwrap().is_none());
    assert!(catalog.change_user(fina, &disabled(false)).await.unwrap().unwrap().disabled_at.is_none());
    catalog.open_session(&hash, fina, LEASE, ("", "")).await.unwrap();
    assert!(catalog.close_session(&hash).await.unwrap() && !catalog.close_session(&hash).await.unwrap());

    // The last who may let people in cannot be shut out.
    for user in catalog.users().await.unwrap() {
        if user.role == Role::Admin && user.id != boss {
            catalog.change_user(user.id, &disabled(true)).await.unwrap().unwrap();
        }
    }
    assert_eq!(catalog.change_user(boss, &disabled(true)).await.unwrap(), Err(Unchanged::LastAdmin));
    let lower = Change { role: Some(Role::Auditor), ..Change::default() };
    assert_eq!(catalog.change_user(boss, &lower).await.unwrap(), Err(Unchanged::LastAdmin));
    let nobody = catalog.change_user(crate::names::UserId::generate(), &sees).await.unwrap();
    assert_eq!(nobody, Err(Unchanged::Missing));
}

pub(super) async fn the_trail_is_searched(catalog: &Catalog) {
    let unique = Uuid::now_v7().simple().to_string();
    let who = format!("user:{unique}");
    let other = format!("user:x{unique}");
    let before = now();
    for n in 0..5 {
        catalog.audit(&who, "tested", None, &json!({ "n": n, "of": "Café" })).await.unwrap();
    }
    catalog.audit(&other, "tested", None, &json!({})).await.unwrap();
    let of = |actor: &str| AuditFilter { actor: Some(actor.to_owned()), ..AuditFilter::default() };
    let page = catalog.search_audit(&of(&who), None, 3).await.unwrap();
    assert_eq!(page.len(), 3);
    assert_eq!(page[0].entry.detail["n"], 4, "the newest first");
    let rest = catalog.search_audit(&of(&who), Some(page[2].seq), 3).await.unwrap();
    assert_eq!(rest.iter().map(|l| l.entry.detail["n"].as_i64().unwrap()).collect::<Vec<_>>(), [1, 0]);
    let found = async |filter: AuditFilter| catalog.search_audit(&filter, None, 100).await.unwrap().len();
    assert_eq!(found(AuditFilter { q: Some(unique.to_uppercase()), ..AuditFilter::default() }).await, 6);
    assert_eq!(found(AuditFilter { q: Some("\"n\":3".into()), ..of(&who) }).await, 1, "in the particulars");
    assert_eq!(found(AuditFilter { q: Some("%".into()), ..of(&who) }).await, 0, "wildcards are plain text");
    assert_eq!(found(AuditFilter { from: Some(before), ..of(&who) }).await, 5);
    assert_eq!(found(AuditFilter { to: Some(before - time::Duration::SECOND), ..of(&who) }).await, 0);
    assert_eq!(found(AuditFilter { action: Some("viewed".into()), ..of(&who) }).await, 0);
    let actions = catalog.audit_actions().await.unwrap();
    assert!(actions.contains(&"tested".to_owned()) && actions.is_sorted(), "{actions:?}");
}
