//! How an approver sees what they are asked about: in words that fit above the buttons, and in a picture where everybody may
//! see its document.

use acuse_conversation::{
    Policies,
    language::Language,
    said::{self, Approval as Said},
    wording::particulars,
};

use super::{by_rule, get};
use crate::{
    access::Sensitivity,
    attachments, documents,
    error::CatalogError,
    names::{ApprovalId, AttachmentId, cut},
    sql::Tx,
};

/// What fits above buttons beside the words around it, characters (Meta takes 1024).
const SAID_CHARS: usize = 980;

/// How an approver sees the document that they are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Beside the words.
    InPicture,
    /// At the desk, where the words say that it is.
    AtDesk,
}

/// The picture that goes with the question of an approval, where its document has one that everybody may see.
pub(crate) async fn picture(tx: &mut Tx, id: ApprovalId) -> Result<Option<AttachmentId>, CatalogError> {
    let Some(document) = get(tx, id).await?.and_then(|approval| approval.document_id) else {
        return Ok(None);
    };
    match documents::lookup(tx, document).await? {
        Some(known) => attachments::of_document(tx, &known).await,
        None => Ok(None),
    }
}

/// What an approver is asked about, in words: of a document only what everybody may see, and no number of a tax office
/// or a bank. Of one that not everybody may see nothing is told but where at the desk it is.
pub(crate) async fn in_words(
    tx: &mut Tx,
    id: ApprovalId,
    language: Language,
    seen: Seen,
) -> Result<String, CatalogError> {
    let Some(approval) = get(tx, id).await? else { return Ok(String::new()) };
    let differs =
        by_rule::differs(tx, id).await?.map(|how| said::approval(how, language)).unwrap_or_default();
    let mut shown = String::new();
    if let Some(document) = approval.document_id
        && let Some(known) = documents::lookup(tx, document).await?
    {
        let policies = tx.policies();
        let desk = policies.as_deref().and_then(Policies::desk);
        let place = desk.map(|desk| format!("{desk}/documents/{document}"));
        let is_open = known.sensitivity == Sensitivity::Open;
        let words = if is_open {
            particulars(&known.fields, language).join(", ")
        } else {
            said::approval(Said::Withheld, language)
        };
        shown = match place.filter(|_| !is_open || seen == Seen::AtDesk) {
            Some(place) if words.is_empty() => place,
            Some(place) => format!("{words}: {place}"),
            None => words,
        };
    }
    let taken = differs.chars().count() + shown.chars().count();
    let question = cut(&approval.question, SAID_CHARS.saturating_sub(taken));
    let parts: Vec<String> = [differs, question, shown].into_iter().filter(|part| !part.is_empty()).collect();
    Ok(parts.join(". "))
}
