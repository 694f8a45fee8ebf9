//! Each of Meta's examples, read without trouble into what it is.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use acuse_fixtures::webhooks::{EXAMPLES, example};
use acuse_whatsapp::webhook::{
    Attachment, Body, Content, DeliveryState, Event, Item, MediaKind, Message, Parsed, parse,
};

fn read(name: &str) -> Vec<Item> {
    let Parsed { items, troubles, .. } = parse(example(name).unwrap().as_bytes());
    assert_eq!(troubles, [], "{name}");
    items
}

fn only(name: &str) -> Item {
    let mut items = read(name);
    assert_eq!(items.len(), 1, "{name}");
    items.remove(0)
}

fn message(name: &str) -> Message {
    match only(name).content {
        Content::Message(message) => message,
        other => panic!("{name}: {other:?}"),
    }
}

fn status(name: &str) -> acuse_whatsapp::webhook::Status {
    match only(name).content {
        Content::Status(status) => status,
        other => panic!("{name}: {other:?}"),
    }
}

fn event(name: &str) -> Event {
    match only(name).content {
        Content::Event(event) => event,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn every_example_is_understood() {
    for (name, json) in EXAMPLES {
        let parsed = parse(json.as_bytes());
        assert!(parsed.is_understood(), "{name}: {:?}", parsed.troubles);
        assert!(!parsed.items.is_empty(), "{name}");
        for item in &parsed.items {
            assert!(item.origin.account_id.is_some(), "{name}");
            assert!(!item.origin.field.is_empty(), "{name}");
            assert!(json.contains(item.raw.get()), "{name}: the raw item is verbatim");
        }
    }
}

#[test]
fn a_message_says_who_when_and_to_which_number() {
    let item = only("text");
    assert_eq!(item.origin.phone_number_id.as_deref(), Some("700100200300400"));
    assert_eq!(item.origin.account_id.as_deref(), Some("900100200300400"));
    let text = message("text");
    assert_eq!(text.id, "wamid.HBgLMTU1NTAxOTAwMDIVAgASGBQ01EXAMPLE0000000000A==");
    assert_eq!(text.sent_at.unwrap().unix_timestamp(), 1_788_000_001);
    assert_eq!(text.sender.aliases().collect::<Vec<_>>(), ["15550190002", "US.4100200300400500600"]);
    assert_eq!(text.sender.name.as_deref(), Some("Ana Example"));
    assert_eq!(text.text(), Some("Hola, envío la factura de julio"));
    assert_eq!(text.attachment(), None);
}

#[test]
fn files_are_documents_and_stickers_are_not() {
    for (name, kind, id) in [
        ("image", MediaKind::Image, "1003383400000001"),
        ("document", MediaKind::Document, "622684700000001"),
        ("video", MediaKind::Video, "731675400000001"),
        ("audio-voice", MediaKind::Audio, "1908647200000001"),
    ] {
        let message = message(name);
        let Some(Attachment::Fetch(media)) = message.attachment() else { panic!("{name}") };
        assert_eq!(media.kind, kind);
        assert_eq!(media.id.as_ref().unwrap().as_str(), id);
        assert!(media.sha256.is_some() && media.mime_type.is_some() && media.url.is_some(), "{name}");
        assert_eq!(media.voice, name == "audio-voice");
    }
    let document = message("document");
    let Body::Media(media) = &document.body else { panic!() };
    assert_eq!(media.filename.as_deref(), Some("Currículum café.pdf"));
    assert_eq!(document.text(), Some("factura"));
    assert_eq!(message("sticker").attachment(), None);
    assert_eq!(message("sticker").kind(), "sticker");
}

#[test]
fn a_file_meta_could_not_take_is_a_document_all_the_same() {
    let unavailable = Some(Attachment::Unavailable { kind: None, code: Some(131_052) });
    assert_eq!(message("media-unavailable").attachment(), unavailable);
    assert_eq!(message("unsupported").attachment(), None, "131051 is no file");
    assert!(matches!(message("unsupported").body, Body::Unsupported { kind: Some(k) } if k == "edit"));
}

#[test]
fn conversation_that_brings_no_document() {
    let items = read("reaction-and-removal");
    let emoji = |item: &Item| match &item.content {
        Content::Message(Message { body: Body::Reaction { emoji, .. }, .. }) => emoji.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(items.iter().map(emoji).collect::<Vec<_>>(), [Some("👍".to_owned()), None]);

    let chosen = |name| match message(name).body {
        Body::Interactive(chosen) => chosen,
        other => panic!("{other:?}"),
    };
    assert_eq!(chosen("interactive-button-reply").id.as_deref(), Some("approve:9f2c"));
    assert_eq!(chosen("interactive-list-reply").title.as_deref(), Some("Factura"));
    assert!(chosen("interactive-flow-reply").response_json.unwrap().contains("invoice"));
    assert!(matches!(message("button").body, Body::Button { payload: Some(p), .. } if p == "pay_later"));
    assert!(matches!(message("order").body, Body::Order { items: 1, .. }));
    assert!(matches!(message("contacts").body, Body::Contacts(names) if names == ["Luis Prueba"]));
    assert!(matches!(message("location").body, Body::Location { latitude: Some(l), .. } if l < -12.0));
    let quoted = message("button").context.unwrap();
    assert!(quoted.message_id.unwrap().contains("91EXAMPLE"));
}

#[test]
fn a_new_number_links_the_old_person_to_the_new() {
    let notice = message("system-number-change");
    assert_eq!(notice.sender.wa_id.as_ref().unwrap().as_str(), "15550190002");
    let Body::System(system) = notice.body else { panic!() };
    assert_eq!(system.kind.as_deref(), Some("user_changed_number"));
    assert_eq!(system.now.aliases().collect::<Vec<_>>(), ["15550190009", "US.4100200300400500999"]);
}

#[test]
fn edits_and_deletions_name_their_message() {
    let Body::Edit { original_message_id, body } = message("edit").body else { panic!() };
    assert!(original_message_id.unwrap().contains("01EXAMPLE"));
    assert_eq!(*body, Body::Text("texto corregido".into()));
    let Body::Revoke { original_message_id } = message("revoke").body else { panic!() };
    assert!(original_message_id.unwrap().contains("03EXAMPLE"));
}

#[test]
fn forwards_and_groups_keep_their_riders() {
    let items = read("forwarded-and-group");
    let messages: Vec<_> = items
        .iter()
        .map(|item| match &item.content {
            Content::Message(message) => message,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(messages[0].context.as_ref().unwrap().forwarded);
    assert_eq!(messages[1].group_id.as_deref(), Some("Y2FwaV9ncm91cDoxEXAMPLE"));
}

#[test]
fn a_person_without_a_number_is_known_by_user_id() {
    let sender = message("user-id-only").sender;
    assert_eq!(sender.wa_id, None);
    assert_eq!(
        sender.aliases().collect::<Vec<_>>(),
        ["US.4100200300400500600", "US.ENT.5100200300400500600"]
    );
    assert_eq!(sender.username.as_deref(), Some("@ana"));
    assert!(sender.recipient().is_some());
}

#[test]
fn statuses_by_state() {
    let sent = status("status-sent");
    assert_eq!(sent.state, DeliveryState::Sent);
    assert_eq!(sent.callback_data.as_deref(), Some("outbox:01J9EXAMPLE"));
    assert!(sent.pricing.unwrap().billable);
    assert_eq!(status("status-delivered").state, DeliveryState::Delivered);
    assert_eq!(status("status-read").state, DeliveryState::Read);
    let failed = status("status-failed");
    assert_eq!(failed.state, DeliveryState::Failed);
    assert_eq!(failed.errors[0].code, Some(131_047));
    assert!(failed.errors[0].details.as_ref().unwrap().contains("24 hours"));
    assert!(matches!(only("value-level-errors").content, Content::Error(e) if e.code == Some(130_429)));
}

#[test]
fn a_batch_is_routed_by_each_change() {
    let items = read("mixed-batch");
    let numbers: Vec<_> = items.iter().map(|i| i.origin.phone_number_id.as_deref()).collect();
    let (first, second) = (Some("700100200300400"), Some("700100200300401"));
    assert_eq!(numbers, [first, first, second, second, None]);
    assert!(items[4].origin.notified_at.is_some());
    assert!(matches!(&items[4].content, Content::Event(Event::Account { event: Some(e) })
        if e == "ACCOUNT_RESTRICTION"));
}

#[test]
fn events_of_account_number_and_templates() {
    let Event::TemplateStatus { template, event: rejected, reason } = event("message-template-status-update")
    else {
        panic!()
    };
    assert_eq!(template.id.as_deref(), Some("1689556900000001"));
    assert_eq!((rejected.as_str(), template.language.as_deref()), ("REJECTED", Some("es")));
    assert!(reason.unwrap().contains("next to each other"));
    assert!(matches!(event("message-template-quality-update"),
        Event::TemplateQuality { current: Some(c), .. } if c == "YELLOW"));
    assert!(matches!(event("template-category-update"),
        Event::TemplateCategory { current: Some(c), .. } if c == "MARKETING"));
    assert!(matches!(event("phone-number-quality-update"), Event::PhoneQuality { event: Some(_), .. }));
    assert!(matches!(
        event("business-capability-update"),
        Event::Capability { daily_conversations: Some(2000), phone_numbers: Some(25) }
    ));
    assert!(event("account-update").is_alarming());
    // What is no trouble is none, under whatever name it comes.
    let told = |name: &str, from: &str, to: &str| {
        let json = example(name).unwrap();
        assert!(json.contains(from), "{name}");
        match parse(json.replace(from, to).as_bytes()).items.remove(0).content {
            Content::Event(event) => event.is_alarming(),
            other => panic!("{other:?}"),
        }
    };
    let account = |to: &str| told("account-update", "DISABLED_UPDATE", to);
    assert!(account("ACCOUNT_DELETED") && account("PARTNER_REMOVED") && account("OF_TOMORROW"));
    assert!(!told("account-update", "\"DISABLE\"", "\"REINSTATE\""), "the ban is lifted");
    for harmless in ["PARTNER_ADDED", "VERIFIED_ACCOUNT", "ACCOUNT_RECONNECTED"] {
        assert!(!account(harmless), "{harmless}");
    }
    assert!(event("template-category-update").is_alarming(), "it is marketing now, and costs more");
    assert!(!told("template-category-update", "\"MARKETING\"", "\"AUTHENTICATION\""));
}

#[test]
fn what_people_choose_and_become() {
    let Event::Preference { person, value, at, .. } = event("user-preferences") else { panic!() };
    assert_eq!(value.as_deref(), Some("stop"));
    assert_eq!(person.wa_id.unwrap().as_str(), "15550190002");
    assert_eq!(at.unwrap().unix_timestamp(), 1_788_004_000);
    let Event::UserIdChanged { person, previous, current, .. } = event("user-id-update") else { panic!() };
    assert_eq!(previous.unwrap().as_str(), "US.4100200300400500600");
    assert_eq!(current.as_ref().unwrap().as_str(), "US.4100200300400500999");
    assert_eq!(person.user_id, current);
}

#[test]
fn an_echo_is_not_inbound() {
    let parsed = parse(example("message-echo").unwrap().as_bytes());
    assert_eq!(parsed.messages().count(), 0);
    let Content::Echo(echo) = &parsed.items[0].content else { panic!() };
    assert_eq!(echo.to.as_ref().unwrap().wa_id.as_ref().unwrap().as_str(), "15550190002");
    assert_eq!(echo.sender.wa_id.as_ref().unwrap().as_str(), "15550100001");
}

#[test]
fn a_quality_update_under_the_field_of_a_status_update() {
    let json = example("message-template-quality-update")
        .unwrap()
        .replace("message_template_quality_update", "message_template_status_update");
    let parsed = parse(json.as_bytes());
    assert!(matches!(parsed.items[0].content, Content::Event(Event::TemplateQuality { .. })));
}
