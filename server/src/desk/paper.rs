//! The paper of a blind check, with nothing of what was read beside it, and what somebody says of it.

use std::collections::BTreeMap;

use acuse_pipeline::{
    checks,
    document::Kind,
    fields::{FieldName, Fields},
};
use acuse_storage::{Document, abstention::says_same, keys::Scope, quality::Drawn, reviews::drafts};
use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Frame, Shown, labels, page,
    page_views::{Sheet, sheets},
    sentence,
    session::Person,
};
use crate::{
    access::{self, quarantine},
    extract::Id,
    problem::Problem,
    state::App,
};

#[derive(Template)]
#[template(path = "check.html")]
struct Check {
    frame: Frame,
    id: Uuid,
    pages: Vec<Sheet>,
    kinds: Vec<(&'static str, &'static str)>,
    /// What is typed already.
    said: Said,
    /// What of it cannot be, and why.
    fault: Option<Fault>,
}

/// Why an answer is not kept: mostly a value that its field cannot hold.
pub(super) struct Fault {
    /// What it is called; empty where it is nothing that was said.
    label: String,
    why: String,
}

impl Fault {
    /// Somebody else has it by now.
    pub(super) fn held_by(actor: &str) -> Self {
        let name = actor.strip_prefix("user:").unwrap_or(actor);
        Self { label: String::new(), why: format!("{name} has this check in front of them.") }
    }
}

/// What is asked of a paper: the name in the form and the field of each kind.
const ASKED: &[(&str, FieldName, FieldName)] = &[
    ("party", FieldName::IssuerName, FieldName::MerchantName),
    ("number", FieldName::Number, FieldName::Number),
    ("date", FieldName::IssueDate, FieldName::Date),
    ("total", FieldName::Total, FieldName::Total),
    ("currency", FieldName::Currency, FieldName::Currency),
];

/// The sample and its document, as far as the person may see it.
pub(super) async fn sample(app: &App, person: &Person, id: Uuid) -> Result<(Drawn, Document), Problem> {
    person.caller.require(Scope::ReviewsWrite)?;
    let drawn = app.catalog.quality_check(id).await?.ok_or(Problem::NotFound("blind check"))?;
    let document = access::open(app, &person.caller, drawn.document_id).await?;
    Ok((drawn, document))
}

/// `GET /checks/{id}`: the paper, and nothing of what was read.
pub async fn show(State(app): State<App>, person: Person, Id(id): Id<Uuid>) -> Shown {
    Shown(
        async {
            let (drawn, document) = sample(&app, &person, id).await?;
            let other = drawn.held_by.filter(|holder| *holder != person.caller.actor);
            let fault = other.as_deref().map(Fault::held_by);
            let mut response = asked(&app, &person, (id, document), Said::default(), fault).await?;
            *response.status_mut() = StatusCode::OK;
            Ok(response)
        }
        .await,
    )
}

/// The paper once more, with what somebody had typed whose session had ended. Nothing is answered.
///
/// # Errors
/// Where it is not theirs to answer.
pub(super) async fn again(app: &App, person: &Person, id: Uuid, said: Said) -> Result<Response, Problem> {
    let (_, document) = sample(app, person, id).await?;
    asked(app, person, (id, document), said, None).await
}

/// The paper, with what is typed beside it.
pub(super) async fn asked(
    app: &App,
    person: &Person,
    (id, document): (Uuid, Document),
    said: Said,
    fault: Option<Fault>,
) -> Result<Response, Problem> {
    if quarantine::is_held(app, &document).await? {
        return Err(Problem::NotFound("picture"));
    }
    access::showing(app, &person.caller, std::slice::from_ref(&document)).await?;
    // Its pages without a field marked on them.
    let bare = Document { fields: Fields::new(), ..document };
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut response = page(&Check {
        pages: sheets(&bare, &[]),
        kinds: [Kind::Invoice, Kind::Receipt, Kind::Id, Kind::Other]
            .iter()
            .map(|k| (k.as_str(), labels::kind(Some(*k))))
            .collect(),
        frame: Frame { about: Some(format!("/checks/{id}")), ..Frame::of(app, person, "checks").await? },
        id,
        said,
        fault,
    });
    *response.status_mut() = status;
    Ok(response)
}

/// What a person says of the paper.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Said {
    #[serde(skip_serializing)]
    pub(super) csrf: String,
    kind: String,
    party: String,
    number: String,
    date: String,
    total: String,
    currency: String,
    /// `unreadable` where the paper cannot be read.
    #[serde(skip_serializing)]
    act: String,
}

impl Said {
    /// Whether they say that nobody can read it.
    pub(super) fn is_unreadable(&self) -> bool {
        self.act == "unreadable"
    }

    fn get(&self, name: &str) -> &str {
        match name {
            "party" => &self.party,
            "number" => &self.number,
            "date" => &self.date,
            "total" => &self.total,
            _ => &self.currency,
        }
    }

    pub(super) fn answer(&self) -> BTreeMap<&'static str, String> {
        let said = ASKED.iter().map(|(name, ..)| (*name, self.get(name).trim().to_owned()));
        said.chain([("kind", self.kind.clone())]).collect()
    }

    /// What it is, which nothing says before a person does.
    ///
    /// # Errors
    /// Where nobody said it.
    pub(super) fn kind(&self) -> Result<Kind, Fault> {
        let fault = || Fault { label: labels::label("kind"), why: "Say what it is.".to_owned() };
        self.kind.parse().map_err(|_| fault())
    }

    /// The same as the form of its document says it.
    pub(super) fn draft(&self) -> drafts::Form {
        let kind = self.kind.parse::<Kind>().ok();
        let said = ASKED.iter().filter_map(|(name, invoice, receipt)| {
            let field = match kind {
                Some(Kind::Invoice) => invoice,
                Some(Kind::Receipt) => receipt,
                _ => return None,
            };
            let said = self.get(name).trim();
            (!said.is_empty()).then(|| (format!("{}.{field}", self.kind), said.to_owned()))
        });
        std::iter::once(("kind".to_owned(), self.kind.clone())).chain(said).collect()
    }

    /// Whether it is what was filed.
    ///
    /// # Errors
    /// A value that its field cannot hold.
    pub(super) fn is_as_filed(&self, kind: Kind, document: &Document) -> Result<bool, Fault> {
        if Some(kind) != document.kind {
            return Ok(false);
        }
        let mut is_same = true;
        for (name, invoice, receipt) in ASKED {
            let field = if kind == Kind::Invoice { *invoice } else { *receipt };
            let filed = document.fields.get(&field).map(|f| f.value.as_str()).unwrap_or_default();
            let said = self.get(name).trim();
            let typed = if said.is_empty() {
                String::new()
            } else {
                checks::typed(kind, field, said)
                    .map_err(|why| Fault { label: labels::label(name), why: sentence(&why) })?
            };
            is_same &= says_same(field, &typed, filed);
        }
        Ok(is_same)
    }
}
