//! `/v1/customers`: whose the documents are.

use acuse_storage::{
    CustomerId,
    customers::{Customer, CustomerAlias, NewCustomer, Upserted},
    keys::Scope,
};
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;

use super::{
    auth::Caller,
    extract::{Body, Params, limit, word},
    problem::Problem,
    view::Listing,
};
use crate::app::App;

/// Most names of one kind that a customer may have.
const ALIASES: usize = 50;
/// Longest text of a customer, characters.
const TEXT_CHARS: usize = 256;

/// Query of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    q: Option<String>,
    after: Option<String>,
    limit: Option<u32>,
}

/// A customer, as the API shows it.
#[derive(Debug, Serialize)]
pub struct CustomerView {
    id: CustomerId,
    external_id: Option<String>,
    name: String,
    phones: Vec<String>,
    emails: Vec<String>,
    tax_ids: Vec<String>,
    /// Withheld without `ids:read`, like the IDs they stand on.
    id_numbers: Vec<String>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl CustomerView {
    fn new(customer: Customer, caller: &Caller) -> Self {
        let of = |kind| customer.aliases.iter().filter(|(k, _)| *k == kind).map(|(_, v)| v.clone()).collect();
        Self {
            id: customer.id,
            phones: of(CustomerAlias::Phone),
            emails: of(CustomerAlias::Email),
            tax_ids: of(CustomerAlias::TaxId),
            id_numbers: if caller.has(Scope::IdsRead) { of(CustomerAlias::IdNumber) } else { Vec::new() },
            external_id: customer.external_id,
            name: customer.name,
            created_at: customer.created_at,
        }
    }
}

/// `GET /v1/customers`, newest first.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Listing<CustomerView>>, Problem> {
    caller.require_one([Scope::DocumentsRead, Scope::CustomersWrite])?;
    let after = word::<CustomerId>("after", query.after.as_deref())?;
    let page = app.catalog.customers(query.q.as_deref(), after, limit(query.limit)?).await?;
    let data = page.data.into_iter().map(|c| CustomerView::new(c, &caller)).collect();
    Ok(Json(Listing { data, next: page.next.map(|id| id.to_string()) }))
}

/// What is wrong with a customer that is to be added, if anything.
///
/// # Errors
/// Says which member and what to write.
pub fn check(new: &NewCustomer) -> Result<(), String> {
    if new.name.trim().is_empty() {
        return Err("name: say how they are called".to_owned());
    }
    let lists = [
        ("phones", CustomerAlias::Phone, &new.phones),
        ("emails", CustomerAlias::Email, &new.emails),
        ("tax_ids", CustomerAlias::TaxId, &new.tax_ids),
        ("id_numbers", CustomerAlias::IdNumber, &new.id_numbers),
    ];
    for (name, kind, values) in lists {
        if values.len() > ALIASES {
            return Err(format!("{name}: at most {ALIASES}"));
        }
        if let Some(bad) = values.iter().find(|v| kind.normalized(v).is_none()) {
            return Err(format!("{name}: {:?} has nothing to recognise anyone by", cut(bad)));
        }
    }
    let texts = [Some(&new.name), new.external_id.as_ref()];
    let all = texts.into_iter().flatten().chain(lists.iter().flat_map(|(.., values)| values.iter()));
    if let Some(long) = all.into_iter().find(|t| t.chars().count() > TEXT_CHARS) {
        return Err(format!("{:?}…: at most {TEXT_CHARS} characters", cut(long)));
    }
    Ok(())
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

/// `POST /v1/customers`: adds one (201), or brings the one with this `external_id` or tax id up to date (200).
/// Documents that wait because nobody knew whose they are are matched again.
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(new): Body<NewCustomer>,
) -> Result<Response, Problem> {
    caller.require(Scope::CustomersWrite)?;
    check(&new).map_err(Problem::BadRequest)?;
    let done = app.catalog.upsert_customers(std::slice::from_ref(&new)).await?;
    let first =
        done.first().copied().ok_or_else(|| anyhow::anyhow!("a customer was neither added nor found"))?;
    let (status, action) = match first {
        Upserted::Created(_) => (StatusCode::CREATED, "customer_created"),
        Upserted::Updated(_) => (StatusCode::OK, "customer_updated"),
    };
    app.catalog.audit(&caller.actor, action, None, &json!({ "customer_id": first.id() })).await?;
    let rematched = app.catalog.rematch_waiting().await?;
    tracing::info!(customer_id = %first.id(), rematched, action);
    let customer = app.catalog.customer(first.id()).await?.ok_or(Problem::NotFound("customer"))?;
    Ok((status, Json(CustomerView::new(customer, &caller))).into_response())
}
