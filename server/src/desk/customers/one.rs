//! One customer at the desk: added, changed, merged; with what came of theirs, and where they are talked with. What is typed
//! and cannot be kept is shown again with why.

use acuse_storage::{
    CustomerId,
    customers::{
        Customer, CustomerAlias, CustomerPatch, Merged, NewCustomer, Patched, Saving, TakenAlias, Upserted,
    },
    keys::Scope,
};
use askama::Template;
use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{FOUND, Found, may_write, names, sought};
use crate::{
    access::Caller,
    checked, customers,
    desk::{Frame, Shown, labels, page, pages, queue::Row, sentence, session::Person},
    documents::Query,
    extract::{Id, Params, word},
    problem::Problem,
    state::App,
};

/// Documents on a customer's page.
const LATEST: u32 = 10;
/// What is said where somebody else was quicker.
const CHANGED: &str =
    "Somebody else changed this customer meanwhile: look at them again, or save once more what you typed.";

/// What is said of a customer: as they are, or as somebody typed it. Names of a kind stand one a line.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Said {
    csrf: String,
    name: String,
    external_id: String,
    phones: String,
    emails: String,
    tax_ids: String,
    id_numbers: String,
    /// When they had last changed, as the page that was filled in showed them.
    seen: String,
    /// `merge`, or nothing to save.
    act: String,
    /// Who becomes part of this one.
    from: String,
}

impl Said {
    fn of(customer: &Customer) -> Self {
        let lines = |kind| names(customer, kind).join("\n");
        Self {
            name: customer.name.clone(),
            external_id: customer.external_id.clone().unwrap_or_default(),
            phones: lines(CustomerAlias::Phone),
            emails: lines(CustomerAlias::Email),
            tax_ids: lines(CustomerAlias::TaxId),
            id_numbers: lines(CustomerAlias::IdNumber),
            seen: labels::full(customer.updated_at),
            ..Self::default()
        }
    }

    /// When they had last changed as they were looked at; of a page that does not say so, at any time.
    fn seen(&self) -> Option<OffsetDateTime> {
        let seen = Some(self.seen.trim()).filter(|seen| !seen.is_empty())?;
        // What is no time is none at which they changed.
        Some(OffsetDateTime::parse(seen, &Rfc3339).unwrap_or(OffsetDateTime::UNIX_EPOCH))
    }

    /// Numbers of IDs are said by those alone who may see them.
    fn customer(&self, caller: &Caller) -> NewCustomer {
        let each = |text: &str| {
            let all = text.split(['\n', ',', ';']).map(str::trim).filter(|one| !one.is_empty());
            all.map(str::to_owned).collect::<Vec<_>>()
        };
        NewCustomer {
            external_id: Some(self.external_id.trim().to_owned()).filter(|id| !id.is_empty()),
            name: self.name.trim().to_owned(),
            phones: each(&self.phones),
            emails: each(&self.emails),
            tax_ids: each(&self.tax_ids),
            id_numbers: if caller.has(Scope::IdsRead) { each(&self.id_numbers) } else { Vec::new() },
        }
    }
}

/// A name that is somebody else's already.
struct Other {
    value: String,
    id: CustomerId,
    name: String,
}

/// Why what was typed was not kept.
#[derive(Default)]
struct Wrong {
    message: String,
    others: Vec<Other>,
}

#[derive(Template)]
#[template(path = "customer.html")]
struct CustomerPage {
    frame: Frame,
    /// None of one that is to be added.
    id: Option<CustomerId>,
    said: Said,
    wrong: Wrong,
    may_write: bool,
    sees_ids: bool,
    disputed: Vec<String>,
    rows: Vec<Row>,
    /// Where they are talked with.
    talk: Option<String>,
    /// Who is sought to become part of this one, and who was found.
    merge: String,
    found: Vec<Found>,
}

/// Query of a customer's page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    merge: String,
    done: String,
}

/// `GET /customers/new`.
pub async fn begin(State(app): State<App>, person: Person) -> Shown {
    Shown(
        async {
            may_write(&person.caller)?;
            blank(&app, &person, Said::default(), Wrong::default()).await
        }
        .await,
    )
}

async fn blank(app: &App, person: &Person, said: Said, wrong: Wrong) -> Result<Response, Problem> {
    Ok(page(&CustomerPage {
        frame: Frame::of(app, person, "customers").await?,
        id: None,
        said,
        wrong,
        may_write: true,
        sees_ids: person.caller.has(Scope::IdsRead),
        disputed: Vec::new(),
        rows: Vec::new(),
        talk: None,
        merge: String::new(),
        found: Vec::new(),
    }))
}

/// A customer that exists for the person; one that was merged into another is that one.
async fn there(app: &App, person: &Person, id: CustomerId) -> Result<Customer, Problem> {
    let access = person.caller.access();
    if access.is_bound() && !app.catalog.reaches_customer(access, id).await? {
        return Err(Problem::NotFound("customer"));
    }
    app.catalog.customer(id).await?.ok_or(Problem::NotFound("customer"))
}

/// `GET /customers/{id}`.
pub async fn show(
    State(app): State<App>,
    person: Person,
    Id(id): Id<CustomerId>,
    Params(asked): Params<Asked>,
) -> Shown {
    Shown(
        async {
            let customer = there(&app, &person, id).await?;
            if customer.id != id {
                return Ok(Redirect::to(&format!("/customers/{}", customer.id)).into_response());
            }
            let said = Said::of(&customer);
            render(&app, &person, &customer, said, Wrong::default(), asked).await
        }
        .await,
    )
}

async fn render(
    app: &App,
    person: &Person,
    customer: &Customer,
    said: Said,
    wrong: Wrong,
    asked: Asked,
) -> Result<Response, Problem> {
    let caller = &person.caller;
    let (of_theirs, sees_ids) = (Some(customer.id.to_string()), caller.has(Scope::IdsRead));
    let query = Query { customer_id: of_theirs, limit: Some(LATEST), ..Query::default() };
    let (rows, _) = pages::rows(app, person, query).await?;
    let found = match asked.merge.trim() {
        "" => Vec::new(),
        q => sought(app, caller, Some(q), None, FOUND).await?.data,
    };
    let others = found.into_iter().filter(|other| other.id != customer.id);
    let mut frame = Frame::of(app, person, "customers").await?;
    frame.notice = match asked.done.as_str() {
        "saved" => Some(frame.t("Saved.").to_owned()),
        "merged" => Some(frame.t("They are one customer now.").to_owned()),
        _ => None,
    };
    let talk = names(customer, CustomerAlias::Phone).first().map(|phone| format!("/contacts?q={phone}"));
    let told = |kind: CustomerAlias| kind != CustomerAlias::IdNumber || sees_ids;
    let disputed = customer.disputed.iter().filter(|(kind, _)| told(*kind));
    Ok(page(&CustomerPage {
        id: Some(customer.id),
        may_write: may_write(caller).is_ok(),
        sees_ids,
        disputed: disputed.map(|(_, value)| value.clone()).collect(),
        talk: talk.filter(|_| caller.has(Scope::MessagesRead)),
        found: others.map(|other| Found::of(other, caller)).collect(),
        merge: asked.merge,
        frame,
        said,
        wrong,
        rows,
    }))
}

/// What is wrong, by whose it is.
async fn taken(app: &App, taken: Vec<TakenAlias>) -> Result<Wrong, Problem> {
    let mut others = Vec::new();
    for TakenAlias { value, owner, .. } in taken {
        let name = app.catalog.customer(owner).await?.map(|c| c.name).unwrap_or_default();
        others.push(Other { value, id: owner, name });
    }
    Ok(Wrong { message: String::new(), others })
}

fn refused(mut page: Response) -> Response {
    *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    page
}

/// `POST /customers`: adds one. Documents that wait because nobody knew whose they are are matched again.
pub async fn add(State(app): State<App>, person: Person, Form(said): Form<Said>) -> Shown {
    Shown(
        async {
            may_write(&person.caller)?;
            person.check_form(&said.csrf)?;
            let new = said.customer(&person.caller);
            let mut wrong = Wrong::default();
            if let Err(message) = checked::customer(&new) {
                wrong.message = sentence(&message);
            } else {
                wrong = taken(&app, customers::known_otherwise(&app, &new).await?).await?;
                if wrong.others.is_empty() {
                    let saving = Saving::adding(&person.caller.actor);
                    let saved = app.catalog.save_customers(std::slice::from_ref(&new), &saving).await?;
                    match saved.into_iter().next() {
                        Some(Upserted::Taken(whose)) => wrong = taken(&app, whose).await?,
                        Some(done) => return saved_as(&app, done, "saved").await,
                        None => return Err(anyhow::anyhow!("a customer was neither added nor found").into()),
                    }
                }
            }
            Ok(refused(blank(&app, &person, said, wrong).await?))
        }
        .await,
    )
}

async fn saved_as(app: &App, done: Upserted, what: &str) -> Result<Response, Problem> {
    let (_, id) = customers::settled(app, done).await?;
    Ok(Redirect::to(&format!("/customers/{id}?done={what}")).into_response())
}

/// `POST /customers/{id}`: changes a customer, or makes another one part of them.
pub async fn change(
    State(app): State<App>,
    person: Person,
    Id(id): Id<CustomerId>,
    Form(mut said): Form<Said>,
) -> Shown {
    Shown(
        async {
            may_write(&person.caller)?;
            person.check_form(&said.csrf)?;
            if said.act == "merge" {
                return merge(&app, &person, id, &said.from).await;
            }
            let mut customer = there(&app, &person, id).await?;
            let new = said.customer(&person.caller);
            let mut wrong = Wrong::default();
            match checked::customer(&new) {
                Err(message) => wrong.message = sentence(&message),
                Ok(()) => {
                    let patch = patch(new, person.caller.has(Scope::IdsRead));
                    let saving = Saving::adding(&person.caller.actor);
                    match app.catalog.patch_customer((customer.id, said.seen()), patch, &saving).await? {
                        Patched::Saved(Upserted::Taken(whose)) => wrong = taken(&app, whose).await?,
                        Patched::Saved(done) => return saved_as(&app, done, "saved").await,
                        // All of it is kept as it is said, and would take back what somebody else said meanwhile.
                        Patched::Changed => {
                            wrong.message = CHANGED.to_owned();
                            customer = there(&app, &person, id).await?;
                            said.seen = labels::full(customer.updated_at);
                        }
                        Patched::Missing => return Err(Problem::NotFound("customer")),
                    }
                }
            }
            Ok(refused(render(&app, &person, &customer, said, wrong, Asked::default()).await?))
        }
        .await,
    )
}

/// All of it as it is said; numbers of IDs stay where they cannot be seen.
fn patch(new: NewCustomer, sees_ids: bool) -> CustomerPatch {
    CustomerPatch {
        name: Some(new.name),
        external_id: Some(new.external_id),
        phones: Some(new.phones),
        emails: Some(new.emails),
        tax_ids: Some(new.tax_ids),
        id_numbers: sees_ids.then_some(new.id_numbers),
    }
}

async fn merge(app: &App, person: &Person, id: CustomerId, from: &str) -> Result<Response, Problem> {
    let missing = || Problem::BadRequest("merge: say which customer becomes part of this one".to_owned());
    let from = word::<CustomerId>("from", Some(from))?.ok_or_else(missing)?;
    match app.catalog.merge_customers(id, from, &person.caller.actor).await? {
        Merged::Done(_) => saved_as(app, Upserted::Updated(id), "merged").await,
        Merged::Missing | Merged::MergedInto(_) => {
            Err(Problem::NotFound("customer, or they are one already"))
        }
        Merged::SameObligations => Err(Problem::Conflict(
            "both owe something under the same number: settle one of the two first".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_ids_are_said_by_those_alone_who_may_see_them() {
        let said = Said {
            name: " Ana ".to_owned(),
            phones: "+57 300 1112233\n, ;+57 300 4445566".to_owned(),
            id_numbers: "12345678Z".to_owned(),
            ..Said::default()
        };
        let new = said.customer(&Caller::of_key("all", &[Scope::IdsRead]));
        assert_eq!((new.name.as_str(), new.phones.len(), new.id_numbers.len()), ("Ana", 2, 1));
        assert_eq!(new.external_id, None);
        assert!(patch(new, true).id_numbers.is_some());
        let new = said.customer(&Caller::of_key("narrow", &[Scope::ReviewsWrite]));
        assert!(new.id_numbers.is_empty() && patch(new, false).id_numbers.is_none(), "they stay as they are");
    }
}
