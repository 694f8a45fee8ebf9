//! Links to a document's bytes that need no key: signed by the key file, served by Acuse, good for five minutes.
//!
//! The link says whether who asked may see IDs, and who they are and by which key, sealed, for a link is passed on: what it leads
//! to is withheld and scanned when it is followed, as it is then, as far as that key reaches by then, and audited as theirs.

use acuse_storage::{Access, DocumentId, KeyFile, names::KeyId};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{LINK, Query, Variant};
use crate::access::Caller;

/// Where links are followed.
pub const ROUTE: &str = "/v1/links/{link}";
/// Before what a link's signature is of, so that it is good for nothing else.
const PURPOSE: &[u8] = b"acuse link 1\n";
/// Whose the sealed name in a link is: it opens nowhere else.
const ASKER: &str = "link";
/// Whose the sealed key in a link is.
const KEY: &str = "key of a link";
/// Longest text of a link.
const MOST_CHARS: usize = 2_048;

/// What a link says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Link {
    /// To which document.
    pub(crate) document: DocumentId,
    /// In which form.
    pub(crate) variant: Variant,
    /// To which page.
    pub(crate) page: Option<u32>,
    /// Unix seconds.
    until: i64,
    /// Whether who asked may see IDs.
    pub(crate) ids: bool,
    /// Who asked, sealed; absent of a link that a version before gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    /// By which key, sealed; absent of what a person asked for, and of a link that a version before gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

impl Link {
    /// By which key it was asked for, if by one.
    pub(crate) fn key(&self, keys: &KeyFile) -> Option<KeyId> {
        keys.open_secret(KEY, self.key.as_deref()?)?.parse().ok()
    }

    /// Who follows it: whoever got it, with the access of whoever asked.
    pub(crate) fn caller(&self, keys: &KeyFile, access: Access) -> Caller {
        let asker = self.by.as_deref().and_then(|by| keys.open_secret(ASKER, by));
        Caller::of_link(asker, access)
    }
}

fn text_of(json: &[u8]) -> Vec<u8> {
    [PURPOSE, json].concat()
}

/// The address of a link to what `caller` has just been permitted.
pub(super) fn signed(
    keys: &KeyFile,
    caller: &Caller,
    document: DocumentId,
    query: &Query,
    now: OffsetDateTime,
) -> String {
    let until = (now + LINK).unix_timestamp();
    let by = keys.seal_secret(ASKER, &caller.actor);
    let key = caller.key.and_then(|key| keys.seal_secret(KEY, &key.to_string()));
    let ids = caller.access().sees_ids();
    let link = Link { document, variant: query.variant, page: query.page, until, ids, by, key };
    // A struct of plain members is always JSON.
    let json = serde_json::to_vec(&link).unwrap_or_default();
    let signature = keys.sign(&text_of(&json));
    ROUTE.replace("{link}", &format!("{}.{}", BASE64.encode(&json), BASE64.encode(signature)))
}

/// What a link says, if it is one of ours and its time is not over.
pub(crate) fn read(keys: &KeyFile, text: &str, now: OffsetDateTime) -> Option<Link> {
    let (json, signature) = Some(text).filter(|t| t.len() <= MOST_CHARS)?.split_once('.')?;
    let (json, signature) = (BASE64.decode(json).ok()?, BASE64.decode(signature).ok()?);
    if !keys.signed(&text_of(&json), &signature) {
        return None;
    }
    serde_json::from_slice::<Link>(&json).ok().filter(|link| now.unix_timestamp() < link.until)
}

#[cfg(test)]
mod tests {
    use acuse_storage::keys::Scope;

    use super::*;

    #[test]
    fn a_link_is_good_for_its_time_and_for_what_it_says() {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFile::open_or_create(&folder.path().join("acuse.key")).unwrap();
        let query = Query { variant: Variant::Normalized, page: Some(2), presign: true };
        let id = DocumentId::generate();
        let now = time::macros::datetime!(2026-09-01 12:00 UTC);
        let mut asker = Caller::of_key(&"é".repeat(100), &[Scope::DocumentsRead, Scope::IdsRead]);
        asker.key = Some(KeyId::generate());
        let address = signed(&keys, &asker, id, &query, now);
        let text = address.strip_prefix("/v1/links/").unwrap();
        let link = read(&keys, text, now).unwrap();
        assert_eq!(
            (link.document, link.variant, link.page, link.ids),
            (id, Variant::Normalized, Some(2), true)
        );
        assert_eq!(link.key(&keys), asker.key);
        let caller = link.caller(&keys, Access::new(link.ids));
        assert_eq!((caller.actor, asker.actor.starts_with("key:é")), (asker.actor.clone(), true));
        assert!(
            !BASE64
                .decode(text.split_once('.').unwrap().0)
                .unwrap()
                .windows(2)
                .any(|two| two == "é".as_bytes())
        );
        assert_eq!(read(&keys, text, now + LINK + LINK), None, "its time is over");
        let (json, signature) = text.split_once('.').unwrap();
        let other = Link { document: DocumentId::generate(), ..link };
        let forged = BASE64.encode(serde_json::to_vec(&other).unwrap());
        for bad in [format!("{forged}.{signature}"), format!("{json}."), json.to_owned(), "x".repeat(3_000)] {
            assert_eq!(read(&keys, &bad, now), None, "{bad}");
        }
        let others = KeyFile::open_or_create(&folder.path().join("others.key")).unwrap();
        assert_eq!(read(&others, text, now), None);
        let older = Link { by: None, key: None, ..other };
        assert_eq!(older.caller(&keys, Access::new(true)).actor, "link", "as a version before gave it");
        assert_eq!(older.key(&keys), None);
    }
}
