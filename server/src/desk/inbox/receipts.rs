//! Receipts that may pay what the customer of a case owes: a person says whether they do.

use acuse_pipeline::{checks, document::Kind, fields::FieldName};
use acuse_storage::{
    CaseId, CustomerId, DocumentId,
    cases::Listed,
    names::ObligationId,
    obligations::{Obligation, ObligationFilter, Payment, Verdict},
};
use axum::{Form, extract::State, response::IntoResponse};
use serde::Deserialize;

use super::{PAGE, acts::led_back};
use crate::{
    desk::{Shown, labels, session::Person},
    extract::Id,
    obligations,
    problem::Problem,
    state::App,
};

/// What stands for what the reader is not told.
const UNTOLD: &str = "—";

/// A receipt that may pay what is owed.
pub(super) struct Paying {
    pub obligation: String,
    pub document: String,
    pub number: String,
    pub amount: String,
    /// What is owed.
    pub owed: String,
    /// What the receipt says was paid, as far as it says so.
    pub came: Option<String>,
    /// Whoever confirms it says how much of what is owed it pays.
    pub needs_amount: bool,
    pub doubts: Vec<&'static str>,
}

/// Receipts that wait for a person to say whether they pay what this case's customer owes.
pub(super) async fn paying(app: &App, person: &Person, case: &Listed) -> Result<Vec<Paying>, Problem> {
    let Some(customer) =
        (case.kind == "collection").then(|| case.subject.parse::<CustomerId>().ok()).flatten()
    else {
        return Ok(Vec::new());
    };
    // Also of what another one has paid meanwhile: of money that came twice somebody is to know.
    let waits =
        ObligationFilter { customer: Some(customer), awaits_word: true, ..ObligationFilter::default() };
    let owed = app.catalog.obligations(person.caller.access(), &waits, PAGE).await?;
    let mut found = Vec::new();
    for one in owed {
        for payment in one.payments.iter().filter(|payment| payment.state == "proposed") {
            found.push(Paying {
                obligation: one.id.to_string(),
                document: payment.document_id.to_string(),
                number: one.number.clone().unwrap_or_else(|| UNTOLD.to_owned()),
                amount: sum(payment.amount.as_deref(), &one),
                owed: sum(one.amount.as_deref(), &one),
                came: came(payment),
                needs_amount: payment.needs_amount,
                doubts: payment.doubts.iter().map(|doubt| labels::doubt(doubt)).collect(),
            });
        }
    }
    Ok(found)
}

/// An amount in the currency of what is owed; not where either is withheld from the reader.
fn sum(amount: Option<&str>, owed: &Obligation) -> String {
    let told = amount.zip(owed.currency.as_deref());
    told.map_or_else(|| UNTOLD.to_owned(), |(amount, currency)| format!("{amount} {currency}"))
}

/// What a receipt says was paid, as far as it says so.
fn came(payment: &Payment) -> Option<String> {
    let parts = [&payment.came_amount, &payment.came_currency];
    let said: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    (!said.is_empty()).then(|| said.join(" "))
}

/// What the form of a receipt carries.
#[derive(Deserialize)]
pub struct Receipt {
    csrf: String,
    document: DocumentId,
    pays: bool,
    /// How much of the obligation it pays, as a person types it; empty where that is not asked.
    #[serde(default)]
    amount: String,
    /// The case it stands with.
    #[serde(default)]
    case: Option<CaseId>,
    /// Where it leads back.
    #[serde(default)]
    back: String,
}

/// What a person says of a receipt.
fn verdict(form: &Receipt) -> Result<Verdict, Problem> {
    if !form.pays {
        return Ok(Verdict::Refused);
    }
    let said = Some(form.amount.trim()).filter(|said| !said.is_empty());
    let said = said.map(|said| checks::typed(Kind::Receipt, FieldName::Total, said)).transpose();
    obligations::pays(said.map_err(|why| Problem::Unprocessable(format!("amount: {why}")))?.as_deref())
}

/// `POST /inbox/receipts/{id}`: whether a receipt pays an obligation.
pub async fn receipt(
    State(app): State<App>,
    person: Person,
    Id(id): Id<ObligationId>,
    Form(form): Form<Receipt>,
) -> Shown {
    Shown(
        async {
            person.check_form(&form.csrf)?;
            let about = (id, form.document);
            let settled = obligations::settle(&app, &person.caller, about, verdict(&form)?).await;
            settled.map(|_| led_back(form.case, &form.back).into_response())
        }
        .await,
    )
}
