//! Words that nobody may read: a password that its sender was asked for is taken out of the delivery and of its message
//! before any of it is written.

use acuse_conversation::Intent;
use acuse_pipeline::phone;
use serde_json::Value;

use super::{Identity, InboundDelivery, InboundItem, InboundMessage};
use crate::{
    cases::{self, PASSWORD, Worded},
    catalog::Catalog,
    error::CatalogError,
    names::clean,
    sql::Tx,
};

/// The deliveries as they may be kept; none where they are so already.
pub(super) async fn taken_out(
    catalog: &Catalog,
    tx: &mut Tx,
    deliveries: &[InboundDelivery],
) -> Result<Option<Vec<InboundDelivery>>, CatalogError> {
    let worded = |item: &InboundItem| matches!(item, InboundItem::Message(m) if may_be_one(m));
    if !deliveries.iter().any(|d| d.items.iter().any(worded)) || !cases::passwords_are_awaited(tx).await? {
        return Ok(None);
    }
    let changes: Vec<(&str, &str)> = deliveries.iter().flat_map(|d| &d.items).filter_map(renamed).collect();
    let mut kept: Option<Vec<InboundDelivery>> = None;
    for (place, delivery) in deliveries.iter().enumerate() {
        for (at, item) in delivery.items.iter().enumerate() {
            let InboundItem::Message(message) = item else { continue };
            if !may_be_one(message) || !take(catalog, tx, message, &changes).await? {
                continue;
            }
            let all = kept.get_or_insert_with(|| deliveries.to_vec());
            if let Some(delivery) = all.get_mut(place) {
                redact(delivery, at);
            }
        }
    }
    Ok(kept)
}

/// The names of one who goes by another, the old one first.
fn renamed(item: &InboundItem) -> Option<(&str, &str)> {
    match item {
        InboundItem::AliasChange { old, new, .. } => Some((old.1.as_str(), new.1.as_str())),
        _ => None,
    }
}

/// By which names a sender went before the changes that come with their message: those stand in no row yet.
fn before<'a>(identity: &Identity, changes: &[(&'a str, &'a str)]) -> Vec<&'a str> {
    let said = [&identity.wa_id, &identity.bsuid, &identity.parent_bsuid];
    let mut known: Vec<String> = said.into_iter().flatten().cloned().collect();
    known.extend(identity.wa_id.as_deref().and_then(phone::other_form));
    let mut earlier = Vec::new();
    for (old, new) in changes.iter().rev() {
        if known.iter().any(|name| name == new) && !known.iter().any(|name| name == old) {
            known.push((*old).to_owned());
            earlier.push(*old);
        }
    }
    earlier
}

/// A whole message that means something else is none. What stands under a PDF may be one: it is sent again with it.
fn may_be_one(message: &InboundMessage) -> bool {
    let is_text = matches!(message.kind.as_str(), "text" | "edit") && message.media.is_none();
    (is_text || is_pdf(message))
        && message
            .body
            .as_deref()
            .is_some_and(|words| !words.trim().is_empty() && Intent::of(words).is_none())
}

fn is_pdf(message: &InboundMessage) -> bool {
    let Some(media) = message.media.as_ref().filter(|_| message.kind == "document") else { return false };
    let named = media.declared.filename.as_deref().unwrap_or_default().to_lowercase();
    media.declared.media_type.as_deref() == Some("application/pdf") || named.ends_with(".pdf")
}

/// Whether the message is one; then its words are sealed, where a question waits for them.
async fn take(
    catalog: &Catalog,
    tx: &mut Tx,
    message: &InboundMessage,
    changes: &[(&str, &str)],
) -> Result<bool, CatalogError> {
    let (number, wamid) = (clean(&message.phone_number_id), clean(&message.wamid));
    let reply_to = message.reply_to.as_deref().map(clean);
    let as_then = |name: &str| Identity { wa_id: Some(name.to_owned()), ..Identity::default() };
    let earlier: Vec<Identity> = before(&message.identity, changes).into_iter().map(as_then).collect();
    for identity in std::iter::once(&message.identity).chain(&earlier) {
        let worded = Worded {
            identity,
            phone_number_id: &number,
            wamid: &wamid,
            words: message.body.as_deref().unwrap_or_default(),
            reply_to: reply_to.as_deref(),
        };
        let Some(secret) = cases::is_password(catalog, tx, &worded, message.kind == "edit").await? else {
            continue;
        };
        if let Some(secret) = secret {
            cases::keep_password(tx, &worded, &secret).await?;
        }
        return Ok(true);
    }
    Ok(false)
}

/// Takes the words of the item out of its delivery: out of the message, its raw form, and the body as it came.
fn redact(delivery: &mut InboundDelivery, at: usize) {
    let Some(InboundItem::Message(message)) = delivery.items.get_mut(at) else { return };
    let Some(words) = message.body.replace(PASSWORD.to_owned()) else { return };
    if let Some(media) = &mut message.media {
        media.declared.caption = Some(PASSWORD.to_owned());
    }
    // A body that cannot be taken apart is not kept at all.
    message.raw = masked(message.raw.as_bytes(), None, &words).unwrap_or_else(|| "{}".to_owned());
    let body = masked(&delivery.body, Some(&message.wamid), &words);
    delivery.body = body.map(String::into_bytes).unwrap_or_default();
}

/// JSON in which these words stand nowhere in the message of this id (in all of it without one).
fn masked(json: &[u8], wamid: Option<&str>, words: &str) -> Option<String> {
    let mut value: Value = serde_json::from_slice(json).ok()?;
    mask(&mut value, wamid, words);
    Some(value.to_string())
}

fn mask(value: &mut Value, wamid: Option<&str>, words: &str) {
    match value {
        Value::String(text) if wamid.is_none() && text.contains(words) => PASSWORD.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| mask(item, wamid, words)),
        Value::Object(members) => {
            let is_it = wamid.is_some_and(|id| members.get("id").and_then(Value::as_str) == Some(id));
            let wamid = wamid.filter(|_| !is_it);
            members.values_mut().for_each(|member| mask(member, wamid, words));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_go_and_what_others_said_stays() {
        let body = r#"{"entry":[{"changes":[{"value":{"messages":[
            {"id":"a","text":{"body":"secreto"}},{"id":"b","text":{"body":"secreto"}}]}}]}]}"#;
        let kept = masked(body.as_bytes(), Some("a"), "secreto").unwrap();
        assert!(kept.contains(r#"{"id":"a","text":{"body":"[password]"}}"#), "{kept}");
        assert!(kept.contains(r#"{"id":"b","text":{"body":"secreto"}}"#), "{kept}");
        assert_eq!(
            masked(br#"{"text":{"body":"x"}}"#, None, "x").unwrap(),
            r#"{"text":{"body":"[password]"}}"#
        );
        assert_eq!(masked(b"not json", None, "x"), None);
    }
}
