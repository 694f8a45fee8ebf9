//! A decision from the desk's form.

use std::collections::BTreeMap;

use acuse_pipeline::{document::Kind, fields::FieldName};
use acuse_storage::{CustomerId, Document, DocumentId, keys::Scope};
use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};

use super::{parts, session::Person, trouble};
use crate::{
    app::App,
    http::{
        extract::{Id, word},
        problem::Problem,
    },
    review::{self, Ask, Verdict},
};

/// `POST /review/{document id}`.
pub async fn decide(
    State(app): State<App>,
    person: Person,
    Id(id): Id<DocumentId>,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    match act(&app, &person, id, &Fields(form)).await {
        Ok(to) => Redirect::to(&to).into_response(),
        Err(problem) => trouble(problem, &format!("/documents/{id}")),
    }
}

/// The form as it came: names may repeat, the first counts.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.trim())
    }
}

async fn act(app: &App, person: &Person, id: DocumentId, form: &Fields) -> Result<String, Problem> {
    person.caller.require(Scope::ReviewsWrite)?;
    person.check_form(form.get("csrf").unwrap_or_default())?;
    let document = app.catalog.document(id).await?.ok_or(Problem::NotFound("document"))?;
    let gone = || Problem::Conflict("this document does not wait for a decision any more".to_owned());
    let review = app.catalog.open_review_of(id).await?.ok_or_else(gone)?;
    let verdict = match form.get("action").unwrap_or_default() {
        "release" => {
            app.catalog.release_review(review.id, &person.caller.actor).await?;
            return Ok("/".to_owned());
        }
        "approve" => Verdict::Approve,
        "correct" => Verdict::Correct,
        "reject" => Verdict::Reject,
        "ask_again" => Verdict::AskAgain,
        "split" => Verdict::Split,
        _ => return Err(Problem::BadRequest("choose what to do with it".to_owned())),
    };
    let ask = asked(verdict, &document, form)?;
    review::decide(app, &person.caller, review.id, ask).await?;
    Ok(onward(form.get("next").unwrap_or("/")))
}

fn asked(verdict: Verdict, document: &Document, form: &Fields) -> Result<Ask, Problem> {
    let kind = word::<Kind>("kind", form.get("kind"))?;
    let note = form.get("note").filter(|n| !n.is_empty()).map(str::to_owned);
    let deciding = matches!(verdict, Verdict::Approve | Verdict::Correct);
    let changes = kind.filter(|_| deciding).map(|kind| changes(kind, document, form)).unwrap_or_default();
    Ok(Ask {
        verdict,
        kind: kind.filter(|_| deciding),
        fields: changes,
        customer_id: word::<CustomerId>("customer", form.get("customer_id"))?,
        parts: if verdict == Verdict::Split {
            Some(parts::said(form.get("parts").unwrap_or_default())?)
        } else {
            None
        },
        note,
        seen_version: word::<i64>("version", form.get("version"))?,
    })
}

/// The fields of this kind that the form says otherwise than the document.
fn changes(kind: Kind, document: &Document, form: &Fields) -> BTreeMap<FieldName, Option<String>> {
    FieldName::of(kind)
        .iter()
        .filter(|name| !name.is_list())
        .filter_map(|name| {
            let said = form.get(&format!("{kind}.{name}"))?;
            let read = document.fields.get(name).map_or("", |f| f.value.as_str());
            (said != read.trim()).then(|| (*name, Some(said.to_owned()).filter(|s| !s.is_empty())))
        })
        .collect()
}

/// Where to go afterwards: only within the desk.
fn onward(next: &str) -> String {
    let inside = next.starts_with("/documents/") && next.bytes().all(|b| b.is_ascii_graphic());
    if inside { next.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_on_stays_inside() {
        assert_eq!(onward("/documents/0198"), "/documents/0198");
        for outside in ["//evil.example", "https://evil.example", "/\\evil", "javascript:1"] {
            assert_eq!(onward(outside), "/");
        }
    }
}
