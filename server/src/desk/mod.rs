//! The review desk: pages for people, rendered here, without a build step.
//!
//! A person signs in ([`session`], or elsewhere: [`oidc`]), sees the queue ([`queue`]), opens a document ([`document`], its pages [`page_views`],
//! several in one file [`split_form`]) and decides ([`decide`]). [`ledger`] says whether all that came is accounted for, [`came`] and [`pages`] list it. Every page works without JavaScript; the script only
//! presses the buttons that are there.

pub mod abstention;
mod again;
pub mod assets;
pub mod board;
pub mod bulk;
pub mod came;
pub mod checks;
pub mod contacts;
pub mod counted;
pub mod customers;
pub mod day_clock;
pub mod decide;
mod deeds;
pub mod document;
pub mod error_page;
mod fields;
pub mod finance;
pub mod flow;
pub mod four_eyes;
mod grid;
mod identities;
pub mod inbox;
pub mod incidents;
pub mod labels;
pub mod language;
pub mod ledger;
pub mod live;
pub mod login;
pub mod numbers;
pub mod oidc;
pub mod page_views;
pub mod page_words;
pub mod pages;
pub mod paper;
pub mod people;
pub mod pictures;
mod plot;
pub mod queue;
pub mod queue_view;
mod said;
pub mod saved;
pub mod session;
pub mod split_form;
mod timed;
pub mod trail;
pub mod typed;
pub mod whose;
pub mod work;

use acuse_storage::{DocumentId, access::Hidden, keys::Scope, reviews::Held};
use askama::Template;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, header},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};

use time::OffsetDateTime;

use crate::{access::rights::Right, problem::Problem, state::App};
pub use error_page::trouble;
use language::Tongue;
use queue_view::QueueView;
use session::Person;

/// Only our own pictures, style and script; nothing inline; in nobody's frame.
const POLICY: &str = "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'";

/// The desk's addresses.
pub fn router() -> Router<App> {
    Router::new()
        .route("/", get(queue::show))
        .route("/login", get(login::show).post(login::enter))
        .route("/login/resume", post(login::resume))
        .route("/login/oidc", get(oidc::begin))
        .route("/login/oidc/callback", get(oidc::come_back))
        .route("/setup", get(login::show_setup).post(login::setup))
        .route("/logout", post(login::leave))
        .route("/documents", get(pages::documents))
        .route("/documents/{id}", get(document::show))
        .route("/documents/{id}/words", get(page_words::show))
        .route("/documents/{id}/sender", get(document::sender::show))
        .route("/pictures/{id}", get(pictures::show))
        .route("/pictures/{id}/received", get(pictures::received))
        .route("/review/{id}", post(decide::decide))
        .route("/review/{id}/undo", post(decide::undo))
        .route("/review/{id}/beat", post(decide::beat))
        .route("/review/{id}/draft", post(decide::draft))
        .route("/review/{id}/ahead", post(work::ahead))
        .route("/reviews/{id}/take-back", post(work::take_back))
        .route("/work", get(work::show).post(work::fetch_next))
        .route("/bulk", get(bulk::preview).post(bulk::decide))
        .route("/bulk/{id}/undo", post(bulk::undo))
        .route("/views", post(saved::keep))
        .route("/views/{id}/drop", post(saved::forget))
        .route("/live", get(live::follow))
        .route("/finance", get(finance::show))
        .route("/finance/export", get(finance::export))
        .route("/people", get(people::show).post(people::add))
        .route("/people/{id}", post(people::change))
        .route("/people/{id}/unlink", post(identities::unlink))
        .route("/sessions/{id}/end", post(people::end_session))
        .route("/checks", get(checks::show).post(checks::set))
        .route("/checks/threshold", post(abstention::apply))
        .route("/checks/threshold/{id}/undo", post(abstention::undo))
        .route("/checks/next", post(checks::take))
        .route("/checks/{id}", get(paper::show).post(checks::answer))
        .route("/four-eyes", get(four_eyes::show).post(four_eyes::make))
        .route("/four-eyes/{id}/end", post(four_eyes::end))
        .route("/audit", get(trail::show))
        .route("/audit/export", get(trail::export))
        .route("/flow", get(flow::show))
        .route("/inbox", get(inbox::list))
        .route("/inbox/{id}", get(inbox::show).post(inbox::act))
        .route("/inbox/{id}/notes", post(inbox::note))
        .route("/inbox/{id}/files", post(inbox::send_file).layer(DefaultBodyLimit::max(inbox::FORM_BYTES)))
        .route("/inbox/receipts/{id}", post(inbox::receipt))
        .route("/files/{id}", get(pictures::sent))
        .route("/contacts", get(contacts::list))
        .route("/contacts/{id}", get(contacts::show))
        .route("/customers", get(customers::list).post(customers::one::add))
        .route("/customers/found", get(customers::found))
        .route("/customers/new", get(customers::one::begin))
        .route("/customers/{id}", get(customers::one::show).post(customers::one::change))
        .route("/language", post(login::choose_language))
        .route("/ledger", get(ledger::show))
        .route("/ledger/counted", get(counted::show))
        .route("/ledger/files", get(came::files))
        .route("/ledger/messages", get(came::messages))
        .route("/export", get(ledger::export))
        .route("/alerts", get(incidents::moved))
        .route("/numbers", get(numbers::show))
        .route("/incidents", get(incidents::show))
        .route("/incidents/{id}", post(incidents::act))
        .route("/incidents/routes/{id}/test", post(incidents::test))
        .route("/assets/{name}", get(assets::serve))
}

/// Which sections there are for a person.
#[derive(Debug, Default, Clone, Copy)]
pub struct Rights {
    /// Whether they decide.
    pub works: bool,
    /// Whether they read conversations.
    pub talks: bool,
    /// Whether they see the finance page.
    pub finance: bool,
    /// Whether they search the trail.
    pub audit: bool,
    /// Whether they let people in and out.
    pub people: bool,
}

impl Rights {
    fn of(person: &Person) -> Self {
        Self {
            works: person.caller.has(Scope::ReviewsWrite),
            talks: person.caller.has(Scope::MessagesRead),
            finance: person.may(Right::Finance),
            audit: person.may(Right::Audit),
            people: person.may(Right::People),
        }
    }
}

/// What is around every page.
#[derive(Debug, Default)]
pub struct Frame {
    /// Who is signed in.
    pub user: Option<String>,
    /// What forms carry.
    pub csrf: String,
    /// Documents that wait.
    pub open_reviews: u64,
    /// Open alerts.
    pub alerts: u64,
    /// Whether they look after the installation.
    pub operator: bool,
    /// Which section is on.
    pub section: &'static str,
    /// How much of what waits their rights hide, in words.
    pub hidden: Option<String>,
    /// The address of the page that this is about, where it stands at one that takes only an act.
    pub about: Option<String>,
    /// A line at the top.
    pub notice: Option<String>,
    /// In which language.
    pub tongue: Tongue,
    /// Which sections there are for them.
    pub rights: Rights,
    /// The person's last decision, while it can be taken back.
    pub undo: Option<Undo>,
    /// The part of the queue that the page is of, to which what is taken back comes back.
    pub view: QueueView,
}

/// A decision, or several made together, that can be taken back.
#[derive(Debug)]
pub struct Undo {
    /// Where its form goes.
    pub action: String,
    /// Where it can be looked at again.
    pub look: Option<DocumentId>,
    /// What was decided.
    pub what: String,
    /// How many, where they are several.
    pub together: Option<u64>,
    /// Milliseconds left.
    pub left_ms: u64,
}

impl Undo {
    fn held(held: &Held, now: OffsetDateTime) -> Self {
        let left = held.until - now;
        Self {
            action: match held.batch {
                Some((batch, _)) => format!("/bulk/{batch}/undo"),
                None => format!("/review/{}/undo", held.document_id),
            },
            look: held.batch.is_none().then_some(held.document_id),
            what: labels::label(&held.resolution),
            together: held.batch.map(|(_, together)| together),
            left_ms: u64::try_from(left.whole_milliseconds()).unwrap_or_default(),
        }
    }

    /// The person's last decision, while it can be taken back.
    async fn of(app: &App, person: &Person) -> Result<Option<Self>, Problem> {
        let held = app.catalog.held_by(&person.caller.actor).await?;
        Ok(held.map(|held| Self::held(&held, app.catalog.now())))
    }
}

#[derive(Template)]
#[template(path = "undo.html")]
struct UndoBar {
    frame: Frame,
}

/// The way back as it stands on a page; empty where there is none.
fn undo_bar(person: &Person, undo: Option<Undo>, view: QueueView) -> String {
    let csrf = person.csrf.clone();
    let frame = Frame { csrf, tongue: person.tongue, undo, view, ..Frame::default() };
    UndoBar { frame }.render().unwrap_or_default()
}

impl Frame {
    /// A text in the person's language.
    #[must_use]
    pub fn t<'a>(&self, english: &'a (impl AsRef<str> + ?Sized)) -> &'a str {
        self.tongue.t(english.as_ref())
    }

    /// A text with one value in it, in the person's language.
    #[must_use]
    pub fn f(&self, english: &str, value: impl std::fmt::Display) -> String {
        self.tongue.f(english, value)
    }

    /// A sentence that came with its values in it, in the person's language.
    #[must_use]
    pub fn say(&self, english: &(impl AsRef<str> + ?Sized)) -> String {
        self.tongue.say(english.as_ref())
    }

    /// The language's code, for the page.
    #[must_use]
    pub fn lang(&self) -> &'static str {
        self.tongue.code()
    }

    /// What the script says, in the person's language; empty in English.
    #[must_use]
    pub fn script_words(&self) -> String {
        self.tongue.script_words()
    }

    /// All languages: code, own name, whether it is this one.
    #[must_use]
    pub fn tongues(&self) -> Vec<(&'static str, &'static str, bool)> {
        Tongue::ALL.into_iter().map(|(tongue, name)| (tongue.code(), name, tongue == self.tongue)).collect()
    }

    /// The frame for a person; its counts are of this moment.
    ///
    /// # Errors
    /// When the catalog fails.
    pub async fn of(app: &App, person: &Person, section: &'static str) -> Result<Self, Problem> {
        let waiting = app.catalog.waiting(person.caller.access()).await?;
        Ok(Self {
            user: Some(person.user.name.clone()),
            csrf: person.csrf.clone(),
            open_reviews: waiting.documents,
            hidden: hidden(waiting.hidden, person.tongue),
            alerts: app.catalog.count_open_alerts().await?,
            operator: person.caller.has(Scope::Admin),
            section,
            about: None,
            notice: None,
            tongue: person.tongue,
            undo: Undo::of(app, person).await?,
            view: QueueView::default(),
            rights: Rights::of(person),
        })
    }
}

/// Says what is hidden; nothing where nothing is.
fn hidden(hidden: Hidden, tongue: Tongue) -> Option<String> {
    let Hidden { out_of_reach, withheld } = hidden;
    let mut parts = Vec::new();
    if out_of_reach > 0 {
        parts.push(tongue.f("{} more wait outside of what you are bound to", out_of_reach));
    }
    if withheld > 0 {
        let told = "{} that are or may be IDs are listed without what they say, and wait for others";
        parts.push(tongue.f(told, withheld));
    }
    (!parts.is_empty()).then(|| format!("{}.", parts.join("; ")))
}

/// A rendered page with the headers every page has.
pub fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => with_policy(Html(html).into_response()),
        Err(error) => {
            Problem::Internal(anyhow::Error::new(error).context("rendering a page")).into_response()
        }
    }
}

fn with_policy(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with('.') { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}

/// A page, or its problem as one.
pub struct Shown(pub Result<Response, Problem>);

impl IntoResponse for Shown {
    fn into_response(self) -> Response {
        self.0.unwrap_or_else(|problem| trouble(problem, "/"))
    }
}
