//! The people at the desk and their sessions: an admin lets them in and out, gives them a role and the right to see IDs,
//! sees who they are for identity providers (`identities`), and ends sessions; everybody sees and ends their own.

use acuse_pipeline::document::Sha256;
use acuse_storage::{
    names::UserId,
    reviews::pace::Pace,
    users::{Change, NO_PASSWORD, Role, Session, Unchanged, User, Way, identities},
};
use askama::Template;
use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use serde_json::json;

use super::{Frame, Shown, identities::IdentityRow, labels, page, session::Person};
use crate::{
    access::{password, rights::Right},
    extract::{Id, Params, word},
    problem::Problem,
    state::App,
};

/// A person as a line.
struct Row {
    id: String,
    name: String,
    role: &'static str,
    sees_ids: bool,
    disabled: bool,
    email: String,
    /// Who they are for identity providers.
    identities: Vec<IdentityRow>,
    is_self: bool,
}

/// A session as a line.
struct SessionRow {
    id: String,
    user: String,
    browser: String,
    address: String,
    /// How they signed in.
    way: &'static str,
    since: String,
    until: String,
    is_this: bool,
}

impl SessionRow {
    fn of(session: Session, person: &Person) -> Self {
        Self {
            is_this: session.id == person.token_hash,
            id: session.id.to_string(),
            user: session.user,
            browser: browser(&session.agent),
            address: session.address,
            way: match session.way {
                Way::Password => "Password",
                Way::Oidc => "Sign-in elsewhere",
            },
            since: labels::full(session.created_at),
            until: labels::full(session.expires_at),
        }
    }
}

/// How somebody's last decisions came, as a line.
struct PaceRow {
    person: String,
    decisions: usize,
    plain: usize,
    between: String,
    is_stamping: bool,
}

impl From<Pace> for PaceRow {
    fn from(pace: Pace) -> Self {
        Self {
            person: pace.person.strip_prefix("user:").unwrap_or(&pace.person).to_owned(),
            decisions: pace.decisions,
            plain: pace.plain,
            between: pace.between_secs.map(|secs| format!("{secs:.1} s")).unwrap_or_default(),
            is_stamping: pace.is_stamping,
        }
    }
}

/// A browser and its system as people call them, out of what it calls itself.
fn browser(agent: &str) -> String {
    let known = |names: &[(&str, &'static str)]| {
        names.iter().find(|(part, _)| agent.contains(part)).map(|(_, name)| *name)
    };
    // Each says that it is all those before it.
    let browser = known(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = known(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    let both: Vec<&str> = browser.into_iter().chain(system).collect();
    if both.is_empty() { agent.chars().take(40).collect() } else { both.join(", ") }
}

#[derive(Template)]
#[template(path = "people.html")]
struct People {
    frame: Frame,
    people: Vec<Row>,
    sessions: Vec<SessionRow>,
    /// For whoever looks after the others.
    paces: Vec<PaceRow>,
    roles: Vec<(&'static str, &'static str)>,
    /// Whether people may also sign in elsewhere, and need no password.
    has_provider: bool,
}

/// Roles with what they may, in words.
const ROLES: &[(Role, &str)] = &[
    (Role::Reviewer, "Reviewer: decides documents"),
    (Role::Finance, "Finance: sees the books and takes them away"),
    (Role::Supervisor, "Supervisor: decides, and takes back what others hold"),
    (Role::Auditor, "Auditor: sees everything, changes nothing"),
    (Role::Admin, "Admin: everything, people too"),
];

/// What somebody did, said on the next page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Done {
    said: String,
}

/// `GET /people`.
pub async fn show(State(app): State<App>, person: Person, Params(done): Params<Done>) -> Shown {
    Shown(render(&app, &person, &done).await)
}

async fn render(app: &App, person: &Person, done: &Done) -> Result<Response, Problem> {
    let all = person.may(Right::People);
    let users = if all { app.catalog.users().await? } else { Vec::new() };
    let mut known = if all { app.catalog.identities().await? } else { Vec::new() };
    let mut row = |user: User| Row {
        id: user.id.to_string(),
        is_self: user.id == person.user.id,
        name: user.name,
        role: user.role.as_str(),
        sees_ids: user.sees_ids,
        disabled: user.disabled_at.is_some(),
        email: user.email.unwrap_or_default(),
        identities: known.extract_if(.., |i| i.user_id == user.id).map(IdentityRow::from).collect(),
    };
    let sessions = app.catalog.sessions().await?.into_iter();
    let sessions = sessions.filter(|s| all || s.user == person.user.name);
    let paces = if person.may(Right::Supervise) { app.catalog.paces().await? } else { Vec::new() };
    let mut frame = Frame::of(app, person, "people").await?;
    // One of a closed list, for anybody may write an address.
    frame.notice = match done.said.as_str() {
        "added" => Some(frame.t("They can sign in now.").to_owned()),
        "changed" => Some(frame.t("Changed.").to_owned()),
        "ended" => Some(frame.t("The session is ended.").to_owned()),
        _ => None,
    };
    Ok(page(&People {
        people: users.into_iter().map(&mut row).collect(),
        sessions: sessions.map(|s| SessionRow::of(s, person)).collect(),
        paces: paces.into_iter().map(PaceRow::from).collect(),
        has_provider: app.oidc.is_some(),
        roles: ROLES.iter().map(|(role, label)| (role.as_str(), *label)).collect(),
        frame,
    }))
}

/// What the forms of the page send.
#[derive(Deserialize)]
pub struct Act {
    csrf: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    /// Empty for none; not there where the form does not ask.
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    role: String,
    /// `yes`, or nothing where the box is empty.
    #[serde(default)]
    sees_ids: String,
    /// `save`, `disable`, `enable` or `reset`.
    #[serde(default)]
    act: String,
}

/// Why somebody stays who they are.
const RULE_IS_LEFT: &str = "A rule for four eyes would be left with fewer than two people who can decide what it is about: \
                            let somebody else in first, or end the rule.";

fn role(text: &str) -> Result<Role, Problem> {
    let said = word::<Role>("role", Some(text))?;
    said.ok_or_else(|| Problem::BadRequest("role: say what they may do".to_owned()))
}

async fn hashed(password: &str) -> Result<String, Problem> {
    password::hash(password.to_owned())
        .await
        .map_err(|error| Problem::BadRequest(format!("password: {error}")))
}

/// The address that a form says: empty where it says none.
fn email(form: &Act) -> Result<Option<String>, Problem> {
    let said = form.email.as_deref().map(str::trim);
    let sound = |text: &str| if text.is_empty() { Some(String::new()) } else { identities::email(text) };
    let wrong = || Problem::BadRequest("e-mail: write it as name@example.com".to_owned());
    said.map(|text| sound(text).ok_or_else(wrong)).transpose()
}

/// `POST /people`: lets somebody in.
pub async fn add(State(app): State<App>, person: Person, Form(form): Form<Act>) -> Shown {
    Shown(
        async {
            person.must(Right::People)?;
            person.check_form(&form.csrf)?;
            let name = form.name.trim();
            if name.is_empty() || name.chars().count() > 80 {
                return Err(Problem::BadRequest("name: 1 to 80 characters".to_owned()));
            }
            let (role, sees_ids) = (role(&form.role)?, form.sees_ids == "yes");
            let email = email(&form)?.filter(|email| !email.is_empty());
            // Whoever signs in elsewhere needs none.
            let hash = if form.password.is_empty() && email.is_some() && app.oidc.is_some() {
                NO_PASSWORD.to_owned()
            } else {
                hashed(&form.password).await?
            };
            if app.catalog.add_user(name, &hash, (role, sees_ids), email.as_deref()).await?.is_none() {
                let taken = format!("somebody is called {name} or has that e-mail address already");
                return Err(Problem::Conflict(taken));
            }
            let detail = json!({ "user": name, "role": role, "sees_ids": sees_ids, "email": email });
            app.catalog.audit(&person.caller.actor, "user_added", None, &detail).await?;
            Ok(Redirect::to("/people?said=added").into_response())
        }
        .await,
    )
}

/// What is asked for, and what the trail says of it.
async fn change_of(form: &Act) -> Result<(Change, &'static str), Problem> {
    Ok(match form.act.as_str() {
        "save" => {
            let sees_ids = Some(form.sees_ids == "yes");
            let (role, email) = (Some(role(&form.role)?), email(form)?);
            (Change { role, sees_ids, email, ..Change::default() }, "user_changed")
        }
        "disable" => (Change { disabled: Some(true), ..Change::default() }, "user_disabled"),
        "enable" => (Change { disabled: Some(false), ..Change::default() }, "user_enabled"),
        "reset" => {
            let password_hash = Some(hashed(&form.password).await?);
            (Change { password_hash, ..Change::default() }, "user_password_reset")
        }
        _ => return Err(Problem::BadRequest("act: save, disable, enable or reset".to_owned())),
    })
}

/// `POST /people/{id}`: changes somebody.
pub async fn change(
    State(app): State<App>,
    person: Person,
    Id(id): Id<UserId>,
    Form(form): Form<Act>,
) -> Shown {
    Shown(
        async {
            person.must(Right::People)?;
            person.check_form(&form.csrf)?;
            let was = app.catalog.users().await?.into_iter().find(|u| u.id == id);
            let was = was.ok_or(Problem::NotFound("person"))?;
            let (mut change, action) = change_of(&form).await?;
            // Saved as it was, it ends nobody's session.
            change.role = change.role.filter(|role| *role != was.role);
            let user = app.catalog.change_user(id, &change).await?.map_err(|why| match why {
                Unchanged::Missing => Problem::NotFound("person"),
                Unchanged::LastAdmin => {
                    Problem::Conflict("nobody would be left who may let people in".to_owned())
                }
                Unchanged::EmailTaken => {
                    Problem::Conflict("somebody else has that e-mail address".to_owned())
                }
                Unchanged::FourEyes => Problem::Conflict(person.tongue.t(RULE_IS_LEFT).to_owned()),
            })?;
            let detail = json!({
                "user": user.name,
                "role": { "from": was.role, "to": user.role },
                "sees_ids": { "from": was.sees_ids, "to": user.sees_ids },
                "email": { "from": was.email, "to": user.email },
            });
            app.catalog.audit(&person.caller.actor, action, None, &detail).await?;
            Ok(Redirect::to("/people?said=changed").into_response())
        }
        .await,
    )
}

/// `POST /sessions/{id}/end`: ends a session of one's own, or as an admin anybody's.
pub async fn end_session(
    State(app): State<App>,
    person: Person,
    Id(id): Id<Sha256>,
    Form(form): Form<Act>,
) -> Shown {
    Shown(
        async {
            person.check_form(&form.csrf)?;
            let session = app.catalog.sessions().await?.into_iter().find(|s| s.id == id);
            let own = |s: &Session| s.user == person.user.name;
            let session = session.filter(|s| own(s) || person.may(Right::People));
            let session = session.ok_or(Problem::NotFound("session"))?;
            app.catalog.close_session(&id).await?;
            let detail = json!({ "user": session.user, "address": session.address });
            app.catalog.audit(&person.caller.actor, "session_ended", None, &detail).await?;
            Ok(Redirect::to("/people?said=ended").into_response())
        }
        .await,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_named_as_people_name_it() {
        let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";
        assert_eq!(browser(chrome), "Chrome, Windows");
        assert_eq!(browser(&format!("{chrome} Edg/140.0")), "Edge, Windows");
        assert_eq!(browser("curl/8.5"), "curl/8.5");
    }
}
