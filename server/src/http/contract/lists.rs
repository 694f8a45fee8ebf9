//! What only the code knows, as schemas: closed lists, and which fields a kind of document has.

use acuse_conversation::{Kind as CaseKind, State as CaseState};
use acuse_pipeline::{
    document::{Kind, Status},
    entities::Direction,
    fields::{self, FieldName},
    reason::ReasonCode,
};
use acuse_storage::{
    Sensitivity, consents,
    conversation::Way,
    customers::CustomerAlias,
    documents::Sort,
    events,
    export::By,
    incidents::{IncidentState, Severity, routes::Medium},
    keys::Scope,
    names::Source,
    periods::{Entry, PeriodPart},
    webhooks::log::Delivery,
};
use serde_json::{Map, Value, json};

use super::shape::words;
use crate::{content::Variant, export::Format, problem::kinds, review::Verdict};

fn texts<T: ToString>(all: &[T]) -> Value {
    json!({ "type": "string", "enum": all.iter().map(ToString::to_string).collect::<Vec<_>>() })
}

/// Every schema that the code makes, by name.
#[must_use]
pub fn schemas() -> Map<String, Value> {
    let mut listed: Vec<String> = Status::ALL.iter().map(ToString::to_string).collect();
    listed.push("duplicate".to_owned());
    let types: Vec<String> = kinds::ALL.iter().map(|kind| kind.uri()).collect();
    let mut case_states = vec!["open", "any"];
    case_states.extend(CaseState::ALL.iter().map(|state| state.as_str()));
    let case_kinds: Vec<&str> = CaseKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let mut all = Map::new();
    for (name, schema) in [
        ("Kind", texts(Kind::ALL)),
        ("Status", texts(Status::ALL)),
        ("ListedStatus", texts(&listed)),
        ("Direction", texts(Direction::ALL)),
        ("ReasonCode", texts(ReasonCode::ALL)),
        ("FieldName", texts(FieldName::ALL)),
        ("FieldSource", texts(fields::Source::ALL)),
        ("Source", texts(Source::ALL)),
        ("Sort", texts(Sort::ALL)),
        ("Sensitivity", texts(Sensitivity::ALL)),
        ("Scope", texts(Scope::ALL)),
        ("EventKind", texts(events::KINDS)),
        ("Verdict", texts(&words::<Verdict>())),
        ("ContentVariant", texts(&words::<Variant>())),
        ("ExportFormat", texts(&words::<Format>())),
        ("ExportBy", texts(By::ALL)),
        ("PeriodPart", texts(PeriodPart::ALL)),
        ("PeriodEntry", texts(&Entry::ALL.iter().filter(|e| **e != Entry::Closed).collect::<Vec<_>>())),
        ("IncidentState", texts(IncidentState::ALL)),
        ("Severity", texts(Severity::ALL)),
        ("Medium", texts(Medium::ALL)),
        ("DeliveryState", texts(Delivery::ALL)),
        ("CustomerAlias", texts(CustomerAlias::ALL)),
        ("Way", texts(Way::ALL)),
        ("ConsentCategory", texts(consents::Category::ALL)),
        ("ConsentWord", texts(consents::Word::ALL)),
        ("ListedCaseState", texts(&case_states)),
        ("CaseKind", texts(&case_kinds)),
        ("ProblemType", texts(&types)),
    ] {
        all.insert(name.to_owned(), schema);
    }
    let kinds = [(Kind::Invoice, "InvoiceFields"), (Kind::Receipt, "ReceiptFields"), (Kind::Id, "IdFields")];
    for (kind, name) in kinds {
        all.insert(name.to_owned(), fields_of(kind));
    }
    let union: Vec<Value> =
        kinds.iter().map(|(_, name)| json!({ "$ref": format!("#/components/schemas/{name}") })).collect();
    let note = "By the kind of the document; empty while it is withheld, unread, or of kind other.";
    all.insert("Fields".to_owned(), json!({ "anyOf": union, "description": note }));
    all
}

/// The fields of a kind. Each is a Field; what its value is like follows from its name.
fn fields_of(kind: Kind) -> Value {
    let mut properties = Map::new();
    for field in FieldName::of(kind) {
        properties.insert(field.to_string(), of_field(*field, kind));
    }
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn of_field(field: FieldName, kind: Kind) -> Value {
    let value = match field.choices(kind) {
        [] if field.is_list() => {
            json!({ "type": "array", "items": { "$ref": "#/components/schemas/Entry" } })
        }
        [] if field.is_amount() => {
            json!({ "type": "string", "description": "A decimal number with a point, and its sign." })
        }
        [] if field.is_date() => json!({ "type": "string", "description": "A day, ISO 8601." }),
        [] => json!({ "type": "string" }),
        choices => json!({ "type": "string", "enum": choices }),
    };
    json!({
        "allOf": [{ "$ref": "#/components/schemas/Field" }],
        "type": "object",
        "properties": { "value": value },
    })
}
