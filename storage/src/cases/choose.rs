//! Choices that a case offers, and the taps on them: one counts, and whoever taps in vain is told why.

use acuse_conversation::{Choice, End, Expects, Judged, Kind, Offer, Stands, State, Tap, judge, said};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Held, approve, ask, authorize, get, hold_contact, person};
use crate::{
    error::CatalogError,
    names::{CaseId, ContactId, at, json, micros, to_json},
    outbox::{self, NewReply, Purpose, Saying},
    sql::Tx,
};

/// A choice as its row keeps it.
#[derive(Serialize, Deserialize)]
struct Kept {
    key: String,
    title: String,
}

/// Makes an offer to the contact of a case; payload and title of each choice, for the message that makes it.
pub(crate) async fn offer(
    tx: &mut Tx,
    of: (CaseId, ContactId),
    choices: &[Choice],
    until: OffsetDateTime,
) -> Result<Vec<(String, String)>, CatalogError> {
    offer_bound(tx, of, choices, until, None).await
}

/// The identity to which the offers of a case are bound: the one to which its first was, else the one that the contact has
/// now; none where Meta told of none.
pub(super) async fn identity_of(
    tx: &mut Tx,
    (case, contact): (CaseId, ContactId),
) -> Result<Option<String>, CatalogError> {
    let (first,) = one!(
        tx,
        (Option<String>,),
        "SELECT COALESCE((SELECT o.identity_key_hash FROM choices o WHERE o.case_id = $1 \
           AND o.identity_key_hash IS NOT NULL ORDER BY o.created_at, o.nonce LIMIT 1), \
           (SELECT c.identity_key_hash FROM contacts c WHERE c.id = $2))",
        case.0,
        contact.0
    )?;
    Ok(first)
}

/// The same offer, which counts for this identity only, where there is one.
pub(super) async fn offer_bound(
    tx: &mut Tx,
    (case, contact): (CaseId, ContactId),
    choices: &[Choice],
    until: OffsetDateTime,
    identity: Option<&str>,
) -> Result<Vec<(String, String)>, CatalogError> {
    let nonce = format!("{:032x}", rand::random::<u128>());
    let kept: Vec<Kept> =
        choices.iter().map(|c| Kept { key: c.key.clone(), title: c.title.clone() }).collect();
    let present = micros(tx.now());
    execute!(
        tx,
        "INSERT INTO choices (nonce, case_id, contact_id, options, expires_at, created_at, identity_key_hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        nonce.as_str(),
        case.0,
        contact.0,
        to_json("choices", &kept)?,
        micros(until),
        present,
        identity
    )?;
    let payload = |place| Tap { case: case.0.as_u128(), nonce: nonce.clone(), place }.payload();
    Ok(choices.iter().enumerate().map(|(place, c)| (payload(place), c.title.clone())).collect())
}

/// A tap that has just come in.
#[derive(Clone, Copy)]
pub(crate) struct Tapped<'a> {
    /// The message that brought it.
    pub id: Uuid,
    pub contact: ContactId,
    pub phone_number_id: &'a str,
    pub payload: &'a str,
    /// By which key the telephone that tapped is known, where Meta says so.
    pub identity_key_hash: Option<&'a str>,
}

/// A tap that counts: on what, and by which message.
pub(super) struct Chosen {
    pub message: Uuid,
    pub key: String,
    pub title: String,
}

type Row = (Uuid, Uuid, String, i64, Option<i64>, Option<String>);

/// Somebody tapped a choice. Whether it is one of ours; then it is dealt with.
pub(crate) async fn tapped(tx: &mut Tx, tapped: Tapped<'_>) -> Result<bool, CatalogError> {
    let Some(tap) = Tap::read(tapped.payload) else { return Ok(false) };
    let held = get(tx, CaseId(Uuid::from_u128(tap.case))).await?;
    if let Some(held) = &held {
        hold_contact(tx, held.contact).await?;
    }
    // Under the lock once more: another tap may have been first.
    let held = get(tx, CaseId(Uuid::from_u128(tap.case))).await?;
    let row = optional!(
        tx,
        Row,
        "SELECT case_id, contact_id, options, expires_at, taken, identity_key_hash FROM choices \
         WHERE nonce = $1 AND case_id = $2",
        tap.nonce.as_str(),
        Uuid::from_u128(tap.case)
    )?;
    let mut options: Vec<Kept> = Vec::new();
    let mut offer = None;
    if let Some((_, contact, kept, until, taken, identity)) = &row {
        options = json("choices", "options", kept)?;
        let stands = match &held {
            Some(held) => stands(tx, held).await?,
            None => Stands::Over,
        };
        offer = Some(Offer {
            choices: options.len(),
            taken: taken.and_then(|place| usize::try_from(place).ok()),
            until: at("choices", "expires_at", *until)?,
            stands,
            is_theirs: *contact == tapped.contact.0,
            is_same: is_same(tx, tapped, identity.as_deref()).await?,
        });
    }
    let judged = judge(offer.as_ref(), tap.place, tx.now());
    match (judged, held) {
        (Judged::Counts, Some(held)) if tap.place < options.len() => {
            let chosen = options.swap_remove(tap.place);
            take(tx, &tap, tapped.id).await?;
            counts(tx, held, Chosen { message: tapped.id, key: chosen.key, title: chosen.title }).await?;
        }
        (judged, _) => {
            let taken = match judged {
                Judged::Taken(place) => options.get(place).map(|kept| kept.title.clone()),
                Judged::Soon => in_vain(tx, &tap).await.map(|()| None)?,
                _ => None,
            };
            refuse(tx, tapped, judged, &taken.unwrap_or_default()).await?;
        }
    }
    Ok(true)
}

/// Whether a choice can be made still: while its question waits for one, and, of what was asked of a sender or an approver,
/// as long as its buttons count: whoever has it meanwhile, and though nobody is reminded of it any more. An approver's, while
/// what they are asked about waits for them.
async fn stands(tx: &mut Tx, held: &Held) -> Result<Stands, CatalogError> {
    let waits = held.case.expects == Some(Expects::Choice);
    let is_open = match (held.case.kind, held.case.state) {
        (Kind::Approval, State::Waiting | State::Human) if waits => return approve::stands(tx, held).await,
        (Kind::Approval, _) => false,
        (_, State::Waiting) | (Kind::Ask, State::Human) => waits,
        (Kind::Ask, State::Closed(End::Expired)) if held.subject == authorize::SUBJECT => true,
        (Kind::Ask, State::Closed(End::Expired)) => ask::can_be_chosen(tx, held).await?,
        _ => false,
    };
    Ok(if is_open { Stands::Open } else { Stands::Over })
}

/// Whether whoever tapped is known by the key to which an offer is bound. Where a tap does not say, what was last known counts.
async fn is_same(tx: &mut Tx, tapped: Tapped<'_>, bound: Option<&str>) -> Result<bool, CatalogError> {
    let Some(bound) = bound else { return Ok(true) };
    if let Some(now) = tapped.identity_key_hash {
        return Ok(now == bound);
    }
    let sql = "SELECT identity_key_hash FROM contacts WHERE id = $1";
    let known = optional!(tx, (Option<String>,), sql, tapped.contact.0)?;
    Ok(known.and_then(|(known,)| known).as_deref() == Some(bound))
}

async fn take(tx: &mut Tx, tap: &Tap, message: Uuid) -> Result<(), CatalogError> {
    let present = micros(tx.now());
    execute!(
        tx,
        "UPDATE choices SET taken = $2, taken_at = $3, message_id = $4 WHERE nonce = $1 AND taken IS NULL",
        tap.nonce.as_str(),
        i64::try_from(tap.place).unwrap_or(i64::MAX),
        present,
        message
    )
    .map(drop)
}

/// A tap that does not count yet leaves its choices as they are; who made it is asked again once one does.
async fn in_vain(tx: &mut Tx, tap: &Tap) -> Result<(), CatalogError> {
    let present = micros(tx.now());
    let sql = "UPDATE choices SET tapped_at = $2 WHERE nonce = $1 AND taken IS NULL";
    execute!(tx, sql, tap.nonce.as_str(), present).map(drop)
}

async fn counts(tx: &mut Tx, held: Held, chosen: Chosen) -> Result<(), CatalogError> {
    tracing::info!(case_id = %held.id, kind = held.case.kind.as_str(), "a choice was made");
    match held.case.kind {
        Kind::Ask if held.subject == authorize::SUBJECT => authorize::chosen(tx, held, &chosen).await,
        Kind::Ask => ask::chosen(tx, held, &chosen).await,
        Kind::Approval => approve::chosen(tx, held, &chosen).await,
        // No other kind offers any.
        _ => Ok(()),
    }
}

/// What changes nothing is told to whoever tapped.
async fn refuse(tx: &mut Tx, tapped: Tapped<'_>, judged: Judged, taken: &str) -> Result<(), CatalogError> {
    let language = person(tx, tapped.contact).await?.language;
    let judged = if judged == Judged::Counts { Judged::Over } else { judged };
    let Some(body) = said::tap(judged, taken, language) else { return Ok(()) };
    let reply = NewReply {
        purpose: Purpose::TapRefused,
        body,
        language: language.as_str().to_owned(),
        nonce: tapped.id.to_string(),
    };
    let saying = Saying {
        document: None,
        case: None,
        contact: tapped.contact,
        phone_number_id: Some(tapped.phone_number_id),
        category: None,
    };
    outbox::queue(tx, saying, &reply).await
}
