//! What Meta does not document, and what nobody should send: nothing panics, nothing good is lost.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use acuse_fixtures::webhooks::{EXAMPLES, SIGNATURE_VECTOR};
use acuse_whatsapp::webhook::{
    Attachment, Body, Content, Item, MediaKind, Message, Parsed, TroubleKind, parse,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A body with these messages of one person.
fn body(messages: &str) -> String {
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"9","changes":[{{"field":"messages","value":{{
        "metadata":{{"phone_number_id":"7"}},"contacts":[{{"wa_id":"15550190002"}}],"messages":{messages}}}}}]}}]}}"#
    )
}

fn kinds(parsed: &Parsed) -> Vec<TroubleKind> {
    parsed.troubles.iter().map(|t| t.kind).collect()
}

fn message(message: Value) -> (Message, Vec<TroubleKind>) {
    let mut whole = json!({"from": "15550190002", "id": "wamid.1", "timestamp": "1788000001"});
    for (key, value) in message.as_object().unwrap() {
        whole[key] = value.clone();
    }
    let parsed = parse(body(&json!([whole]).to_string()).as_bytes());
    let kinds = kinds(&parsed);
    match parsed.items.into_iter().next().unwrap().content {
        Content::Message(message) => (message, kinds),
        other => panic!("{other:?}"),
    }
}

const GOOD: &str = r#"{"from":"15550190002","id":"wamid.GOOD","timestamp":"1788000001","type":"image",
    "image":{"id":"1","mime_type":"image/jpeg"}}"#;

/// `bad` between two good messages: both must come out, and their documents with them.
fn beside(bad: &str) -> Parsed {
    let parsed = parse(body(&format!("[{GOOD},{bad},{GOOD}]")).as_bytes());
    let documents = parsed.messages().filter(|m| m.id == "wamid.GOOD" && m.attachment().is_some()).count();
    assert_eq!(documents, 2, "{bad}");
    assert_eq!(parsed.items.len(), 3, "{bad}: the bad one is an item too");
    parsed
}

#[test]
fn a_bad_item_never_takes_its_neighbours_along() {
    for bad in ["null", "7", "[]", r#""text""#, "{}", r#"{"id":{}}"#, r#"{"type":[],"errors":{}}"#] {
        assert!(!beside(bad).is_understood(), "{bad}");
    }
    let deep = format!(r#"{{"id":"d","deep":{}{}}}"#, "[".repeat(200_000), "]".repeat(200_000));
    assert!(kinds(&beside(&deep)).contains(&TroubleKind::TooDeep));
    assert!(kinds(&beside(r#"{"id":"n","n":1e999}"#)).contains(&TroubleKind::UnreadableValue));
    assert!(kinds(&beside(r#"{"id":"u","x":"\ud83d"}"#)).contains(&TroubleKind::UnstorableEscape));
}

#[test]
fn a_document_survives_what_is_broken_around_it() {
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let broken = format!(
        r#"[{{"from":"15550190002","id":"wamid.1","timestamp":"soon","type":"document","new":{deep},
            "document":{{"id":"42","filename":"a\ud83d\u0000.pdf","size":1e999,"sha256":"?"}}}}]"#
    );
    let parsed = parse(body(&broken).as_bytes());
    let found: Vec<_> = parsed.messages().filter_map(Message::attachment).collect();
    let [Attachment::Fetch(media)] = found.as_slice() else { panic!("{parsed:?}") };
    assert_eq!(media.filename.as_deref(), Some("a\u{fffd}\u{fffd}.pdf"));
    for kind in [
        TroubleKind::UnstorableEscape,
        TroubleKind::TooDeep,
        TroubleKind::UnreadableValue,
        TroubleKind::NoTime,
        TroubleKind::BadSha256,
    ] {
        assert!(kinds(&parsed).contains(&kind), "{kind:?}");
    }
    let raw = parsed.items[0].raw.get();
    assert!(serde_json::from_str::<Value>(raw).is_ok(), "what is stored can be read again");
    assert!(!raw.contains("\\u0000"));
}

#[test]
fn no_id_is_replaced_by_the_hash_of_the_item() {
    let anonymous = r#"[{"from":"15550190002","timestamp":"1788000001","type":"image","image":{"id":"1"}}]"#;
    let once = parse(body(anonymous).as_bytes());
    let again = parse(body(anonymous).as_bytes());
    let id = |parsed: &Parsed| parsed.messages().next().unwrap().id.clone();
    assert!(id(&once).starts_with("raw-sha256:"));
    assert_eq!(id(&once), id(&again), "a redelivery is the same message");
    assert_eq!(kinds(&once), [TroubleKind::NoId]);
}

#[test]
fn media_in_every_shape() {
    let (voice, _) = message(json!({"type": "voice", "voice": {"id": "5", "mime_type": "audio/ogg"}}));
    assert!(matches!(voice.attachment(), Some(Attachment::Fetch(m)) if m.kind == MediaKind::Audio));

    let errors = json!([{"code": 131_052, "error_data": "Media download failed"}]);
    let (failed, troubles) = message(json!({"type": "image", "errors": errors}));
    let image = MediaKind::Image;
    let unavailable = Attachment::Unavailable { kind: Some(&image), code: Some(131_052) };
    assert_eq!(failed.attachment(), Some(unavailable));
    assert_eq!(failed.errors[0].details.as_deref(), Some("Media download failed"));
    assert_eq!(troubles, []);

    let (both, _) = message(json!({"type": "image", "errors": errors, "image": {"id": "6"}}));
    assert!(matches!(both.attachment(), Some(Attachment::Fetch(_))), "an id is tried whatever the error");

    let (odd, troubles) = message(json!({"type": "image", "image": {"id": "a b"}}));
    assert!(matches!(odd.attachment(), Some(Attachment::Unavailable { .. })));
    assert_eq!(troubles, [TroubleKind::BadMediaId]);

    let (new, _) = message(json!({"type": "hologram", "hologram": {"id": "8", "mime_type": "model/x"}}));
    assert!(matches!(new.attachment(), Some(Attachment::Fetch(m)) if m.kind.as_str() == "hologram"));

    let (untyped, _) = message(json!({"document": {"id": "9"}}));
    assert!(matches!(untyped.attachment(), Some(Attachment::Fetch(m)) if m.kind == MediaKind::Document));
}

#[test]
fn an_edit_may_bring_a_file() {
    let edit = |image: Value| {
        json!({"type": "edit", "edit": {"original_message_id": "wamid.0",
            "message": {"type": "image", "image": image}}})
    };
    let (with_file, _) = message(edit(json!({"id": "7", "caption": "nuevo"})));
    assert!(matches!(with_file.attachment(), Some(Attachment::Fetch(_))));
    assert_eq!(with_file.text(), Some("nuevo"));
    let (caption, _) = message(edit(json!({"caption": "nuevo"})));
    assert_eq!(caption.attachment(), None, "the file came with the original");
    let nested = json!({"type": "edit", "edit": {"message": edit(json!({"id": "7"}))}});
    assert!(
        matches!(message(nested).0.body, Body::Edit { body, .. } if matches!(*body, Body::Unknown { .. }))
    );
}

#[test]
fn an_unknown_type_is_kept_and_said() {
    let parsed =
        parse(body(r#"[{"from":"15550190002","id":"w","timestamp":1788000001,"type":"poll"}]"#).as_bytes());
    assert_eq!(kinds(&parsed), []);
    assert!(!parsed.is_understood(), "somebody is told");
    assert_eq!(parsed.messages().next().unwrap().kind(), "poll");
    assert!(parsed.items[0].raw.get().contains("poll"));
}

#[test]
fn new_fields_and_new_lists_are_items() {
    let unknown = |value: Value| {
        let envelope = json!({"object": "whatsapp_business_account", "entry": [{"id": "9",
            "changes": [{"field": "calls", "value": value}]}]});
        let parsed = parse(envelope.to_string().as_bytes());
        assert!(!parsed.is_understood());
        parsed.items.into_iter().map(|i| i.content).collect::<Vec<_>>()
    };
    let what = |what: &str| Content::Unknown { what: what.into() };
    assert_eq!(unknown(json!({"calls": [1]})), [what("calls")]);
    assert_eq!(unknown(json!(3)), [what("calls")]);
    let beside = unknown(json!({"messages": [], "pins": [1], "note": "x"}));
    assert_eq!(beside, [what("pins")], "a list beside the messages is news, a word is not");
}

#[test]
fn identity_may_be_absent_or_in_the_wrong_place() {
    let (message_, troubles) = message(json!({"from": "US.4100", "type": "text", "text": {"body": "x"}}));
    assert_eq!(message_.sender.user_id.unwrap().as_str(), "US.4100");
    assert_eq!(troubles, []);
    let nobody = parse(
        br#"{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"messages":
        [{"id":"w","timestamp":"1788000001","type":"image","image":{"id":"1"}}]}}]}]}"#,
    );
    assert_eq!(kinds(&nobody), [TroubleKind::NoSender]);
    assert!(nobody.messages().next().unwrap().attachment().is_some(), "and still a document");
}

#[test]
fn older_and_newer_system_notices() {
    let old =
        json!({"type": "system", "system": {"new_wa_id": "15550190009", "type": "user_changed_number"}});
    let Body::System(system) = message(old).0.body else { panic!() };
    assert_eq!(system.now.wa_id.unwrap().as_str(), "15550190009");
    let new = json!({"type": "system", "system": {"user_id": "US.999", "type": "user_changed_user_id"}});
    let Body::System(system) = message(new).0.body else { panic!() };
    assert_eq!(system.now.user_id.unwrap().as_str(), "US.999");
}

#[test]
fn the_whole_body_may_be_strange() {
    for (bytes, kind) in [
        (&b""[..], TroubleKind::NotJson),
        (b"{", TroubleKind::NotJson),
        (b"[1]", TroubleKind::NotAnObject),
        (b"\xff\xfe", TroubleKind::NotUtf8),
        (b"{}", TroubleKind::NotWhatsApp),
    ] {
        let parsed = parse(bytes);
        assert!(kinds(&parsed).contains(&kind), "{bytes:?}: {:?}", parsed.troubles);
    }
    assert_eq!(kinds(&parse(b"{")), [TroubleKind::NotJson], "one trouble, not many");
    let vector = parse(SIGNATURE_VECTOR);
    assert_eq!(vector.messages().next().unwrap().text(), Some("José pagó 50% @ tienda 👍"));
    let mut marked = b"\xEF\xBB\xBF".to_vec();
    marked.extend_from_slice(SIGNATURE_VECTOR);
    assert!(parse(&marked).is_understood());
}

#[test]
fn more_than_meta_promises_is_read_and_noted() {
    let text =
        r#"{"from":"15550190002","id":"w","timestamp":"1788000001","type":"text","text":{"body":"x"}}"#;
    let many = parse(body(&format!("[{}]", vec![text; 1_500].join(","))).as_bytes());
    assert_eq!(many.items.len(), 1_500);
    assert_eq!(kinds(&many), [TroubleKind::ManyUpdates]);
    let flood = parse(body(&format!("[{}]", vec!["{}"; 100_000].join(","))).as_bytes());
    assert_eq!(flood.items.len(), 20_000);
    assert!(flood.troubles.len() <= 200 && flood.troubles_left_out > 0);
}

/// Values as JSON can hold them, with Meta's words among the keys.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        Just(json!("image")),
        Just(json!("edit")),
        Just(json!("US.1")),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        let word = prop::sample::select(vec![
            "entry",
            "changes",
            "value",
            "field",
            "messages",
            "statuses",
            "errors",
            "contacts",
            "metadata",
            "id",
            "type",
            "image",
            "edit",
            "message",
            "from",
            "timestamp",
            "user_id_update",
            "user_id",
            "sha256",
            "message_template_id",
            "system",
            "time",
            "object",
            "context",
            "pricing",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((word, inner), 0..6)
                .prop_map(|m| Value::Object(m.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

/// Every item can be stored and read again.
fn sound(parsed: &Parsed) -> bool {
    parsed.items.iter().all(|item: &Item| serde_json::from_str::<Value>(item.raw.get()).is_ok())
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        prop_assert!(sound(&parse(&bytes)));
    }

    #[test]
    fn any_json_anywhere(value in any_json(), messages in any_json()) {
        prop_assert!(sound(&parse(value.to_string().as_bytes())));
        let envelope = json!({"object": "whatsapp_business_account", "entry": [{"changes": [
            {"field": "messages", "value": {"messages": [messages], "statuses": value}}]}]});
        prop_assert!(sound(&parse(envelope.to_string().as_bytes())));
    }

    #[test]
    fn any_example_with_a_byte_changed(which in 0..EXAMPLES.len(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = EXAMPLES[which].1.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        prop_assert!(sound(&parse(&bytes)));
    }
}
