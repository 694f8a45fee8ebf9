//! A person's decision, from the API or the desk: checked, turned into the catalog's terms, and told to the sender.

use std::collections::BTreeMap;

use acuse_pipeline::{
    checks::{self, Warning},
    document::{Kind, Status},
    fields::{Field, FieldName, Fields, Source, Value},
    part::Part,
    reason::ReasonCode,
};
use acuse_storage::{
    CatalogError, CustomerId, Document, DocumentId, ReviewId,
    reviews::{Deciding, Decision, Overridden, Resolved, Review},
    split::Split,
};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};

use crate::{
    access,
    http::{auth::Caller, problem::Problem},
    state::App,
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
    /// Take up again what is filed or rejected.
    Reopen,
    /// Take the decision back, while it can be.
    Undo,
    /// What failed was ours: it goes round again.
    Retry,
    /// It is another one come again.
    Duplicate,
    /// Nobody is given it as the next until then.
    Postpone,
    /// It is somebody else's to decide.
    Assign,
}

/// Whose a document is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Whose {
    /// Whose it is now.
    #[default]
    Keep,
    /// Nobody's.
    Nobody,
    /// This customer's.
    Customer(CustomerId),
}

/// A decision as asked for, unchecked.
#[derive(Debug)]
pub struct Ask {
    /// What.
    pub verdict: Verdict,
    /// What it is, when the reader was wrong.
    pub kind: Option<Kind>,
    /// New values as typed; `None` takes a field away.
    pub fields: BTreeMap<FieldName, Option<Value>>,
    /// Whose it is.
    pub whose: Whose,
    /// Why.
    pub note: Option<String>,
    /// The version that the person looked at.
    pub seen_version: Option<i64>,
    /// The documents that it is, when it is several.
    pub parts: Option<Vec<Part>>,
    /// Why it is filed against the warnings.
    pub because: Option<String>,
    /// Which holder of the review they were.
    pub fence: Option<i64>,
    /// Until when it can be taken back.
    pub held_until: Option<OffsetDateTime>,
    /// Which document it is, come again.
    pub duplicate_of: Option<DocumentId>,
    /// What the sender is told, word for word, in place of the sentence of the decision.
    pub message: Option<String>,
}

/// What became of a decision.
#[derive(Debug)]
pub struct Decided {
    /// Where the document stands now.
    pub status: Status,
    /// The documents that it was split into, itself first.
    pub documents: Vec<DocumentId>,
}

/// A value that cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// At which field; none where it is about the decision.
    pub field: Option<FieldName>,
    /// What to do differently.
    pub message: String,
}

/// Why a decision was not made. Nothing changed.
#[derive(Debug)]
pub enum Refusal {
    /// As things stand it cannot be.
    Problem(Problem),
    /// Something that was said cannot be kept.
    Faults(Vec<Fault>),
    /// Something speaks against it; said again with a reason, it is done.
    Warnings(Vec<Warning>),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<CatalogError> for Refusal {
    fn from(error: CatalogError) -> Self {
        Self::Problem(error.into())
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Problem(problem) => problem,
            Refusal::Faults(faults) => {
                let said = faults.into_iter().map(|fault| match fault.field {
                    Some(field) => format!("fields.{field}: {}", fault.message),
                    None => fault.message,
                });
                Self::Unprocessable(said.collect::<Vec<_>>().join("; "))
            }
            Refusal::Warnings(warnings) => Self::Unproven(warnings),
        }
    }
}

fn fault(message: impl Into<String>) -> Vec<Fault> {
    vec![Fault { field: None, message: message.into() }]
}

/// Longest note, characters.
const NOTE_CHARS: usize = 500;

/// A review that `caller` may decide, with its document.
///
/// # Errors
/// 404 where it does not exist for them; 403 where its document is withheld from them.
pub async fn of(app: &App, caller: &Caller, id: ReviewId) -> Result<(Review, Document), Problem> {
    let review = app.catalog.review(id).await?.ok_or(Problem::NotFound("review"))?;
    let document = app.catalog.document_for(caller.access(), review.document_id).await?;
    let document = document.ok_or(Problem::NotFound("review"))?;
    access::permit(caller, &document)?;
    Ok((review, document))
}

/// Decides a review.
///
/// # Errors
/// Faults and warnings of what was said; 404 and 409 when the review is gone, held by another, or its document changed.
pub async fn decide(app: &App, caller: &Caller, id: ReviewId, ask: Ask) -> Result<Decided, Refusal> {
    let (review, document) = of(app, caller, id).await?;
    if review.resolved_at.is_some() {
        return Err(Problem::Conflict("this review is decided already".to_owned()).into());
    }
    let message = noted(ask.message.as_deref()).map_err(Refusal::Faults)?;
    let (by, decision) = prepared(app, caller, &document, ask).await?;
    let mut reply = app.reply_to_decision(&document, &decision).await?;
    if let (Some(reply), Some(message)) = (&mut reply, message) {
        reply.body = message;
    }
    Ok(told(app.catalog.decide_review(id, &by, &decision, reply.as_ref()).await?)?)
}

/// Decides a filed or rejected document anew.
///
/// # Errors
/// As [`decide`].
pub async fn decide_again(app: &App, caller: &Caller, id: DocumentId, ask: Ask) -> Result<Decided, Refusal> {
    let document = access::open(app, caller, id).await?;
    if ask.verdict != Verdict::Correct {
        return Err(Refusal::Faults(fault("a document that is filed or rejected is corrected or reopened")));
    }
    let (by, decision) = prepared(app, caller, &document, ask).await?;
    let reply = app.reply_to_decision(&document, &decision).await?;
    Ok(told(app.catalog.decide_again(id, &by, &decision, reply.as_ref()).await?)?)
}

pub(crate) fn told(resolved: Resolved) -> Result<Decided, Problem> {
    match resolved {
        Resolved::Done(status) => Ok(Decided { status, documents: Vec::new() }),
        Resolved::Split(documents) => Ok(Decided { status: Status::Processing, documents }),
        Resolved::HeldBy(by) => Err(Problem::Conflict(format!("{by} holds this review"))),
        Resolved::LeaseLost => Err(Problem::Conflict(
            "somebody else has had this review since you took it; look again".to_owned(),
        )),
        Resolved::Changed(version) => {
            Err(Problem::Conflict(format!("the document changed meanwhile (version {version}); look again")))
        }
        Resolved::Withheld => Err(Problem::Withheld),
        // It waits still, for somebody else.
        Resolved::AnotherIsAsked => Ok(Decided { status: Status::InReview, documents: Vec::new() }),
        Resolved::NotTheirOwnSecond => Err(Problem::Conflict(
            "you gave an answer already: this document needs another person's".to_owned(),
        )),
        Resolved::NeedsFourEyes => Err(Problem::Conflict(
            "a rule wants two persons for this document: reopen it, and each says what is right".to_owned(),
        )),
        // What they said stands, and an approver is asked.
        Resolved::ApproverIsAsked => Ok(Decided { status: Status::InReview, documents: Vec::new() }),
        Resolved::AlreadyResolved => Err(Problem::Conflict("this review is decided already".to_owned())),
        Resolved::Missing => Err(Problem::NotFound("review")),
    }
}

/// Checks what was said, the reader's own way, and puts it in the catalog's terms.
pub(crate) async fn prepared<'a>(
    app: &App,
    caller: &'a Caller,
    document: &Document,
    mut ask: Ask,
) -> Result<(Deciding<'a>, Decision), Refusal> {
    if let Some(of) = ask.duplicate_of {
        ask.duplicate_of = Some(first_of(app, caller, document, of).await?);
    }
    if let Whose::Customer(customer) = ask.whose
        && !app.catalog.reaches_customer(caller.access(), customer).await?
    {
        return Err(Problem::NotFound("customer").into());
    }
    let mut by = Deciding {
        who: caller.actor.as_str(),
        seen_version: ask.seen_version,
        fence: ask.fence,
        held_until: ask.held_until,
        note: noted(ask.note.as_deref()).map_err(Refusal::Faults)?,
        without_customer: ask.whose == Whose::Nobody,
        overridden: None,
        sees_ids: caller.access().sees_ids(),
        teaches: !caller.is_assistant(),
    };
    let because = noted(ask.because.as_deref()).map_err(Refusal::Faults)?;
    let decision = checked(ask, by.note.clone(), document).map_err(Refusal::Faults)?;
    let warnings = warnings(app, document, &decision).await?;
    match because {
        _ if warnings.is_empty() => {}
        None => return Err(Refusal::Warnings(warnings)),
        Some(because) => {
            let checks = warnings.iter().map(|w| w.check.to_owned()).collect();
            by.overridden = Some(Overridden { checks, because });
        }
    }
    Ok((by, decision))
}

/// Longest time for which a review is postponed.
const MOST_WAIT: Duration = Duration::days(92);

/// Postpones a review until then, or hands it to a person; `caller` holds it.
///
/// # Errors
/// 422 where the day is past or too far, or nobody has that name; 409 where the caller does not hold it.
pub async fn put_off(
    app: &App,
    caller: &Caller,
    id: ReviewId,
    (verdict, until, to): (Verdict, Option<OffsetDateTime>, Option<&str>),
    note: Option<&str>,
) -> Result<(), Problem> {
    let bad = |text: &str| Problem::Unprocessable(text.to_owned());
    let note = noted(note).map_err(|faults| Problem::from(Refusal::Faults(faults)))?;
    let done = if verdict == Verdict::Assign {
        let to = to.map(str::trim).filter(|to| !to.is_empty()).ok_or_else(|| bad("to: say whom"))?;
        let known = app.catalog.users().await?.into_iter().any(|user| user.name == to);
        if !known {
            return Err(Problem::Unprocessable(format!("to: nobody here is called {to}")));
        }
        app.catalog.hand_review(id, &caller.actor, &format!("user:{to}"), note.as_deref()).await?
    } else {
        let now = app.catalog.now();
        let until = until.ok_or_else(|| bad("until: say until when"))?;
        if until <= now || until > now + MOST_WAIT {
            return Err(bad("until: a time of the next three months"));
        }
        app.catalog.postpone_review(id, &caller.actor, until, note.as_deref()).await?
    };
    if done { Ok(()) } else { Err(Problem::Conflict("you do not hold this review".to_owned())) }
}

/// The first of the documents that one is a duplicate of, which exists for the caller and is no duplicate itself.
async fn first_of(
    app: &App,
    caller: &Caller,
    document: &Document,
    of: DocumentId,
) -> Result<DocumentId, Refusal> {
    let other = access::open(app, caller, of).await?;
    let first = other.duplicate_of.unwrap_or(other.id);
    if first == document.id {
        return Err(Refusal::Faults(fault("duplicate_of: a document is no duplicate of itself")));
    }
    Ok(first)
}

fn noted(text: Option<&str>) -> Result<Option<String>, Vec<Fault>> {
    let text = text.map(str::trim).filter(|t| !t.is_empty());
    if text.is_some_and(|t| t.chars().count() > NOTE_CHARS) {
        return Err(fault(format!("note: at most {NOTE_CHARS} characters")));
    }
    Ok(text.map(str::to_owned))
}

/// Whether something speaks against filing it as it stands.
///
/// # Errors
/// When the catalog fails.
pub(crate) async fn is_warned(app: &App, document: &Document) -> Result<bool, CatalogError> {
    let as_it_stands = Decision::Approve { customer_id: None };
    Ok(!warnings(app, document, &as_it_stands).await?.is_empty())
}

/// What speaks against filing it so.
async fn warnings(app: &App, document: &Document, decision: &Decision) -> Result<Vec<Warning>, CatalogError> {
    let (kind, fields) = match decision {
        Decision::Approve { .. } => (document.kind, &document.fields),
        Decision::Correct { kind, fields, .. } => (kind.or(document.kind), fields),
        _ => return Ok(Vec::new()),
    };
    let Some(kind) = kind else { return Ok(Vec::new()) };
    let text = app.catalog.document_text(document.id).await?.unwrap_or_default();
    let mut found = checks::warnings(kind, fields, &text, app.catalog.now().date());
    // What the reader saw on the page and nobody has touched since still stands.
    if fields == &document.fields {
        let seen = document.reasons.iter().filter(|r| r.code == ReasonCode::ChecksFailed);
        found.extend(seen.map(|r| Warning { check: "reader", field: None, message: r.message.clone() }));
    }
    Ok(found)
}

fn checked(ask: Ask, note: Option<String>, document: &Document) -> Result<Decision, Vec<Fault>> {
    if ask.parts.is_some() && ask.verdict != Verdict::Split {
        return Err(fault("parts: only with the decision split"));
    }
    let customer_id = match ask.whose {
        Whose::Customer(id) => Some(id),
        Whose::Keep | Whose::Nobody => None,
    };
    match ask.verdict {
        Verdict::Split if !ask.fields.is_empty() || ask.kind.is_some() || customer_id.is_some() => {
            Err(fault("split says only which parts it has; each of them is then read by itself"))
        }
        Verdict::Split => {
            let parts = ask
                .parts
                .ok_or_else(|| fault("parts: say which pages, or which places on a page, are a document"))?;
            let split = Split::of_document(document, parts).map_err(|error| fault(error.to_string()))?;
            Ok(Decision::Split { split, note })
        }
        Verdict::Approve if !ask.fields.is_empty() || ask.kind.is_some_and(|k| Some(k) != document.kind) => {
            Err(fault("approve files it as it was read; to change fields or kind use correct"))
        }
        Verdict::Approve if document.kind.is_none() => {
            Err(fault("nobody knows what it is: use correct with a kind, reject or ask_again"))
        }
        Verdict::Approve => Ok(Decision::Approve { customer_id }),
        Verdict::Correct => {
            let kind = ask.kind.or(document.kind).ok_or_else(|| fault("kind: say what it is"))?;
            let fields = corrected(kind, &document.fields, ask.fields)?;
            Ok(Decision::Correct { kind: Some(kind), fields, customer_id })
        }
        Verdict::Reject => {
            Ok(Decision::Reject { note: note.ok_or_else(|| fault("note: say why it is rejected"))? })
        }
        Verdict::Retry => Ok(Decision::Retry { note }),
        Verdict::Duplicate => {
            let of = ask.duplicate_of.ok_or_else(|| fault("duplicate_of: say which document it is again"))?;
            Ok(Decision::Duplicate { of, note })
        }
        Verdict::AskAgain => Ok(Decision::AskAgain { note: note.unwrap_or_default() }),
        Verdict::Reopen | Verdict::Undo => Err(fault("only of what is decided")),
        Verdict::Postpone | Verdict::Assign => Err(fault("postpone and assign decide nothing")),
    }
}

/// A name that another kind has for the same thing.
#[must_use]
pub fn alike(name: FieldName) -> FieldName {
    use FieldName::{Date, IssueDate, IssuerName, IssuerTaxId, MerchantName, MerchantTaxId};
    match name {
        IssuerName => MerchantName,
        MerchantName => IssuerName,
        IssuerTaxId => MerchantTaxId,
        MerchantTaxId => IssuerTaxId,
        IssueDate => Date,
        Date => IssueDate,
        same => same,
    }
}

/// What was read, as a document of this kind has it: values that both kinds have stay, under the name of the new one.
#[must_use]
pub fn carried(kind: Kind, read: &Fields) -> Fields {
    let known = FieldName::of(kind);
    let value = |name: &FieldName| read.get(name).or_else(|| read.get(&alike(*name)));
    known.iter().filter_map(|name| Some((*name, value(name)?.clone()))).collect()
}

/// The fields after a correction: those named change (and are the reviewer's), others of the kind stay.
fn corrected(
    kind: Kind,
    read: &Fields,
    changes: BTreeMap<FieldName, Option<Value>>,
) -> Result<Fields, Vec<Fault>> {
    let known = FieldName::of(kind);
    let mut fields = carried(kind, read);
    let mut faults = Vec::new();
    for (name, value) in changes {
        let field = Some(name);
        if !known.contains(&name) {
            faults.push(Fault { field, message: format!("a document of kind {kind} has no such field") });
            continue;
        }
        let said = match value {
            Some(Value::Text(text)) if text.trim().is_empty() => None,
            Some(Value::List(entries)) if entries.is_empty() => None,
            said => said,
        };
        let Some(said) = said else {
            fields.remove(&name);
            continue;
        };
        let is_same = |value: &Value| fields.get(&name).is_some_and(|f| f.value == *value);
        if is_same(&said) {
            continue;
        }
        match kept(kind, name, said) {
            Err(message) => faults.push(Fault { field, message }),
            Ok(value) if is_same(&value) => {}
            Ok(value) => {
                let source = Source::Reviewer;
                fields.insert(name, Field::unplaced(value, 1.0, source));
            }
        }
    }
    if faults.is_empty() { Ok(fields) } else { Err(faults) }
}

/// A value in the form that its field keeps.
fn kept(kind: Kind, name: FieldName, said: Value) -> Result<Value, String> {
    match said {
        Value::Text(text) if !name.is_list() => checks::typed(kind, name, text.trim()).map(Value::Text),
        Value::List(entries) if name.is_list() => checks::typed_list(name, entries).map(Value::List),
        Value::Text(_) => Err("write a list of entries".to_owned()),
        Value::List(_) => Err("write one value".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read() -> Fields {
        let (page, bbox) = (Some(1), Some([0.1, 0.1, 0.2, 0.2]));
        let field = |value: &str| Field { page, bbox, ..Field::unplaced(value, 0.6, Source::Ocr) };
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
    fn another_kind_keeps_what_both_have() {
        let fields = corrected(Kind::Invoice, &read(), BTreeMap::new()).unwrap();
        assert_eq!(
            fields[&FieldName::IssuerName].value,
            "Mercado",
            "under the name that an invoice has for it"
        );
        assert_eq!(fields[&FieldName::Total].source, Source::Ocr);
    }

    #[test]
    fn every_fault_is_told_at_its_field() {
        let changes =
            [(FieldName::Total, Some("ten".into())), (FieldName::Currency, Some("ZZZ".into()))].into();
        let faults = corrected(Kind::Receipt, &read(), changes).unwrap_err();
        let at: Vec<_> = faults.iter().filter_map(|f| f.field).collect();
        assert_eq!(at, [FieldName::Currency, FieldName::Total]);
        let typed = [(FieldName::Total, Some("1.234,5 €".into()))].into();
        assert_eq!(corrected(Kind::Receipt, &read(), typed).unwrap()[&FieldName::Total].value, "1234.50");
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
            (FieldName::Total, "1.234"),
            (FieldName::Total, "."),
            (FieldName::Date, "05/06/2026"),
            (FieldName::Currency, "$"),
            (FieldName::Surname, "Pérez"),
        ] {
            assert!(
                corrected(Kind::Receipt, &read(), [(name, Some(bad.into()))].into()).is_err(),
                "{name} {bad}"
            );
        }
    }
}
