//! A person's decision, from the API or the desk: checked, turned into the catalog's terms, and told to the sender.

use std::collections::BTreeMap;

use acuse_pipeline::{
    document::{Kind, Status},
    fields::{Field, FieldName, Fields, Source},
    part::Part,
};
use acuse_storage::{
    CustomerId, Document, DocumentId, ReviewId,
    reviews::{Decision, Resolved},
    split::Split,
};
use serde::Deserialize;
use time::{Date, macros::format_description};

use crate::{
    app::App,
    http::{auth::Caller, problem::Problem},
};

/// What a person can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// File it as it was read.
    Approve,
    /// File it with other fields or as another kind.
    Correct,
    /// Refuse it.
    Reject,
    /// Refuse it and ask for a better one.
    AskAgain,
    /// It is several documents.
    Split,
}

/// A decision as asked for, unchecked.
#[derive(Debug)]
pub struct Ask {
    /// What.
    pub verdict: Verdict,
    /// What it is, when the reader was wrong.
    pub kind: Option<Kind>,
    /// New values; `None` takes a field away.
    pub fields: BTreeMap<FieldName, Option<String>>,
    /// Whose it is.
    pub customer_id: Option<CustomerId>,
    /// Why.
    pub note: Option<String>,
    /// The version that the person looked at.
    pub seen_version: Option<i64>,
    /// The documents that it is, when it is several.
    pub parts: Option<Vec<Part>>,
}

/// What became of a decision.
#[derive(Debug)]
pub struct Decided {
    /// Where the document stands now.
    pub status: Status,
    /// The documents that it was split into, itself first.
    pub documents: Vec<DocumentId>,
}

/// Longest value of a corrected field and of a note, characters.
const TEXT_CHARS: usize = 500;

/// Decides a review.
///
/// # Errors
/// 400 for a decision that cannot be, 404 and 409 when the review is gone, held by another, or its document changed.
pub async fn decide(app: &App, caller: &Caller, id: ReviewId, ask: Ask) -> Result<Decided, Problem> {
    let review = app.catalog.review(id).await?.ok_or(Problem::NotFound("review"))?;
    let decided = || Problem::Conflict("this review is decided already".to_owned());
    if review.resolved_at.is_some() {
        return Err(decided());
    }
    let document = app.catalog.document(review.document_id).await?.ok_or(Problem::NotFound("document"))?;
    if let Some(customer) = ask.customer_id {
        app.catalog.customer(customer).await?.ok_or(Problem::NotFound("customer"))?;
    }
    let seen_version = ask.seen_version;
    let decision = checked(ask, &document).map_err(Problem::BadRequest)?;
    let reply = app.reply_to_decision(&document, &decision).await?;
    match app.catalog.resolve_review(id, &caller.actor, seen_version, &decision, reply.as_ref()).await? {
        Resolved::Done(status) => Ok(Decided { status, documents: Vec::new() }),
        Resolved::Split(documents) => Ok(Decided { status: Status::Processing, documents }),
        Resolved::HeldBy(by) => Err(Problem::Conflict(format!("{by} holds this review"))),
        Resolved::Changed(version) => {
            Err(Problem::Conflict(format!("the document changed meanwhile (version {version}); look again")))
        }
        Resolved::AlreadyResolved => Err(decided()),
        Resolved::Missing => Err(Problem::NotFound("review")),
    }
}

fn checked(ask: Ask, document: &Document) -> Result<Decision, String> {
    let note = ask.note.map(|n| n.trim().to_owned()).filter(|n| !n.is_empty());
    if note.as_deref().is_some_and(|n| n.chars().count() > TEXT_CHARS) {
        return Err(format!("note: at most {TEXT_CHARS} characters"));
    }
    if ask.parts.is_some() && ask.verdict != Verdict::Split {
        return Err("parts: only with the decision split".to_owned());
    }
    match ask.verdict {
        Verdict::Split if !ask.fields.is_empty() || ask.kind.is_some() || ask.customer_id.is_some() => {
            Err("split says only which parts it has; each of them is then read by itself".to_owned())
        }
        Verdict::Split => {
            let parts =
                ask.parts.ok_or("parts: say which pages, or which places on a page, are a document")?;
            let split = Split::of_document(document, parts).map_err(|error| error.to_string())?;
            Ok(Decision::Split { split, note })
        }
        Verdict::Approve if !ask.fields.is_empty() || ask.kind.is_some_and(|k| Some(k) != document.kind) => {
            Err("approve files it as it was read; to change fields or kind use correct".to_owned())
        }
        Verdict::Approve if document.kind.is_none() => {
            Err("nobody knows what it is: use correct with a kind, reject or ask_again".to_owned())
        }
        Verdict::Approve => Ok(Decision::Approve { customer_id: ask.customer_id }),
        Verdict::Correct => {
            let kind = ask.kind.or(document.kind).ok_or("kind: say what it is")?;
            let fields = corrected(kind, &document.fields, ask.fields)?;
            Ok(Decision::Correct { kind: Some(kind), fields, customer_id: ask.customer_id })
        }
        Verdict::Reject => Ok(Decision::Reject { note: note.ok_or("note: say why it is rejected")? }),
        Verdict::AskAgain => Ok(Decision::AskAgain { note: note.unwrap_or_default() }),
    }
}

/// The fields after a correction: those named change (and are the reviewer's), others of the kind stay.
fn corrected(
    kind: Kind,
    read: &Fields,
    changes: BTreeMap<FieldName, Option<String>>,
) -> Result<Fields, String> {
    let known = FieldName::of(kind);
    let mut fields: Fields =
        read.iter().filter(|(n, _)| known.contains(n)).map(|(n, f)| (*n, f.clone())).collect();
    for (name, value) in changes {
        if !known.contains(&name) {
            return Err(format!("fields.{name}: a document of kind {kind} has no such field"));
        }
        let value = value.map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        let Some(value) = value else {
            fields.remove(&name);
            continue;
        };
        let value = sound(kind, name, &value).map_err(|why| format!("fields.{name}: {why}"))?;
        if fields.get(&name).is_some_and(|f| f.value == value) {
            continue;
        }
        fields.insert(
            name,
            Field { value: value.into(), confidence: 1.0, page: None, bbox: None, source: Source::Reviewer },
        );
    }
    Ok(fields)
}

/// A value in the form that DESIGN fixes for its field, or what to write.
fn sound(kind: Kind, name: FieldName, value: &str) -> Result<String, String> {
    if value.chars().count() > TEXT_CHARS {
        return Err(format!("at most {TEXT_CHARS} characters"));
    }
    match name {
        _ if name.is_list() => Err("a list is taken away with null, or stays as it was read".to_owned()),
        FieldName::Type => {
            let choices = name.choices(kind);
            let known = choices.iter().find(|c| **c == value);
            known.map(|c| (*c).to_owned()).ok_or_else(|| format!("write one of {}", choices.join(", ")))
        }
        _ if name.is_date() => {
            let iso = format_description!("[year]-[month]-[day]");
            Date::parse(value, iso)
                .map(|_| value.to_owned())
                .map_err(|_| "write a date as 2026-05-31".to_owned())
        }
        _ if name.is_amount() => {
            let digits = value.strip_prefix('-').unwrap_or(value);
            let (whole, cents) = digits.split_once('.').unwrap_or((digits, "0"));
            let number = |t: &str| !t.is_empty() && t.len() <= 18 && t.bytes().all(|b| b.is_ascii_digit());
            if number(whole) && number(cents) {
                Ok(value.to_owned())
            } else {
                Err("write an amount with a point, as 1234.56".to_owned())
            }
        }
        FieldName::Currency => {
            let code = value.to_uppercase();
            if code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()) {
                Ok(code)
            } else {
                Err("write an ISO 4217 code, as EUR".to_owned())
            }
        }
        _ => Ok(value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read() -> Fields {
        let field = |value: &str| Field {
            value: value.into(),
            confidence: 0.6,
            page: Some(1),
            bbox: Some([0.1, 0.1, 0.2, 0.2]),
            source: Source::Ocr,
        };
        [(FieldName::Total, field("45.00")), (FieldName::MerchantName, field("Mercado"))].into()
    }

    #[test]
    fn a_correction_changes_what_it_names_and_keeps_the_rest() {
        let changes =
            [(FieldName::Total, Some("54.00".into())), (FieldName::Currency, Some("eur".into()))].into();
        let fields = corrected(Kind::Receipt, &read(), changes).unwrap();
        assert_eq!(fields[&FieldName::Total].source, Source::Reviewer);
        assert_eq!(fields[&FieldName::Currency].value, "EUR");
        assert_eq!(fields[&FieldName::MerchantName].source, Source::Ocr);
    }

    #[test]
    fn null_takes_a_field_away_and_another_kind_drops_what_it_lacks() {
        let fields = corrected(Kind::Receipt, &read(), [(FieldName::Total, None)].into()).unwrap();
        assert!(!fields.contains_key(&FieldName::Total));
        let fields = corrected(Kind::Invoice, &read(), BTreeMap::new()).unwrap();
        assert!(fields.contains_key(&FieldName::Total) && !fields.contains_key(&FieldName::MerchantName));
    }

    #[test]
    fn values_in_another_form_are_refused_with_the_form() {
        for (name, bad) in [
            (FieldName::Total, "1.234,56"),
            (FieldName::Total, "."),
            (FieldName::Date, "31/05/2026"),
            (FieldName::Currency, "€"),
            (FieldName::Surname, "Pérez"),
        ] {
            assert!(
                corrected(Kind::Receipt, &read(), [(name, Some(bad.into()))].into()).is_err(),
                "{name} {bad}"
            );
        }
    }
}
