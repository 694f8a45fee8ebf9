//! Which of what a sender was asked for a file of theirs answers: the one whose question they answer, else the one for which
//! most speaks. What is of another kind is no answer.

use std::collections::BTreeSet;

use acuse_pipeline::{
    document::Kind as DocumentKind,
    intake::fingerprint::distance,
    reading::Fingerprint,
    reason::{Reason, ReasonCode},
};
use uuid::Uuid;

use super::is_of_one;
use crate::{
    documents::{Document, Extracted, NEAR},
    error::CatalogError,
    names::{DocumentId, json as json_of, word},
    sql::Tx,
};

/// A document that was asked for, by what is known of it: id, kind, number, party, total, fingerprint.
pub(super) type Asked = (Uuid, Option<String>, Option<String>, Option<String>, Option<String>, Option<i64>);

/// Which of what was asked for a file answers, and how we know.
pub(super) async fn which(
    tx: &mut Tx,
    document: &Document,
    asked: &[Asked],
) -> Result<Option<(DocumentId, &'static str)>, CatalogError> {
    match of_reply(tx, document, asked).await? {
        Some(id) => Ok(Some((id, "reply"))),
        None => of_content(document, asked),
    }
}

/// The one that they say it is, by the message of ours which they answer. What is of another kind is something else all the
/// same, unless nobody could read what was asked for, so that its kind is a guess.
async fn of_reply(
    tx: &mut Tx,
    document: &Document,
    asked: &[Asked],
) -> Result<Option<DocumentId>, CatalogError> {
    let replied = replied_to(tx, document).await?;
    for one in asked.iter().filter(|one| replied.contains(&one.0)) {
        let id = DocumentId(one.0);
        if is_of_its_kind(document, one)? || is_guessed(tx, id).await? {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// Whether a file can be what was asked for by what both are, as far as that is known.
fn is_of_its_kind(document: &Document, asked: &Asked) -> Result<bool, CatalogError> {
    let known = document.kind.filter(|kind| *kind != DocumentKind::Other);
    let kind = kind_of(asked)?;
    Ok(kind.is_none() || known.is_none() || kind == known)
}

fn kind_of(asked: &Asked) -> Result<Option<DocumentKind>, CatalogError> {
    let kind: Option<DocumentKind> =
        asked.1.as_deref().map(|kind| word("documents", "kind", kind)).transpose()?;
    Ok(kind.filter(|kind| *kind != DocumentKind::Other))
}

/// Whether what a document is was guessed of what could not be read well.
async fn is_guessed(tx: &mut Tx, document: DocumentId) -> Result<bool, CatalogError> {
    let unsure = |reason: &Reason| matches!(reason.code, ReasonCode::Unreadable | ReasonCode::LowConfidence);
    Ok(reasons_of(tx, document).await?.iter().any(unsure))
}

/// Why a document waits.
pub(super) async fn reasons_of(tx: &mut Tx, document: DocumentId) -> Result<Vec<Reason>, CatalogError> {
    match optional!(tx, (String,), "SELECT reasons FROM documents WHERE id = $1", document.0)? {
        Some((reasons,)) => json_of("documents", "reasons", &reasons),
        None => Ok(Vec::new()),
    }
}

/// The documents that the message of ours was about which this file's message answers.
async fn replied_to(tx: &mut Tx, document: &Document) -> Result<BTreeSet<Uuid>, CatalogError> {
    let Some(message) = document.message_id else { return Ok(BTreeSet::new()) };
    let rows = all!(
        tx,
        (Option<Uuid>, Option<Uuid>, String, String),
        "SELECT o.document_id, cd.document_id, o.purpose, o.payload FROM messages m \
           JOIN outbox o ON o.wamid = m.reply_to \
           LEFT JOIN case_documents cd ON cd.case_id = o.case_id AND cd.role = 'asked' WHERE m.id = $1 LIMIT 50",
        message.0
    )?;
    let mut about = BTreeSet::new();
    for (direct, by_case, purpose, payload) in rows {
        if is_of_one(&purpose, &payload)? {
            about.extend(direct.into_iter().chain(by_case));
        }
    }
    Ok(about)
}

/// What speaks for a file being the answer to what was asked for, the least first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Evidence {
    /// Nothing does.
    Nothing,
    /// Its party or its total is the same.
    Party,
    /// It looks the same.
    Looks,
    /// Its number is the same, or both party and total are.
    Number,
}

/// The one for which most speaks, or the only one that it can be.
fn of_content(
    document: &Document,
    asked: &[Asked],
) -> Result<Option<(DocumentId, &'static str)>, CatalogError> {
    let mut can_be = Vec::new();
    for one in asked {
        if is_of_its_kind(document, one)? {
            can_be.push((one.0, evidence(document, one, kind_of(one)?.is_some())));
        }
    }
    let most = can_be.iter().map(|(_, evidence)| *evidence).max();
    let best: Vec<Uuid> =
        can_be.iter().filter(|(_, evidence)| Some(*evidence) == most).map(|(id, _)| *id).collect();
    let taken = if most > Some(Evidence::Nothing) { "match" } else { "only" };
    Ok(match best.as_slice() {
        [one] => Some((DocumentId(*one), taken)),
        _ => None,
    })
}

/// What speaks for it. Of what nobody knows what it is only its looks do, and what has another number is another.
fn evidence(document: &Document, asked: &Asked, is_known: bool) -> Evidence {
    let (_, _, number, party, total, fingerprint) = asked;
    let keys = Extracted::from(&document.fields);
    let equal = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
    let differ = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some() && a != b;
    if is_known && differ(number, &keys.number) {
        return Evidence::Nothing;
    }
    let (same_party, same_total) = (equal(party, &keys.party), equal(total, &keys.total));
    if is_known && (equal(number, &keys.number) || same_party && same_total) {
        return Evidence::Number;
    }
    let own = document.fingerprint.filter(|own| own.0 != 0);
    let theirs = fingerprint.map(|bits| Fingerprint(bits.cast_unsigned()));
    if own.zip(theirs).is_some_and(|(own, theirs)| distance(own, theirs) <= NEAR) {
        return Evidence::Looks;
    }
    if is_known && (same_party || same_total) { Evidence::Party } else { Evidence::Nothing }
}
