//! Promises about the people at the desk, and the trail that they leave.

use acuse_pipeline::document::Sha256;
use serde_json::json;
use uuid::Uuid;

use super::desk::LEASE;
use crate::{
    Catalog, DocumentId,
    access::Binding,
    audit::AuditFilter,
    names::now,
    names::{UserId, micros},
    users::{
        Change, Role, Unchanged, Way,
        identities::{Outside, Vouched},
    },
};

/// The last version of the schema in which somebody's identity was a column of theirs.
pub(super) const BEFORE_IDENTITIES: i64 = 50;
const ISSUER: &str = "https://id.example";

pub(super) async fn who_may_what_is_changed_and_told(catalog: &Catalog) {
    let unique = Uuid::now_v7().simple().to_string();
    let boss = catalog.put_user(&format!("boss-{unique}"), "$h", Role::Admin).await.unwrap();
    let email = format!("fina-{unique}@example.org");
    let add = |name: String| {
        let email = email.clone();
        async move { catalog.add_user(&name, "$h", (Role::Finance, false), Some(&email)).await.unwrap() }
    };
    let name = format!("fina-{unique}");
    let fina = add(name.clone()).await.expect("a new name");
    assert_eq!(add(name.clone()).await, None, "somebody has it");
    assert_eq!(add(format!("other-{unique}")).await, None, "one person, one account");
    let taken = Change { email: Some(email.clone()), ..Change::default() };
    assert_eq!(catalog.change_user(boss, &taken).await.unwrap(), Err(Unchanged::EmailTaken));
    let hash = Sha256::of(unique.as_bytes());
    let agent = "Mozilla/5.0 (X11; Linux) Firefox/140";
    catalog.open_session(&hash, (fina, Way::Password), LEASE, (agent, "203.0.113.9")).await.unwrap();
    let sessions = catalog.sessions().await.unwrap();
    let hers = sessions.iter().find(|s| s.id == hash).expect("listed");
    assert_eq!((hers.user.as_str(), hers.agent.as_str(), hers.way), (name.as_str(), agent, Way::Password));

    // Another right to see IDs ends nothing; another role does.
    let sees = Change { sees_ids: Some(true), ..Change::default() };
    assert!(catalog.change_user(fina, &sees).await.unwrap().unwrap().sees_ids);
    assert!(catalog.session(&hash).await.unwrap().is_some_and(|u| u.sees_ids));
    let role = Change { role: Some(Role::Supervisor), ..Change::default() };
    assert_eq!(catalog.change_user(fina, &role).await.unwrap().unwrap().role, Role::Supervisor);
    assert_eq!(catalog.session(&hash).await.unwrap(), None);
    catalog.open_session(&hash, (fina, Way::Password), LEASE, ("", "")).await.unwrap();
    let disabled = |disabled| Change { disabled: Some(disabled), ..Change::default() };
    let off = catalog.change_user(fina, &disabled(true)).await.unwrap().unwrap();
    assert!(off.disabled_at.is_some() && catalog.session(&hash).await.unwrap().is_none());
    assert!(catalog.change_user(fina, &disabled(false)).await.unwrap().unwrap().disabled_at.is_none());
    catalog.open_session(&hash, (fina, Way::Password), LEASE, ("", "")).await.unwrap();
    assert!(catalog.close_session(&hash).await.unwrap() && !catalog.close_session(&hash).await.unwrap());
    comings_and_goings_are_told(catalog, fina, &name).await;

    // The last who may let people in cannot be shut out.
    for user in catalog.users().await.unwrap() {
        if user.role == Role::Admin && user.id != boss {
            catalog.change_user(user.id, &disabled(true)).await.unwrap().unwrap();
        }
    }
    let narrow = catalog.put_user(&format!("narrow-{unique}"), "$h", Role::Admin).await.unwrap();
    catalog.bind_user(narrow, &[Binding::Team("north".into())]).await.unwrap().unwrap();
    let last = catalog.change_user(boss, &disabled(true)).await.unwrap();
    assert_eq!(last, Err(Unchanged::LastAdmin), "an admin who is bound lets nobody in");
    assert!(catalog.change_user(narrow, &disabled(true)).await.unwrap().is_ok());
    assert_eq!(catalog.change_user(boss, &disabled(true)).await.unwrap(), Err(Unchanged::LastAdmin));
    let lower = Change { role: Some(Role::Auditor), ..Change::default() };
    assert_eq!(catalog.change_user(boss, &lower).await.unwrap(), Err(Unchanged::LastAdmin));
    let (shut, back) = (disabled(true), disabled(false));
    for n in 0..5 {
        let other = catalog.put_user(&format!("boss-{n}-{unique}"), "$h", Role::Admin).await.unwrap();
        let (one, two) = tokio::join!(catalog.change_user(boss, &shut), catalog.change_user(other, &shut));
        let refused = [one.unwrap(), two.unwrap()].into_iter().filter_map(Result::err).collect::<Vec<_>>();
        assert_eq!(refused, [Unchanged::LastAdmin], "nor by two at once");
        catalog.change_user(boss, &back).await.unwrap().unwrap();
        catalog.change_user(other, &shut).await.unwrap().unwrap();
    }
    let nobody = catalog.change_user(UserId::generate(), &sees).await.unwrap();
    assert_eq!(nobody, Err(Unchanged::Missing));
}

/// Who came and went by themselves stands in the trail, once each.
async fn comings_and_goings_are_told(catalog: &Catalog, who: UserId, name: &str) {
    let hash = Sha256::of(name.as_bytes());
    assert_eq!(catalog.sign_out(&hash).await.unwrap(), None, "there is no such session");
    for way in [Way::Password, Way::Oidc] {
        catalog.open_session(&hash, (who, way), LEASE, ("", "203.0.113.9")).await.unwrap();
        assert_eq!(catalog.sign_out(&hash).await.unwrap(), Some(way));
        assert_eq!(catalog.session(&hash).await.unwrap(), None);
    }
    let filter = AuditFilter { actor: Some(format!("user:{name}")), ..AuditFilter::default() };
    let lines = catalog.search_audit(&filter, None, 100).await.unwrap().into_iter();
    let told: Vec<_> =
        lines.map(|line| (line.entry.action, line.entry.detail["way"].clone())).take(3).collect();
    let said = |action: &str, way: &str| (action.to_owned(), json!(way));
    let expected =
        [said("signed_out", "oidc"), said("signed_out", "password"), said("signed_in", "password")];
    assert_eq!(told, expected, "a provider's are told where it lets them in");
}

pub(super) async fn whom_a_provider_vouches_for_comes_in(catalog: &Catalog) {
    let unique = Uuid::now_v7().simple().to_string();
    let (name, email) = (format!("ida-{unique}"), format!("ida-{unique}@example.org"));
    let subject = format!("sub-{unique}");
    let nobody =
        Vouched { issuer: ISSUER, subject: &subject, email: Some(&email), role: None, new_role: None };
    let comes = async |who: &Vouched<'_>| catalog.let_in(who).await.unwrap().map(|user| user.id);
    assert_eq!(comes(&nobody).await, Err(Outside::Unknown), "nobody added them");
    let ida = catalog.add_user(&name, "!", (Role::Finance, false), Some(&email)).await.unwrap().expect("new");
    let unproven = Vouched { email: None, ..nobody };
    assert_eq!(comes(&unproven).await, Err(Outside::Unknown), "by a proven address only");
    assert_eq!(comes(&nobody).await, Ok(ida));
    let again = Vouched { email: Some("another@example.org"), ..nobody };
    assert_eq!(comes(&again).await, Ok(ida), "from then on by the provider's name alone");
    assert_eq!(comes(&unproven).await, Ok(ida));
    let other = format!("other-{unique}");
    assert_eq!(
        comes(&Vouched { subject: &other, ..nobody }).await,
        Err(Outside::Another),
        "the address is hers"
    );
    let elsewhere = Vouched { issuer: "https://other.example", ..again };
    assert_eq!(comes(&elsewhere).await, Err(Outside::Unknown), "what a provider said finds nobody");

    // Her groups make her a supervisor: what she had open under her old role ends.
    let hash = Sha256::of(unique.as_bytes());
    catalog.open_session(&hash, (ida, Way::Oidc), LEASE, ("", "")).await.unwrap();
    assert_eq!(comes(&Vouched { role: Some(Role::Supervisor), ..nobody }).await, Ok(ida));
    assert_eq!(catalog.session(&hash).await.unwrap(), None);
    catalog.open_session(&hash, (ida, Way::Oidc), LEASE, ("", "")).await.unwrap();
    assert!(catalog.unlink("user:boss", ida, ISSUER).await.unwrap());
    assert!(!catalog.unlink("user:boss", ida, ISSUER).await.unwrap());
    assert_eq!(catalog.session(&hash).await.unwrap(), None, "unlinked, what she opened by it ends");
    assert_eq!(comes(&unproven).await, Err(Outside::Unknown));
    assert_eq!(comes(&nobody).await, Ok(ida), "and her address links her again");
    let off = Change { disabled: Some(true), ..Change::default() };
    catalog.change_user(ida, &off).await.unwrap().unwrap();
    assert_eq!(comes(&nobody).await, Err(Outside::Disabled));

    // Whom nobody added, where that is wanted.
    let fresh = format!("new-{unique}@example.org");
    let new_subject = format!("new-{unique}");
    let new = Vouched {
        issuer: ISSUER,
        subject: &new_subject,
        email: Some(&fresh),
        role: None,
        new_role: Some(Role::Reviewer),
    };
    // Bound to nothing they would see all, where others see some.
    for user in catalog.users().await.unwrap() {
        catalog.bind_user(user.id, &[]).await.unwrap().unwrap();
    }
    catalog.bind_user(ida, &[Binding::Team("north".into())]).await.unwrap().unwrap();
    assert_eq!(comes(&new).await, Err(Outside::Unbound));
    catalog.bind_user(ida, &[]).await.unwrap().unwrap();
    let made = catalog.let_in(&new).await.unwrap().expect("added");
    assert_eq!((made.name.as_str(), made.role, made.sees_ids), (fresh.as_str(), Role::Reviewer, false));
    let of = AuditFilter { actor: Some("oidc".to_owned()), ..AuditFilter::default() };
    let told = catalog.search_audit(&of, None, 100).await.unwrap();
    let told = told.iter().filter(|l| l.entry.detail.to_string().contains(&unique));
    let told: Vec<_> = told.map(|l| l.entry.action.as_str()).collect();
    assert_eq!(told, ["identity_linked", "user_added", "identity_linked", "user_changed", "identity_linked"]);
    for n in 0..5 {
        let (email, subject) = (format!("twice-{n}-{unique}@example.org"), format!("twice-{n}-{unique}"));
        let twice = Vouched { email: Some(&email), subject: &subject, ..new };
        let (one, two) = tokio::join!(comes(&twice), comes(&twice));
        assert!(one.is_ok() && one == two, "in two windows at once: {one:?}, {two:?}");
    }
    a_sign_in_comes_back_once(catalog, &unique).await;
}

async fn a_sign_in_comes_back_once(catalog: &Catalog, unique: &str) {
    let (hash, until) = (Sha256::of(unique.as_bytes()), now() + time::Duration::MINUTE);
    assert!(catalog.spend_sign_in(&hash, until).await.unwrap());
    assert!(!catalog.spend_sign_in(&hash, until).await.unwrap(), "once");
    let key = catalog.sign_in_key(&[7; 32]).await.unwrap();
    assert_eq!(catalog.sign_in_key(&[8; 32]).await.unwrap(), key, "one key for every machine");
}

/// Somebody with an identity in the column of then, and somebody without.
pub(super) async fn was_known_before(catalog: &Catalog) -> UserId {
    let mut tx = catalog.writing().await.unwrap();
    let id = UserId::generate();
    for (id, name, subject) in
        [(id, "known", Some("https://id.example a name with spaces")), (UserId::generate(), "unknown", None)]
    {
        execute!(
            tx,
            "INSERT INTO users (id, name, password_hash, role, created_at, subject) VALUES ($1, $2, '$h', 'reviewer', $3, $4)",
            id.0,
            name,
            micros(now()),
            subject
        )
        .unwrap();
    }
    // An admin who saw IDs without the right of their own.
    execute!(
        tx,
        "INSERT INTO users (id, name, password_hash, role, created_at, sees_ids) VALUES ($1, 'keeper', '$h', 'admin', $2, FALSE)",
        UserId::generate().0,
        micros(now())
    )
    .unwrap();
    tx.commit().await.unwrap();
    id
}

pub(super) async fn is_known_still(catalog: &Catalog, known: UserId) {
    let all = catalog.identities().await.unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    let found = (all[0].user_id, all[0].issuer.as_str(), all[0].subject.as_str());
    assert_eq!(found, (known, ISSUER, "a name with spaces"));
    let (keeper, _) = catalog.user_by_name("keeper").await.unwrap().expect("came through");
    assert!(
        catalog.access_of_user(&keeper).await.unwrap().sees_ids(),
        "whoever was an admin sees what they saw"
    );
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
    let q = |q: &str| AuditFilter { q: Some(q.to_owned()), ..of(&who) };
    assert_eq!(found(q("\"n\":3")).await, 0, "not in the particulars");
    assert_eq!(
        (found(q("ESTE")).await, found(q(&other)).await, found(q("%")).await),
        (5, 0, 0),
        "plain text"
    );
    let document = DocumentId::generate();
    catalog.audit(&who, "looked", Some(document), &json!({})).await.unwrap();
    assert_eq!(found(q(&document.to_string())).await, 1);
    assert_eq!(found(q("e")).await, 6, "however many words have it");
    let pages = [None, Some(page[2].seq)].map(|before| (q("tested"), before));
    for (filter, before) in pages {
        let page = catalog.search_audit(&filter, before, 2).await.unwrap();
        assert!(page.len() == 2 && page[0].seq > page[1].seq && before.is_none_or(|b| page[0].seq < b));
    }
    assert_eq!(found(AuditFilter { from: Some(before), ..of(&who) }).await, 6);
    assert_eq!(found(AuditFilter { to: Some(before - time::Duration::SECOND), ..of(&who) }).await, 0);
    assert_eq!(found(AuditFilter { action: Some("viewed".into()), ..of(&who) }).await, 0);
    let span = AuditFilter { from: Some(before), ..AuditFilter::default() };
    let (mut told, mut last) = (Vec::new(), None);
    loop {
        let page = catalog.search_audit(&span, last, 3).await.unwrap();
        told.extend(page.iter().filter(|l| l.entry.actor == who).map(|l| l.seq));
        last = page.last().map(|l| l.seq);
        if last.is_none() {
            break;
        }
    }
    assert!(told.len() == 6 && told.is_sorted_by(|a, b| a > b), "of a time, page by page: {told:?}");
    let actions = catalog.audit_actions().await.unwrap();
    assert!(actions.contains(&"tested".to_owned()) && actions.is_sorted(), "{actions:?}");
}
