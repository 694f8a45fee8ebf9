//! Promises of passwords: each opens the file that it was asked for, and stands nowhere.

use std::sync::Arc;

use acuse_conversation::{ASKS, Expects};
use acuse_pipeline::reason::{Reason, ReasonCode};
use time::Duration;
use uuid::Uuid;

use super::{answers, ask, message, says, says_after, waits};
use crate::{
    Access, Catalog, KeyFile,
    cases::{Act, Acted},
    catalog::Pools,
    conformance::{
        cases::{cases_of, contact_of, leading, time_passes_for},
        door::Sample,
        road::{begin, facts, reply},
    },
    documents::DeclaredFile,
    inbound::{InboundItem, InboundMedia, InboundMessage},
    names::{AliasKind, Stage, now},
    outbox::Purpose,
    stages::Step,
};

/// A catalog with a key file of its own.
pub(in crate::conformance) fn with_keys(catalog: &Catalog) -> Catalog {
    let path = std::env::temp_dir().join(format!("acuse-{}.key", Uuid::now_v7()));
    let file = KeyFile::open_or_create(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    let mut keyed = leading(catalog);
    keyed.keys = Arc::default();
    keyed.keys.set(file).unwrap();
    keyed
}

/// Tables in which these words stand, in whatever column; on SQLite the files are looked through as well.
async fn where_it_stands(catalog: &Catalog, words: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Pools::Sqlite { file, .. } = &catalog.pools {
        for end in ["", "-wal"] {
            let mut path = file.as_os_str().to_owned();
            path.push(end);
            let bytes = std::fs::read(&path).unwrap_or_default();
            if bytes.windows(words.len()).any(|w| w == words.as_bytes()) {
                found.push(format!("{}", std::path::Path::new(&path).display()));
            }
        }
        return found;
    }
    let mut tx = catalog.reading().await.unwrap();
    let tables: std::collections::BTreeSet<&str> =
        include_str!("../columns.txt").lines().filter_map(|line| line.split('.').next()).collect();
    for table in tables {
        let text = format!(
            "SELECT COUNT(*) FROM {table} t WHERE t::text LIKE '%' || $1 || '%' OR t::text LIKE '%' || $2 || '%'"
        );
        let hex = words.bytes().map(|b| format!("{b:02x}")).collect::<String>();
        let (rows,) = one!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), words, hex).unwrap();
        if rows > 0 {
            found.push(table.to_owned());
        }
    }
    found
}

pub(in crate::conformance) async fn a_password_stands_nowhere(catalog: &Catalog) {
    let catalog = &with_keys(catalog);
    let sample = Sample::new();
    let locked = || Reason::new(ReasonCode::Encrypted, "").with(ASKS, "password");
    let id = waits(catalog, &sample, locked()).await;
    let contact = contact_of(catalog, id).await;
    let words = format!("Clave-{}", Uuid::now_v7().simple());
    // A word that means something else is none.
    says(catalog, message(&sample, "text", "Gracias")).await;
    assert_eq!(catalog.password_of(id).await.unwrap(), None);
    let brought = message(&sample, "text", &words);
    says(catalog, brought.clone()).await;
    assert_eq!(where_it_stands(catalog, &words).await, Vec::<String>::new());
    assert_eq!(catalog.password_of(id).await.unwrap().as_deref(), Some(words.as_str()));
    let document = catalog.document(id).await.unwrap().unwrap();
    assert_eq!((document.stage, document.waits_for), (Stage::Read, None), "it goes round again");
    // The same webhook again, and what was typed in its place.
    says(catalog, brought.clone()).await;
    says(catalog, message(&sample, "edit", &format!("{words}!"))).await;
    assert_eq!(where_it_stands(catalog, &words).await, Vec::<String>::new());
    let said = answers(catalog, id).await;
    assert!(said.len() == 1 && said[0].contains("\"password\":true"), "{said:?}");

    // A slip is put right while it is tried; a sentence about it takes no place; and it may stand under the file itself.
    let (sentence, right) = (format!("es {words}-b"), format!("{words}-c"));
    let typed_anew = format!("{words}!");
    says(catalog, message(&sample, "text", &sentence)).await;
    assert_eq!(catalog.password_of(id).await.unwrap().as_deref(), Some(typed_anew.as_str()));
    says(catalog, message(&sample, "text", &right)).await;
    assert_eq!(catalog.password_of(id).await.unwrap().as_deref(), Some(right.as_str()));
    let under = format!("{words}-d");
    let mut with_file = message(&sample, "document", &under);
    let declared = DeclaredFile {
        media_type: Some("application/pdf".into()),
        caption: Some(under.clone()),
        ..DeclaredFile::default()
    };
    with_file.media = Some(InboundMedia { media_id: Some("m".into()), declared, ..InboundMedia::default() });
    let brought = says(catalog, with_file).await;
    assert_eq!(catalog.password_of(id).await.unwrap().as_deref(), Some(under.as_str()));
    let beside = catalog.document(brought.new_documents[0]).await.unwrap().unwrap();
    assert_eq!(beside.declared.caption.as_deref(), Some("[password]"), "and the file is one that came");
    assert_eq!(where_it_stands(catalog, &words).await, Vec::<String>::new());

    begin(catalog, id, Stage::Read).await;
    assert_eq!(catalog.read(id, &facts(&id.to_string())).await.unwrap(), Step::Taken);
    assert_eq!(catalog.password_of(id).await.unwrap(), None, "it was used");
    begin(catalog, id, Stage::Link).await;
    let step = catalog.filed(id, Stage::Link, None, Some(&reply(Purpose::Filed))).await.unwrap();
    assert_eq!(step, Step::Taken);
    let states: Vec<_> = cases_of(catalog, contact).await.into_iter().filter(|c| c.1 == "ask").collect();
    assert_eq!(states[0].2, "done", "{states:?}");

    // One that nobody uses is gone after an hour; what is said afterwards is nobody's password.
    let other = waits(catalog, &sample, locked()).await;
    says(catalog, message(&sample, "text", &words)).await;
    assert!(catalog.password_of(other).await.unwrap().is_some());
    assert_eq!(catalog.forget_passwords(now() + Duration::minutes(61)).await.unwrap(), 1);
    assert_eq!(catalog.password_of(other).await.unwrap(), None);
    says(catalog, message(&sample, "text", "¿ya está?")).await;
    assert!(!where_it_stands(catalog, "¿ya está?").await.is_empty(), "what is looked for is found");
}

/// Of two locked files the one is opened whose question, or which itself, the password answers.
pub(in crate::conformance) async fn a_password_is_for_what_it_quotes(catalog: &Catalog) {
    let catalog = &with_keys(catalog);
    for quotes_file in [false, true] {
        let sample = Sample::new();
        let mut ids = Vec::new();
        for _ in 0..2 {
            let locked = Reason::new(ReasonCode::Encrypted, "").with(ASKS, "password");
            let id = waits(catalog, &sample, locked).await;
            time_passes_for(catalog, contact_of(catalog, id).await, "documents").await;
            ids.push(id);
        }
        let mut tx = catalog.writing().await.unwrap();
        let sent = format!("wamid.{}", Uuid::now_v7());
        let sql = "UPDATE outbox SET wamid = $2 WHERE document_id = $1";
        assert_eq!(execute!(tx, sql, ids[1].0, sent.as_str()).unwrap(), 1);
        let sql = "SELECT m.wamid FROM messages m JOIN documents d ON d.message_id = m.id WHERE d.id = $1";
        let (came,) = one!(tx, (String,), sql, ids[1].0).unwrap();
        tx.commit().await.unwrap();
        let words = format!("Clave-{}", Uuid::now_v7().simple());
        let reply_to = Some(if quotes_file { came } else { sent });
        says(catalog, InboundMessage { reply_to, ..message(&sample, "text", &words) }).await;
        assert_eq!(where_it_stands(catalog, &words).await, Vec::<String>::new());
        assert_eq!(catalog.password_of(ids[0]).await.unwrap(), None, "quotes its file: {quotes_file}");
        assert_eq!(catalog.password_of(ids[1]).await.unwrap().as_deref(), Some(words.as_str()));
    }
}

/// Who was asked under one form of their number may answer under the other: it is their password all the same.
pub(in crate::conformance) async fn a_password_comes_under_either_form_of_a_number(catalog: &Catalog) {
    let catalog = &with_keys(catalog);
    let tail = Uuid::now_v7().as_u128() % 10_000_000;
    for (asked, writes) in [
        (format!("549113{tail:07}"), format!("54113{tail:07}")),
        (format!("521553{tail:07}"), format!("52553{tail:07}")),
        (format!("52554{tail:07}"), format!("521554{tail:07}")),
        (format!("55116{tail:07}"), format!("551196{tail:07}")),
    ] {
        let sample = Sample { wa_id: asked, ..Sample::new() };
        let locked = Reason::new(ReasonCode::Encrypted, "").with(ASKS, "password");
        let id = waits(catalog, &sample, locked).await;
        let words = format!("Clave-{}", Uuid::now_v7().simple());
        let sample = Sample { wa_id: writes, ..sample };
        says(catalog, message(&sample, "text", &words)).await;
        assert_eq!(where_it_stands(catalog, &words).await, Vec::<String>::new(), "{}", sample.wa_id);
        assert_eq!(catalog.password_of(id).await.unwrap().as_deref(), Some(words.as_str()));
    }
}

/// Whoever changes their number and sends the password in one webhook is who was asked for it.
pub(in crate::conformance) async fn a_password_comes_with_a_change_of_number(catalog: &Catalog) {
    let catalog = &with_keys(catalog);
    let (asked, between, writes) = (Sample::new(), Sample::new(), Sample::new());
    let locked = Reason::new(ReasonCode::Encrypted, "").with(ASKS, "password");
    let id = waits(catalog, &asked, locked).await;
    let change = |old: &Sample, new: &Sample| InboundItem::AliasChange {
        old: (AliasKind::WaId, old.wa_id.clone()),
        new: (AliasKind::WaId, new.wa_id.clone()),
        at: now(),
    };
    let words = format!("Clave-{}", Uuid::now_v7().simple());
    let changes = vec![change(&asked, &between), change(&between, &writes)];
    says_after(catalog, changes, message(&writes, "text", &words)).await;
    assert_eq!(where_it_stands(catalog, &words).await, Vec::<String>::new());
    assert_eq!(catalog.password_of(id).await.unwrap().as_deref(), Some(words.as_str()));
    let document = catalog.document(id).await.unwrap().unwrap();
    assert_eq!(document.stage, Stage::Read, "it goes round again");
}

/// A person who has the conversation asks for a password: it stands nowhere either, opens its file at once, and is asked for no
/// more when they give the question back.
pub(in crate::conformance) async fn a_password_that_a_person_asks_for_stands_nowhere(catalog: &Catalog) {
    let catalog = &with_keys(catalog);
    let everything = Access::new(true);
    for reason in [
        Reason::new(ReasonCode::Unreadable, ""),
        Reason::new(ReasonCode::Encrypted, "").with(ASKS, "password"),
    ] {
        let sample = Sample::new();
        let is_asked = reason.code == ReasonCode::Encrypted;
        let id = waits(catalog, &sample, reason).await;
        let contact = contact_of(catalog, id).await;
        let (case, ..) = cases_of(catalog, contact).await.into_iter().find(|c| c.1 == "ask").unwrap();
        let act = async |act: Act| {
            let version = catalog.case(&everything, case).await.unwrap().unwrap().version;
            let acted = catalog.act_on_case(&everything, case, version, "eva", &act).await.unwrap();
            assert!(matches!(acted, Acted::Done(_)), "{acted:?}");
        };
        act(Act::Assign { to: Some("eva".into()), team: None }).await;
        if !is_asked {
            ask(catalog, id, Expects::Password, &[]).await;
        }
        let words = format!("Clave-{}", Uuid::now_v7().simple());
        says(catalog, message(&sample, "text", &words)).await;
        assert_eq!(where_it_stands(catalog, &words).await, Vec::<String>::new(), "asked before: {is_asked}");
        assert_eq!(catalog.password_of(id).await.unwrap().as_deref(), Some(words.as_str()));
        let document = catalog.document(id).await.unwrap().unwrap();
        assert_eq!(document.stage, Stage::Read, "it goes round again");
        act(Act::Return).await;
        let state = catalog.case(&everything, case).await.unwrap().unwrap().state;
        assert_eq!(state, "done", "nobody is reminded of what they have sent");
    }
}
