//! Why a document waits, as what a person looks at to decide: a card for each reason.

use std::collections::BTreeSet;

use acuse_pipeline::{
    checks::{self, Sum},
    document::Kind,
    fields::{FieldName, Fields},
    reading::SeenWord,
    reason::{FIELDS, Reason, ReasonCode},
};
use acuse_storage::{CustomerId, Document, DocumentId, customers::CustomerAlias, names::Source};
use serde_json::Value;
use time::Date;

use super::{
    super::{labels, session::Person},
    exception::{self, Act, Piece},
};
use crate::{
    access::{self, quarantine},
    problem::Problem,
    state::App,
};

/// Most customers on a card: one for each digit key.
const CARDS: usize = 9;

/// One reason.
#[derive(Default)]
pub struct Card {
    pub label: String,
    pub tone: &'static str,
    pub message: String,
    /// What is known of it beside, as sentences.
    pub known: Vec<String>,
    pub particulars: Vec<(String, String)>,
    /// A sum that does not hold.
    pub sum: Option<Equation>,
    /// Fields that it is about.
    pub fields: Vec<Pointed>,
    /// Customers it may be.
    pub customers: Vec<Offered>,
    /// Documents that it may be again.
    pub others: Vec<Other>,
    /// Documents that its file seems to hold.
    pub pieces: Vec<Piece>,
    /// The one right thing to do.
    pub act: Option<Act>,
    /// What usually helps.
    pub advice: &'static str,
}

/// A field that is pointed at.
pub struct Pointed {
    pub field: FieldName,
    pub label: String,
    pub value: String,
}

/// A sum, and what would make it true.
pub struct Equation {
    pub terms: Vec<Pointed>,
    pub made: String,
    pub total: String,
    pub difference: String,
    pub repairs: Vec<Mended>,
}

/// One number that would make a sum true.
pub struct Mended {
    pub field: FieldName,
    pub label: String,
    pub value: String,
    /// Whether it stands on the page.
    pub printed: bool,
}

/// A customer on a card.
pub struct Offered {
    pub key: usize,
    pub id: CustomerId,
    pub name: String,
    pub phones: String,
    pub tax_ids: String,
    pub clue: String,
}

/// A document that came before, beside this one.
pub struct Other {
    pub id: DocumentId,
    pub title: String,
    pub status: &'static str,
    pub received: String,
    pub picture: Option<String>,
    pub same_bytes: bool,
    /// From whom it came, where that is somebody else.
    pub sender: &'static str,
    pub rows: Vec<Compared>,
}

/// A field of both.
pub struct Compared {
    pub label: String,
    pub here: String,
    pub there: String,
    pub differs: bool,
}

/// The fields that the reasons are about.
#[must_use]
pub fn named(reasons: &[Reason], fields: &Fields) -> BTreeSet<FieldName> {
    let mut named = BTreeSet::new();
    for reason in reasons {
        let listed = reason.detail.get("missing").and_then(Value::as_array).into_iter().flatten();
        named.extend(listed.filter_map(|name| name.as_str()?.parse::<FieldName>().ok()));
        let unsure = reason.detail.get("confidence").and_then(Value::as_object).into_iter().flatten();
        named.extend(unsure.filter_map(|(name, _)| name.parse::<FieldName>().ok()));
        match reason.code {
            ReasonCode::ChecksFailed => {
                let sum = Sum::failing(fields);
                named.extend(sum.iter().flat_map(|s| s.terms.iter().map(|t| t.field)));
                named.extend(sum.map(|_| FieldName::Total));
            }
            ReasonCode::Expired => {
                named.insert(FieldName::ExpiryDate);
            }
            _ => {}
        }
    }
    named
}

/// A card for each reason of a document that may be seen.
///
/// # Errors
/// When the catalog fails.
pub async fn cards(
    app: &App,
    person: &Person,
    document: &Document,
    seen: &[SeenWord],
) -> Result<Vec<Card>, Problem> {
    let mut cards = Vec::with_capacity(document.reasons.len());
    for reason in &document.reasons {
        let mut card = plain(reason, document, app.catalog.now().date());
        match reason.code {
            ReasonCode::ChecksFailed => {
                card.sum = Sum::failing(&document.fields).map(|sum| equation(&sum, document, seen));
            }
            ReasonCode::AmbiguousCustomer => card.customers = offered(app, person, reason).await?,
            ReasonCode::PossibleDuplicate => card.others = others(app, person, document, reason).await?,
            ReasonCode::LowConfidence | ReasonCode::MissingFields | ReasonCode::Expired => {
                let about = named(std::slice::from_ref(reason), &document.fields);
                card.fields = about.into_iter().map(|name| pointed(name, document)).collect();
            }
            _ => {}
        }
        cards.push(card);
    }
    Ok(with_a_key(cards))
}

/// The codes alone, for whom the particulars are withheld.
#[must_use]
pub fn withheld(document: &Document, today: Date) -> Vec<Card> {
    let card = |reason: &Reason| Card {
        message: String::new(),
        known: Vec::new(),
        particulars: Vec::new(),
        pieces: Vec::new(),
        ..plain(reason, document, today)
    };
    document.reasons.iter().map(card).collect()
}

/// The same for what lies in quarantine, and what was found in it.
#[must_use]
pub fn quarantined(document: &Document, today: Date) -> Vec<Card> {
    let mut cards = withheld(document, today);
    for (card, reason) in cards.iter_mut().zip(&document.reasons) {
        if reason.code == ReasonCode::Malware {
            card.known = exception::known(reason, today);
        }
    }
    with_a_key(cards)
}

/// The first thing to do has the key, unless a sum has it for its repair.
fn with_a_key(mut cards: Vec<Card>) -> Vec<Card> {
    let has = |card: &Card| card.sum.as_ref().is_some_and(|sum| !sum.repairs.is_empty());
    if !cards.iter().any(has)
        && let Some(first) = cards.iter_mut().find_map(|card| card.act.as_mut())
    {
        first.has_key = true;
    }
    cards
}

fn plain(reason: &Reason, document: &Document, today: Date) -> Card {
    const TOLD: &[&str] = &["candidates", "missing", "confidence", "documents", "contact_id", FIELDS];
    let is_told = |key: &str| TOLD.contains(&key) || exception::is_said(reason.code, key);
    let told = reason.detail.iter().filter(|(key, _)| !is_told(key));
    Card {
        label: labels::label(reason.code.as_str()),
        tone: labels::tone(reason.code),
        message: reason.message.clone(),
        particulars: told.filter_map(|(k, v)| Some((labels::label(k), labels::plain(v)?))).collect(),
        known: exception::known(reason, today),
        pieces: exception::pieces(reason),
        act: exception::act(reason, document.source == Source::Whatsapp),
        advice: exception::advice(reason),
        ..Card::default()
    }
}

fn pointed(field: FieldName, document: &Document) -> Pointed {
    let value = document.fields.get(&field).map(|f| f.value.to_string()).unwrap_or_default();
    Pointed { field, label: labels::label(field.as_str()), value }
}

fn equation(sum: &Sum, document: &Document, seen: &[SeenWord]) -> Equation {
    let term = |t: &checks::Term| Pointed { value: t.shown(), ..pointed(t.field, document) };
    let kind = document.kind.unwrap_or(Kind::Other);
    let amounts: BTreeSet<String> =
        seen.iter().filter_map(|word| checks::typed(kind, FieldName::Total, &word.text).ok()).collect();
    let mended = |repair: checks::Repair| Mended {
        field: repair.field,
        label: labels::label(repair.field.as_str()),
        printed: amounts.contains(&repair.value),
        value: repair.value,
    };
    let mut repairs: Vec<Mended> = sum.repairs().into_iter().map(mended).collect();
    repairs.sort_by_key(|repair| !repair.printed);
    Equation {
        terms: sum.terms.iter().map(term).collect(),
        made: sum.made(),
        total: sum.total(),
        difference: sum.difference(),
        repairs,
    }
}

/// The customers that a reason names.
#[must_use]
pub fn candidates(reason: &Reason) -> Vec<(CustomerId, String)> {
    let list = reason.detail.get("candidates").and_then(Value::as_array).into_iter().flatten();
    let one = |candidate: &Value| {
        let named = |key| candidate.get(key).and_then(Value::as_str);
        let id = candidate.as_str().or_else(|| named("id")).or_else(|| named("customer_id"))?;
        Some((id.parse().ok()?, named("clue").unwrap_or_default().to_owned()))
    };
    list.filter_map(one).take(CARDS).collect()
}

async fn offered(app: &App, person: &Person, reason: &Reason) -> Result<Vec<Offered>, Problem> {
    let mut offered = Vec::new();
    for (id, clue) in candidates(reason) {
        if !app.catalog.reaches_customer(person.caller.access(), id).await? {
            continue;
        }
        let Some(customer) = app.catalog.customer(id).await? else { continue };
        let known = |kind: CustomerAlias| {
            let of = customer.aliases.iter().filter(|(k, _)| *k == kind).map(|(_, value)| value.as_str());
            of.take(3).collect::<Vec<_>>().join(", ")
        };
        let phones = known(CustomerAlias::Phone);
        offered.push(Offered {
            key: offered.len() + 1,
            id,
            phones: if phones.is_empty() { phones } else { format!("+{}", phones.replace(", ", ", +")) },
            tax_ids: known(CustomerAlias::TaxId),
            name: customer.name,
            clue: if clue.is_empty() { clue } else { labels::label(&clue) },
        });
    }
    Ok(offered)
}

async fn others(
    app: &App,
    person: &Person,
    document: &Document,
    reason: &Reason,
) -> Result<Vec<Other>, Problem> {
    let list = reason.detail.get("candidates").and_then(Value::as_array).into_iter().flatten();
    let mut others = Vec::new();
    for candidate in list.take(3) {
        let named = |key| candidate.get(key).and_then(Value::as_str);
        let id = candidate.as_str().or_else(|| named("document_id")).or_else(|| named("id"));
        let Some(id) = id.and_then(|id| id.parse::<DocumentId>().ok()) else { continue };
        let says = |key| candidate.get(key).is_some_and(|said| said == true);
        let other = match access::look(app, &person.caller, id, "compare").await {
            Err(Problem::NotFound(_)) => continue,
            found => found?,
        };
        let shown = !other.is_withheld() && !quarantine::is_held(app, &other).await?;
        let picture = shown && !other.pages.is_empty();
        others.push(Other {
            id,
            title: labels::title(other.kind, &other.fields),
            status: super::super::queue::status_label(&other),
            received: labels::full(other.received_at),
            picture: picture.then(|| format!("/pictures/{id}?variant=normalized&page=1")),
            same_bytes: says("same_bytes"),
            sender: match (says("other_key"), says("other_sender")) {
                (true, _) => "over another key",
                (false, true) => "from another sender",
                (false, false) => "",
            },
            rows: if shown { compared(document, &other) } else { Vec::new() },
        });
    }
    Ok(others)
}

/// The picture, and what it is, of the document that a key says it is again: of no other, for it is looked at before the key
/// is pressed.
pub(super) fn beside(cards: &[Card]) -> Option<(&str, &str)> {
    let first = cards.iter().find_map(|card| card.others.first())?;
    Some((first.picture.as_deref()?, first.title.as_str()))
}

fn compared(here: &Document, there: &Document) -> Vec<Compared> {
    let kind = here.kind.or(there.kind).unwrap_or(Kind::Other);
    let value = |of: &Document, name: &FieldName| of.fields.get(name).map(|f| f.value.to_string());
    let row = |name: &FieldName| {
        let (here, there) = (value(here, name), value(there, name));
        if here.is_none() && there.is_none() {
            return None;
        }
        let differs = here != there;
        let text = |v: Option<String>| v.unwrap_or_else(|| "—".to_owned());
        Some(Compared { label: labels::label(name.as_str()), here: text(here), there: text(there), differs })
    };
    FieldName::of(kind).iter().filter(|name| !name.is_list()).filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_beside_is_of_what_the_key_names() {
        let other = |title: &str, picture: Option<&str>| Other {
            id: DocumentId::generate(),
            title: title.to_owned(),
            status: "Filed",
            received: String::new(),
            picture: picture.map(str::to_owned),
            same_bytes: false,
            sender: "",
            rows: Vec::new(),
        };
        let cards = |others| [Card::default(), Card { others, ..Card::default() }];
        let (shown, withheld) = (other("F-2", Some("/pictures/2")), other("F-1", None));
        let both = cards(vec![withheld, shown]);
        assert_eq!(beside(&both), None, "the key says that it is the first");
        let one = cards(vec![other("F-2", Some("/pictures/2"))]);
        assert_eq!(beside(&one), Some(("/pictures/2", "F-2")));
        assert_eq!(beside(&cards(Vec::new())), None);
    }
}
