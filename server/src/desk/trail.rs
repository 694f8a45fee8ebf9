//! The audit trail as somebody searches it, in their language; and takes away what they found, in the words of the code.

use acuse_storage::{
    Access, DocumentId, Sensitivity,
    audit::{AuditFilter, AuditLine},
    users::identities,
};
use askama::Template;
use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde::Deserialize;
use serde_json::json;
use time::Date;
use url::form_urlencoded;

use super::{Frame, Shown, deeds, labels, language::Tongue, page, session::Person};
use crate::{
    access::{failed_sign_ins, rights::Right},
    export::csv::neutral,
    extract::{Params, day, word},
    problem::Problem,
    state::App,
};

/// Lines on one page.
const PAGE: u32 = 100;
/// Lines of a piece of what is taken away.
const PIECE: u32 = 2_000;

/// Who did something where it was no person and no key.
const NOBODYS: [&str; 6] = ["cli", "setup", "rule", "retention", identities::ACTOR, failed_sign_ins::ACTOR];

/// Query of the page.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Ask {
    actor: String,
    action: String,
    document: String,
    /// The first day.
    from: String,
    /// The last day.
    to: String,
    q: String,
    before: Option<i64>,
}

impl Ask {
    fn filter(&self) -> Result<AuditFilter, Problem> {
        let text = |text: &str| Some(text.trim().to_owned()).filter(|t| !t.is_empty());
        let moment = |date: Date| date.midnight().assume_utc();
        // A name alone is a person's.
        let is_whole = |who: &str| who.contains(':') || NOBODYS.contains(&who);
        let actor = text(&self.actor).map(|who| if is_whole(&who) { who } else { format!("user:{who}") });
        Ok(AuditFilter {
            actor,
            action: text(&self.action),
            document_id: word::<DocumentId>("document", Some(&self.document))?,
            from: day("from", Some(&self.from))?.map(moment),
            to: day("to", Some(&self.to))?.and_then(Date::next_day).map(moment),
            q: text(&self.q),
        })
    }

    fn query(&self, before: Option<i64>) -> String {
        let parts = [
            ("actor", &self.actor),
            ("action", &self.action),
            ("document", &self.document),
            ("from", &self.from),
            ("to", &self.to),
            ("q", &self.q),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(parts.into_iter().filter(|(_, value)| !value.is_empty()));
        if let Some(before) = before {
            query.append_pair("before", &before.to_string());
        }
        format!("?{}", query.finish())
    }
}

/// A line as it is shown.
struct Line {
    at: String,
    actor: String,
    /// The word that code and exports know it by.
    action: String,
    did: String,
    document: Option<DocumentId>,
    detail: String,
}

impl Line {
    fn of(AuditLine { entry, .. }: AuditLine, tongue: Tongue) -> Self {
        Self {
            at: labels::full(entry.at),
            detail: deeds::particulars(&entry.detail, tongue),
            did: deeds::action(&entry.action, tongue),
            actor: entry.actor,
            action: entry.action,
            document: entry.document_id,
        }
    }
}

#[derive(Template)]
#[template(path = "audit.html")]
struct Audit {
    frame: Frame,
    ask: Ask,
    actions: Vec<(String, String)>,
    lines: Vec<Line>,
    csv: String,
    next: Option<String>,
}

/// The next lines, without what whoever looks may not be told.
async fn found(
    app: &App,
    access: &Access,
    (filter, before): (&AuditFilter, Option<i64>),
    limit: u32,
) -> Result<Vec<AuditLine>, Problem> {
    let mut lines = app.catalog.search_audit(filter, before, limit).await?;
    let about: Vec<DocumentId> = lines.iter().filter_map(|line| line.entry.document_id).collect();
    let told = app.catalog.told_of(access, &about).await?;
    for line in &mut lines {
        let Some(id) = line.entry.document_id else { continue };
        let sensitivity = told.get(&id).copied().unwrap_or(Sensitivity::Unknown);
        line.entry.detail = access.particulars(sensitivity, line.entry.detail.take());
    }
    Ok(lines)
}

/// `GET /audit`.
pub async fn show(State(app): State<App>, person: Person, Params(ask): Params<Ask>) -> Shown {
    Shown(render(&app, &person, ask).await)
}

async fn render(app: &App, person: &Person, ask: Ask) -> Result<Response, Problem> {
    person.must(Right::Audit)?;
    let mut found = found(app, person.caller.access(), (&ask.filter()?, ask.before), PAGE + 1).await?;
    let more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let next = found.last().filter(|_| more).map(|last| format!("/audit{}", ask.query(Some(last.seq))));
    let tongue = person.tongue;
    let actions = app.catalog.audit_actions().await?.into_iter();
    let mut actions: Vec<_> = actions.map(|word| (word.clone(), deeds::action(&word, tongue))).collect();
    actions.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(page(&Audit {
        actions,
        lines: found.into_iter().map(|line| Line::of(line, tongue)).collect(),
        csv: format!("/audit/export{}", ask.query(None)),
        next,
        frame: Frame::of(app, person, "audit").await?,
        ask,
    }))
}

/// The lines of a piece as CSV, and where the next begins.
async fn piece(
    app: &App,
    access: &Access,
    (filter, before): (&AuditFilter, Option<i64>),
    with_head: bool,
) -> Result<Option<(Vec<u8>, i64)>, Problem> {
    let found = found(app, access, (filter, before), PIECE).await?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut put = |cells: [&str; 5]| writer.write_record(cells.map(|c| neutral(c).into_owned()));
    if with_head {
        put(["at", "actor", "action", "document_id", "detail"]).map_err(anyhow::Error::new)?;
    }
    let last = found.last().map(|l| l.seq);
    for AuditLine { entry, .. } in &found {
        let document = entry.document_id.map(|id| id.to_string()).unwrap_or_default();
        let detail = if entry.detail.is_null() { String::new() } else { entry.detail.to_string() };
        put([&labels::full(entry.at), &entry.actor, &entry.action, &document, &detail])
            .map_err(anyhow::Error::new)?;
    }
    let bytes = writer.into_inner().map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(match last {
        Some(last) => Some((bytes, last)),
        // A head without lines ends it.
        None => with_head.then_some((bytes, i64::MIN)),
    })
}

/// `GET /audit/export`: all that is found, as CSV. That it was taken stands in the trail.
pub async fn export(State(app): State<App>, person: Person, Params(ask): Params<Ask>) -> Shown {
    Shown(
        async {
            person.must(Right::Audit)?;
            let filter = ask.filter()?;
            let detail = json!({ "asked": ask.query(None) });
            app.catalog.audit(&person.caller.actor, "audit_exported", None, &detail).await?;
            let access = person.caller.access().clone();
            let first = piece(&app, &access, (&filter, None), true).await?;
            let rest =
                stream::unfold((app, access, filter, first), |(app, access, filter, ready)| async move {
                    let (bytes, last) = ready?;
                    let (item, next) = match piece(&app, &access, (&filter, Some(last)), false).await {
                        Ok(next) => (Ok(bytes), next),
                        Err(problem) => {
                            problem.log();
                            // The connection is cut, so that nobody takes half for the whole.
                            (Err(std::io::Error::other("the export broke off")), None)
                        }
                    };
                    Some((item, (app, access, filter, next)))
                });
            let mut response = Response::new(Body::from_stream(rest));
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
            let name = HeaderValue::from_static("attachment; filename=\"acuse-audit.csv\"");
            headers.insert(header::CONTENT_DISPOSITION, name);
            Ok(response.into_response())
        }
        .await,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_alone_is_a_persons() {
        let of = |actor: &str| Ask { actor: actor.to_owned(), ..Ask::default() }.filter().unwrap().actor;
        assert_eq!(of("ana").as_deref(), Some("user:ana"));
        assert_eq!(of("key:laptop").as_deref(), Some("key:laptop"));
        assert_eq!((of("cli").as_deref(), of(" ")), (Some("cli"), None));
        for nobody in ["sign-in", "oidc", "rule", "retention"] {
            assert_eq!(of(nobody).as_deref(), Some(nobody));
        }
    }
}
