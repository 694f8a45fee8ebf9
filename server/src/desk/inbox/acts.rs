//! What a person does with a case: take it, write, hand it back, close it, approve what nobody else is left to approve. What
//! could not be sent comes back to them.

use acuse_storage::{
    CaseId,
    cases::{Act, Templated},
};
use askama::Template;
use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use url::form_urlencoded;

use super::case;
use crate::{
    cases,
    desk::{Frame, Shown, page, sentence, session::Person},
    extract::Id,
    problem::Problem,
    state::App,
};

/// What a form of the page carries.
#[derive(Deserialize)]
pub struct Did {
    csrf: String,
    act: String,
    version: i64,
    #[serde(default)]
    pub(super) text: String,
    #[serde(default)]
    team: String,
    /// Name and language.
    #[serde(default)]
    template: String,
    /// What stands in it, a line each.
    #[serde(default)]
    params: String,
    /// What stands in its header.
    #[serde(default)]
    header: String,
    /// What its buttons take, a line each; an empty one where a button takes nothing.
    #[serde(default)]
    buttons: String,
    /// Language and name.
    #[serde(default)]
    pub(super) answer: String,
    /// `case`: the form stands on the page of its case; and else it is the list.
    #[serde(default)]
    back: String,
}

/// Back to the page of the case, or to the list that a form stood in.
pub(super) fn led_back(case: Option<CaseId>, back: &str) -> Redirect {
    if let (Some(case), "case") = (case, back) {
        return Redirect::to(&format!("/inbox/{case}"));
    }
    let mut list = form_urlencoded::Serializer::new(String::new());
    list.extend_pairs(form_urlencoded::parse(back.as_bytes()).filter(|(_, value)| !value.is_empty()));
    Redirect::to(format!("/inbox?{}", list.finish()).trim_end_matches('?'))
}

/// Writing by the template that was picked.
fn by_template(form: &Did) -> Result<Act, Problem> {
    let (name, language) = form.template.split_once(' ').ok_or(Problem::NotFound("template"))?;
    let params = form.params.lines().map(str::trim).filter(|line| !line.is_empty());
    cases::templated(Templated {
        name: name.to_owned(),
        language: Some(language.to_owned()),
        params: params.map(str::to_owned).collect(),
        header: Some(form.header.clone()),
        buttons: form.buttons.trim_end().lines().map(str::to_owned).collect(),
    })
}

/// `POST /inbox/{id}`: take, write, put a saved answer into the box, hand back, close.
pub async fn act(State(app): State<App>, person: Person, Id(id): Id<CaseId>, Form(form): Form<Did>) -> Shown {
    Shown(
        async {
            person.check_form(&form.csrf)?;
            if form.act == "fill" {
                return case::filled(&app, &person, id, &form).await;
            }
            let done = if form.act == "reply" {
                cases::write(&app, &person.caller, id, (form.version, &form.text), None).await
            } else {
                match act_of(&app, &person, &form).await {
                    Ok(act) => cases::carry_out(&app, &person.caller, id, form.version, &act).await,
                    Err(problem) => Err(problem),
                }
            };
            let typed =
                [form.text, form.header, form.params, form.buttons].map(|words| words.trim().to_owned());
            let typed: Vec<String> = typed.into_iter().filter(|words| !words.is_empty()).collect();
            let typed = typed.join("\n");
            match done {
                Ok(_) => Ok(led_back(Some(id), &form.back).into_response()),
                Err(problem) if typed.is_empty() => Err(problem),
                Err(problem) => unsent(&app, &person, problem, typed).await,
            }
        }
        .await,
    )
}

/// What a form asks to be done.
async fn act_of(app: &App, person: &Person, form: &Did) -> Result<Act, Problem> {
    match form.act.as_str() {
        "take" => Ok(Act::Assign { to: Some(person.caller.actor.clone()), team: None }),
        "give" => {
            let house = app.catalog.house().await?;
            let known = house.teams().iter().any(|team| team.name == form.team);
            let team = Some(form.team.clone()).filter(|_| known).ok_or(Problem::NotFound("team"))?;
            Ok(Act::Assign { to: None, team: Some(team) })
        }
        "template" => by_template(form),
        "return" => Ok(Act::Return),
        "close" => Ok(Act::Close),
        "yes" => Ok(Act::Decide { approves: true }),
        "no" => Ok(Act::Decide { approves: false }),
        _ => Err(Problem::BadRequest(
            "act: take, give, fill, reply, template, return, close, yes or no".to_owned(),
        )),
    }
}

#[derive(Template)]
#[template(path = "unsent.html")]
struct Unsent {
    frame: Frame,
    why: String,
    text: String,
}

/// The window closed, the case moved while a person typed, or it cannot be sent so: nothing of theirs is lost.
pub(super) async fn unsent(
    app: &App,
    person: &Person,
    problem: Problem,
    text: String,
) -> Result<Response, Problem> {
    let (status, why) = of_what_was_written(problem)?;
    let frame = Frame::of(app, person, "inbox").await?;
    let mut response = page(&Unsent { why: sentence(&why), text, frame });
    *response.status_mut() = status;
    Ok(response)
}

/// Why what a person wrote was not sent, and with which status that is said; what speaks of something else is what it is.
fn of_what_was_written(problem: Problem) -> Result<(StatusCode, String), Problem> {
    let status = problem.status();
    match problem {
        Problem::Conflict(why) | Problem::Unprocessable(why) => Ok((status, why)),
        Problem::TooLarge { limit_bytes } => {
            Ok((status, format!("the file is larger than {limit_bytes} bytes")))
        }
        problem => Err(problem),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::LOCATION;

    use super::*;

    #[test]
    fn a_form_leads_back_to_where_it_stood_and_nowhere_else() {
        let to = |case, back: &str| {
            let answer = led_back(case, back).into_response();
            answer.headers()[LOCATION].to_str().unwrap().to_owned()
        };
        let id = CaseId::generate();
        assert_eq!(to(Some(id), "case"), format!("/inbox/{id}"));
        assert_eq!(to(Some(id), "show=team&team=a%20b&after="), "/inbox?show=team&team=a+b");
        assert_eq!(to(None, ""), "/inbox");
        assert_eq!(to(None, "//evil.example\r\nx: y"), "/inbox");
        assert!(to(None, "//evil.example\r\nx: y=z").starts_with("/inbox?%2F%2Fevil"));
    }

    #[test]
    fn what_was_not_sent_comes_back_with_why_and_nothing_else_does() {
        for (problem, status) in [
            (Problem::Conflict("it moved".into()), 409),
            (Problem::Unprocessable("choose a file".into()), 422),
            (Problem::TooLarge { limit_bytes: 7 }, 413),
        ] {
            let (told, why) = of_what_was_written(problem).unwrap();
            assert!(told.as_u16() == status && !why.is_empty(), "{told}: {why}");
        }
        assert!(matches!(of_what_was_written(Problem::NotFound("case")), Err(Problem::NotFound("case"))));
    }
}
