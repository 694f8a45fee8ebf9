//! `link`: whose it is, whether it came before, and the decision.

use std::collections::BTreeMap;

use acuse_conversation::{ASKS, Lacking, needs, wording::Telling};
use acuse_pipeline::{
    document::{Kind, Status},
    fields::FieldName,
    linking::{self, Clues, Known, Linked},
    phone::canonical,
    reason::{Reason, ReasonCode},
    understand::dedup::{self, Same},
};
use acuse_storage::CustomerId;
use acuse_storage::{
    Document, Stage, approvals,
    contacts::Contact,
    customers::{Customer, CustomerAlias, CustomerLookup},
    names::{AliasKind, WaitsFor},
    stages::Step,
};
use serde_json::{Value, json};

use crate::{
    env::Env,
    halt::Halt,
    jobs::{
        Ended,
        answer::answer,
        boundary,
        fetch::{duplicate, linked_to, other_key, same_sender},
        review,
    },
    told,
};

/// Texts of a sender beside one file that are looked at, and names in them.
const WROTE: usize = 5;

/// Matches the customer, looks whether it came before, gathers every reason, and files the document, links it to the
/// first of its kind or puts it in front of a person.
///
/// # Errors
/// A [`Halt`] to try again: the catalog failed.
pub async fn link(env: &Env, document: &Document) -> Result<Step, Halt> {
    if let Some(step) = duplicate(env, document, Stage::Link, None).await? {
        return Ok(step);
    }
    if let Some(step) = answer(env, document).await? {
        return Ok(step);
    }
    let (customer, unlinked) = owner(env, document).await?;
    let mut reasons = document.findings.clone();
    let before = before(env, document).await?;
    if let Some(first) = before.same {
        boundary::pass("link.decided");
        return linked_to(env, document, Stage::Link, (&first, false), None).await;
    }
    reasons.extend(before.alike);
    // Of a file that nobody could open, whose it is is not the question.
    reasons.extend(unlinked.filter(|_| document.kind.is_some()));
    boundary::pass("link.decided");
    needed(env, document, &mut reasons).await?;
    if reasons.is_empty() && env.catalog.needs_approval(document).await? {
        reasons.push(approvals::reason());
    }
    if !reasons.is_empty() {
        return Ok(match review(env, document, Stage::Link, reasons, customer).await? {
            Ended::Review => Step::Taken,
            _ => Step::Stale,
        });
    }
    let Some(kind) = document.kind else {
        let reason = Reason::new(ReasonCode::LowConfidence, "The reader named neither a kind nor a reason.");
        return Err(Halt::Review(reason));
    };
    let telling = Telling::Filed { kind, fields: &document.fields };
    let reply = told::of_document(&env.catalog, document, telling).await?;
    Ok(env.catalog.filed(document.id, Stage::Link, customer, reply.as_ref()).await?)
}

/// Where something else than the same file anew mends the first reason, the reason says so.
async fn needed(env: &Env, document: &Document, reasons: &mut [Reason]) -> Result<(), Halt> {
    let Some(first) = reasons.first_mut().filter(|_| document.part.is_none()) else { return Ok(()) };
    if !matches!(first.code, ReasonCode::Encrypted | ReasonCode::MissingFields) {
        return Ok(());
    }
    let text = env.catalog.document_text(document.id).await?.unwrap_or_default();
    let booklet = document.fields.get(&FieldName::DocumentType).map(|field| field.value.as_str());
    let lacking = Lacking {
        kind: document.kind,
        is_booklet: booklet == Some("passport"),
        is_pdf: document.media_type.as_deref() == Some("application/pdf"),
        pages: document.page_count.unwrap_or_default(),
        text: &text,
        keeps_secrets: env.catalog.keeps_secrets(),
    };
    if let Some(expects) = needs(first.code, &lacking) {
        first.detail.insert(ASKS.to_owned(), expects.as_str().into());
    }
    Ok(())
}

/// The customer, or why none is clear.
async fn owner(env: &Env, document: &Document) -> Result<(Option<CustomerId>, Option<Reason>), Halt> {
    // A client of the API, or a reviewer before, has said so.
    if let Some(said) = document.customer_id {
        return Ok((Some(said), None));
    }
    let contact = match document.contact_id {
        Some(id) => env.catalog.contact(id).await?,
        None => None,
    };
    let text = env.catalog.document_text(document.id).await?.unwrap_or_default();
    let kind = document.kind.unwrap_or(Kind::Other);
    let mut clues = Clues::of(kind, &document.fields, &text, &phones(contact.as_ref()));
    let wrote = wrote(env, document).await?;
    let mut said: Vec<String> = wrote.iter().flat_map(|text| linking::said::names(text)).collect();
    said.sort();
    said.dedup();
    clues.said = said.iter().map(|word| linking::folded(word)).collect();
    // A name in a caption counts as one on the paper: of two that differ, a person chooses.
    clues.names.extend(wrote.iter().flat_map(|text| linking::said::called(text)).take(WROTE));
    // What stands on the paper as its own number is not what a customer is called.
    let is_name = |word: &str| !matches!(linking::said::stands(word, &document.fields, ""), Some(Some(_)));
    let called = env.catalog.customers_called(&said, is_name).await?;
    let known = candidates(env, (&clues, called), contact.as_ref()).await?;
    let linked = linking::link(&clues, &known);
    let reason = linked.reason();
    match linked {
        Linked::To(candidate) => {
            let detail = json!({ "customer_id": candidate.id, "clue": candidate.clue.as_str() });
            env.catalog.note(document.id, Stage::Link, "linked", detail).await?;
            Ok((Some(candidate.id), None))
        }
        Linked::Several(_) | Linked::Nobody => Ok((None, reason)),
    }
}

/// What its sender wrote with it, under it or beside it.
async fn wrote(env: &Env, document: &Document) -> Result<Vec<String>, Halt> {
    let caption = document.declared.caption.clone();
    let beside = match document.contact_id {
        Some(_) => env.catalog.said_beside(document.id).await?,
        None => Vec::new(),
    };
    let mut wrote: Vec<String> = caption.into_iter().chain(beside).collect();
    wrote.dedup();
    wrote.truncate(WROTE);
    Ok(wrote)
}

pub(super) fn phones(contact: Option<&Contact>) -> Vec<String> {
    let Some(contact) = contact else { return Vec::new() };
    let numbers = contact.aliases.iter().filter(|(kind, _)| *kind == AliasKind::WaId).map(|(_, value)| value);
    let mut phones: Vec<String> = contact.phone.iter().chain(numbers).map(|p| canonical(p)).collect();
    phones.sort();
    phones.dedup();
    phones
}

/// Every customer that any clue may point to.
async fn candidates(
    env: &Env,
    (clues, called): (&Clues, Vec<(CustomerId, String)>),
    contact: Option<&Contact>,
) -> Result<Vec<Known<CustomerId>>, Halt> {
    let lookup = CustomerLookup {
        phones: clues.phones.clone(),
        tax_ids: clues.tax_ids.clone(),
        id_numbers: clues.id_numbers.clone(),
        emails: clues.emails.clone(),
    };
    let mut customers: Vec<Customer> =
        env.catalog.customers_known_by(&lookup).await?.into_iter().map(|(customer, _)| customer).collect();
    for name in &clues.names {
        customers.extend(env.catalog.customers_named_like(name).await?);
    }
    let sender = contact.and_then(|c| c.customer_id);
    if let Some(id) = sender {
        customers.extend(env.catalog.customer(id).await?);
    }
    let mut named: BTreeMap<CustomerId, Vec<String>> = BTreeMap::new();
    for (id, word) in called {
        customers.extend(env.catalog.customer(id).await?);
        named.entry(id).or_default().push(word);
    }
    customers.sort_by_key(|c| c.id);
    customers.dedup_by_key(|c| c.id);
    let known = |customer: Customer| Known {
        named: named.get(&customer.id).cloned().unwrap_or_default(),
        ..known(customer, sender)
    };
    Ok(customers.into_iter().map(known).collect())
}

fn known(customer: Customer, sender: Option<CustomerId>) -> Known<CustomerId> {
    let of = |kind: CustomerAlias| {
        customer.aliases.iter().filter(|(k, _)| *k == kind).map(|(_, value)| value.clone()).collect()
    };
    Known {
        id: customer.id,
        is_sender: sender == Some(customer.id),
        phones: of(CustomerAlias::Phone),
        tax_ids: of(CustomerAlias::TaxId),
        id_numbers: of(CustomerAlias::IdNumber),
        emails: of(CustomerAlias::Email),
        named: Vec::new(),
        name: customer.name,
    }
}

/// What came before this document and may be the same.
struct Before {
    /// The same invoice or receipt in another photo, from the same sender: nobody needs to look.
    same: Option<Document>,
    /// What a person must compare it with.
    alike: Option<Reason>,
}

/// Documents that look or read like this one and came before it, or were decided before it.
async fn before(env: &Env, document: &Document) -> Result<Before, Halt> {
    let mut same = None;
    let mut alike = of_others(env, document).await?;
    let seen: Vec<Value> = alike.iter().map(|c| c["document_id"].clone()).collect();
    for other in env.catalog.possible_duplicates(document).await? {
        if seen.contains(&json!(other.id)) {
            continue;
        }
        // Of two that are on the road at once, only the later one waits.
        if other.id >= document.id && other.status != Status::Filed {
            continue;
        }
        // Two bills on one form have the same looks, two coffees the same price.
        let agree = dedup::compare(&document.fields, &other.fields);
        if agree == Same::Different {
            continue;
        }
        alike.push(json!({
            "document_id": other.id,
            "status": other.status,
            "received_at": rfc3339(other.received_at),
            "fields_agree": agree.as_str(),
            "contact_id": other.contact_id,
            "other_side": is_other_side(document, &other, agree),
        }));
        if agree == Same::Certain && sent_again(document, &other) {
            same.get_or_insert(other);
        }
    }
    let message = if alike.iter().any(|candidate| candidate["other_side"] == true) {
        "It may be the other side of a card that came before."
    } else {
        "It looks like a document that came before."
    };
    let reason = || {
        Reason::new(ReasonCode::PossibleDuplicate, message)
            .with("candidates", alike.clone())
            .with("contact_id", json!(document.contact_id))
    };
    Ok(Before { same, alike: (!alike.is_empty()).then(reason) })
}

/// The very same bytes from another sender, or for another customer: a person decides whose it is.
async fn of_others(env: &Env, document: &Document) -> Result<Vec<Value>, Halt> {
    let Some(original) = &document.original else { return Ok(Vec::new()) };
    let earlier = env.catalog.earlier_with_sha256(&original.sha256, document.id).await?;
    let others = earlier.iter().filter(|other| !same_sender(document, other));
    Ok(others
        .map(|other| {
            json!({
                "document_id": other.id,
                "status": other.status,
                "received_at": rfc3339(other.received_at),
                "same_bytes": true,
                "other_sender": other.contact_id != document.contact_id || other_key(document, other),
                "other_key": other_key(document, other),
                "contact_id": other.contact_id,
                "customer_id": other.customer_id,
            })
        })
        .collect())
}

/// Whether one sender's two papers of one person's card are likely its two sides: a person files them as one.
fn is_other_side(document: &Document, other: &Document, agree: Same) -> bool {
    let card = document.kind == Some(Kind::Id) && other.kind == Some(Kind::Id);
    card && matches!(agree, Same::Certain | Same::Likely) && same_sender(document, other)
}

/// Whether a document that says the same is the same sender's second photo of it. The two sides of a card say the same
/// and are two; one bill from two senders is for a person to see, and so is one that came twice in one file, or that a
/// file says which may still be split.
fn sent_again(document: &Document, earlier: &Document) -> bool {
    let bill = matches!(document.kind, Some(Kind::Invoice | Kind::Receipt));
    let sender = document.contact_id.is_some() && document.contact_id == earlier.contact_id;
    bill && sender
        && document.kind == earlier.kind
        && document.findings.is_empty()
        && earlier.id < document.id
        && earlier.first_of_file() != document.first_of_file()
        && (earlier.status == Status::Filed
            || earlier.status == Status::InReview
                && earlier.waits_for != Some(WaitsFor::Sender)
                && !several(&earlier.findings))
}

fn several(findings: &[Reason]) -> bool {
    findings.iter().any(|reason| reason.code == ReasonCode::MultipleDocuments)
}

fn rfc3339(at: time::OffsetDateTime) -> String {
    at.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}
