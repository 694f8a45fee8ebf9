//! `acuse doctor`: every part, one line each: how it is, and how to mend it.

mod collecting;
mod erasing;
mod sign_in;
mod subscription;

use std::{process::ExitCode, time::Duration};

use acuse_pipeline::limits::Limits;
use acuse_storage::{
    Catalog,
    access::{Backfill, SENSITIVITY},
    arrivals::Arrivals,
    documents::{LINES, SEARCH},
    incidents::kinds,
    object_sweep::Direction,
};
use acuse_workers::{
    env::DEFAULT_TOKEN,
    scan::Scanner,
    watch::{self, Watch},
};

use crate::{
    config::{Config, Objects},
    http::health,
    parts::{self, Parts},
};

/// Longest wait for one part.
const PART: Duration = Duration::from_secs(30);
/// A row of the audit trail that nobody sealed for so long has no sealer.
const UNSEALED: time::Duration = time::Duration::seconds(30);

/// How a part is.
enum State {
    Ok,
    /// Works, with less than it could.
    Note,
    Bad,
}

/// Lines told so far, and whether one was bad.
#[derive(Default)]
struct Report {
    bad: u32,
}

impl Report {
    fn tell(&mut self, state: State, part: &str, what: impl std::fmt::Display) {
        let mark = match state {
            State::Ok => "ok   ",
            State::Note => "note ",
            State::Bad => {
                self.bad += 1;
                "BAD  "
            }
        };
        println!("{mark}{part:<10} {what}");
    }

    fn tell_result<T>(
        &mut self,
        part: &str,
        result: anyhow::Result<T>,
        good: impl FnOnce(&T) -> String,
    ) -> Option<T> {
        match result {
            Ok(value) => {
                self.tell(State::Ok, part, good(&value));
                Some(value)
            }
            Err(error) => {
                self.tell(State::Bad, part, format!("{error:#}"));
                None
            }
        }
    }
}

async fn within<T>(what: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::time::timeout(PART, what).await.unwrap_or_else(|_| Err(anyhow::anyhow!("no answer in 30 seconds")))
}

/// Asks every part.
pub async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let mut report = Report::default();
    let catalog = within(Parts::catalog(config)).await;
    let catalog = report.tell_result("database", catalog, |c| format!("{}, tables up to date", c.database()));
    let objects = within(Parts::objects(config)).await;
    report.tell_result("objects", objects, |_| match &config.objects {
        Objects::Embedded(folder) => format!("embedded S3 over {}", folder.display()),
        Objects::Remote(remote) => format!("bucket {:?} at {}", remote.bucket, remote.endpoint),
    });
    readers(config, &mut report).await;
    scanner(config, &mut report).await;
    channel(config, &mut report).await;
    if let Some(catalog) = &catalog {
        erasing::sealed(config, catalog, &mut report).await;
        sign_in::provider(config, catalog.now(), &mut report).await;
        queues(catalog, &mut report).await;
        sensitivity(catalog, &mut report).await;
        searched(catalog, &mut report).await;
        compared(catalog, &mut report).await;
        collecting::in_force(catalog, &mut report).await;
        trail(catalog, &mut report).await;
        watched(config, catalog, &mut report).await;
        routes(config, catalog, &mut report).await;
    }
    limits(config);
    if report.bad == 0 {
        println!("\nAll is well.");
        return Ok(ExitCode::SUCCESS);
    }
    println!("\n{} to mend.", report.bad);
    Ok(ExitCode::FAILURE)
}

/// Rows of the audit trail are sealed every few seconds while workers run.
async fn trail(catalog: &Catalog, report: &mut Report) {
    match catalog.audit_tail().await {
        Ok(tail) => {
            let behind = tail.oldest_unsealed.is_some_and(|at| catalog.now() - at > UNSEALED);
            let what = format!("{} rows sealed, {}", tail.sealed, super::audit::unsealed(&tail));
            let state = if behind { State::Note } else { State::Ok };
            let hint = if behind { "; the workers seal: do they run?" } else { "" };
            report.tell(state, "audit", format!("{what}{hint}"));
        }
        Err(error) => report.tell(State::Bad, "audit", error),
    }
}

async fn readers(config: &Config, report: &mut Report) {
    let folder = &config.reading.models_dir;
    if folder.is_dir() {
        report.tell(State::Ok, "models", folder.display());
    } else {
        let what = format!("{} is not there: run `make models`, or set ACUSE_MODELS_DIR", folder.display());
        report.tell(State::Bad, "models", what);
    }
    let mut one = config.reading.clone();
    one.concurrency = 1;
    match within(parts::sandbox(&one)).await {
        Ok(sandbox) => {
            for (name, layer) in sandbox.layers().all() {
                let full = *layer == acuse_workers::sandbox::layers::Layer::Full;
                report.tell(if full { State::Ok } else { State::Note }, "sandbox", format!("{name} {layer}"));
            }
        }
        Err(error) => report.tell(State::Bad, "sandbox", format!("{error:#}")),
    }
}

async fn scanner(config: &Config, report: &mut Report) {
    let Some(address) = &config.reading.clamd else {
        let what = "ACUSE_CLAMD is not set: originals are opened in the sandbox without a scan for malware";
        report.tell(State::Note, "scanner", what);
        return;
    };
    let scanner = Scanner::new(address.clone());
    // As the workers ask: one that answers and finds nothing is as good as away.
    let asked = within(async {
        acuse_workers::parts::knows_eicar(&scanner).await.map_err(anyhow::Error::msg)?;
        Ok(scanner.version().await?)
    });
    match asked.await {
        Ok(version) => report.tell(State::Ok, "scanner", format!("{version} at {address}")),
        Err(error) => {
            let what = format!(
                "{error:#}. Documents wait unread until it answers: start clamd, or mend ACUSE_CLAMD"
            );
            report.tell(State::Bad, "scanner", what);
        }
    }
}

async fn channel(config: &Config, report: &mut Report) {
    let whatsapp = &config.whatsapp;
    match whatsapp.app_secrets.len() {
        0 => report.tell(
            State::Bad,
            "webhook",
            "ACUSE_WHATSAPP_APP_SECRET is not set: webhooks are answered 503. It is in the Meta app's basic settings",
        ),
        1 => report.tell(State::Ok, "webhook", "one app secret"),
        n => report.tell(State::Note, "webhook", format!("{n} app secrets: take the old one away after the rotation")),
    }
    if whatsapp.verify_token.is_none() {
        let what = "ACUSE_WHATSAPP_VERIFY_TOKEN is not set: Meta cannot subscribe. Choose one and type it into the app";
        report.tell(State::Bad, "webhook", what);
    }
    let probe = async {
        match parts::graph(whatsapp)? {
            None => anyhow::bail!(
                "ACUSE_WHATSAPP_ACCESS_TOKEN is not set: media is not fetched and nobody is answered. \
                 Make a system user's token in Meta's business settings"
            ),
            Some(graph) => Ok(graph.probe().await?),
        }
    };
    let owner = within(probe).await;
    report.tell_result("whatsapp", owner, |owner| {
        format!("the access token belongs to {}", owner.name.as_deref().unwrap_or(&owner.id))
    });
    subscription::asked(whatsapp, report).await;
}

async fn queues(catalog: &Catalog, report: &mut Report) {
    match within(async { Ok(health::paused(catalog).await?) }).await {
        Ok(None) => {}
        Ok(Some(pause)) => {
            report.tell(State::Bad, "channel", format!("{pause}. Mend it at Meta; it goes on by itself"));
        }
        Err(error) => report.tell(State::Bad, "channel", format!("{error:#}")),
    }
    match within(async { Ok((catalog.ledger(None, None).await?, catalog.alerts(false).await?)) }).await {
        Ok((ledger, alerts)) => {
            let what = format!("{} received, {} in review", ledger.received, ledger.in_review);
            if ledger.balanced {
                report.tell(State::Ok, "ledger", format!("balanced: {what}"));
            } else {
                report.tell(
                    State::Bad,
                    "ledger",
                    format!("NOT balanced: {what}; keep the data as it is and tell us"),
                );
            }
            for alert in alerts.iter().take(10) {
                report.tell(
                    State::Note,
                    "incident",
                    format!("{} ({}×) {}", alert.kind, alert.count, alert.detail),
                );
            }
            if alerts.len() > 10 {
                report.tell(
                    State::Note,
                    "incident",
                    format!("{} more: GET /v1/incidents", alerts.len() - 10),
                );
            }
        }
        Err(error) => report.tell(State::Bad, "ledger", format!("{error:#}")),
    }
    arrivals(catalog, report).await;
    match within(async { Ok(catalog.message_ledger(catalog.now()).await?) }).await {
        Ok(messages) => {
            let what = format!(
                "{} messages queued, {} delivered, {} on their way, {} with a person",
                messages.queued, messages.delivered, messages.on_its_way, messages.told
            );
            let state = if messages.balanced { State::Ok } else { State::Bad };
            let head = if messages.balanced { "balanced" } else { "NOT balanced" };
            report.tell(state, "message ledger", format!("{head}: {what}"));
        }
        Err(error) => report.tell(State::Bad, "message ledger", format!("{error:#}")),
    }
}

/// Whether something stands for all that came; what does not, by name.
async fn arrivals(catalog: &Catalog, report: &mut Report) {
    match within(async { Ok(catalog.arrivals(None, None).await?) }).await {
        Ok(Arrivals { sums, lost_files }) => {
            let what = format!(
                "{} files came: {} documents, {} answers, {} no documents, {} lost",
                sums.files, sums.documents, sums.answers, sums.not_documents, sums.lost
            );
            if sums.balanced {
                report.tell(State::Ok, "arrivals", format!("balanced: {what}"));
            } else {
                report.tell(State::Bad, "arrivals", format!("NOT balanced: {what}; keep the data as it is"));
            }
            for lost in lost_files.iter().take(10) {
                let message = lost.message_id.map(|id| format!(" of message {id}"));
                let document = lost.document_id.map(|id| format!(" {id}"));
                let which = message.or(document).unwrap_or_default();
                report.tell(State::Note, "lost", format!("{} {}{which}", lost.at, lost.kind));
            }
        }
        Err(error) => report.tell(State::Bad, "arrivals", format!("{error:#}")),
    }
}

/// How far what was there before is scored: until then it is withheld like an ID.
async fn sensitivity(catalog: &Catalog, report: &mut Report) {
    match within(async { Ok(catalog.backfill(SENSITIVITY).await?) }).await {
        Ok(None) => report.tell(State::Ok, "access", "every document is scored"),
        Ok(Some(Backfill { done, total, finished: true })) => {
            report.tell(State::Ok, "access", format!("{done} of {total} earlier documents scored"));
        }
        Ok(Some(Backfill { done, total, finished: false })) => {
            let what = "those that are not are shown only with ids:read; a worker goes on with them";
            report.tell(State::Note, "access", format!("{done} of {total} earlier documents scored; {what}"));
        }
        Err(error) => report.tell(State::Bad, "access", format!("{error:#}")),
    }
}

/// How far what was there before is found by its words, and by those of its lines.
async fn searched(catalog: &Catalog, report: &mut Report) {
    let found = within(async {
        Ok(match catalog.backfill(SEARCH).await? {
            Some(unfinished) if !unfinished.finished => Some(unfinished),
            done => catalog.backfill(LINES).await?.or(done),
        })
    });
    match found.await {
        Ok(None) => report.tell(State::Ok, "search", "every document is found by its words"),
        Ok(Some(Backfill { done, total, finished: true })) => {
            report.tell(
                State::Ok,
                "search",
                format!("the words of {done} of {total} earlier documents kept"),
            );
        }
        Ok(Some(Backfill { done, total, finished: false })) => {
            let what = "the others are not found by their words yet; a worker goes on with them";
            report.tell(
                State::Note,
                "search",
                format!("the words of {done} of {total} earlier documents kept; {what}"),
            );
        }
        Err(error) => report.tell(State::Bad, "search", format!("{error:#}")),
    }
}

/// What the comparison of rows and objects found.
async fn compared(catalog: &Catalog, report: &mut Report) {
    let sweeps = match within(async { Ok(catalog.object_sweeps().await?) }).await {
        Ok(sweeps) => sweeps,
        Err(error) => return report.tell(State::Bad, "store", format!("{error:#}")),
    };
    if sweeps.is_empty() {
        report.tell(State::Note, "store", "rows and objects were never compared; a worker does it");
    }
    for sweep in sweeps {
        let pass = match sweep.ended_at {
            Some(ended) => format!("compared {}", ended.date()),
            None => format!("being compared since {}", sweep.started_at.date()),
        };
        let (looked_at, found) = (sweep.looked_at, sweep.found);
        match sweep.direction {
            Direction::Objects if sweep.deleted == 0 && sweep.ended_at.is_some() && found > 0 => {
                let what =
                    "no row names them, and they are too many for an accident: is this the right database?";
                report.tell(
                    State::Bad,
                    "store",
                    format!("{found} of {looked_at} objects: {what} Nothing was deleted"),
                );
            }
            Direction::Objects => {
                let deleted = sweep.deleted;
                let what =
                    format!("{looked_at} objects {pass}; {found} that no row names, {deleted} deleted");
                report.tell(State::Ok, "store", what);
            }
            Direction::Rows if found > 0 => {
                let what =
                    "miss an object that they name: GET /v1/incidents names them; put it back from a backup";
                report.tell(State::Bad, "store", format!("{found} of {looked_at} documents {what}"));
            }
            Direction::Rows => {
                report.tell(
                    State::Ok,
                    "store",
                    format!("{looked_at} documents {pass}; none misses an object"),
                );
            }
        }
    }
}

/// What the workers look at every minute, by the same code.
async fn watched(config: &Config, catalog: &Catalog, report: &mut Report) {
    let watch = Watch {
        beat_url: None,
        expected: config.outgoing.expect_webhooks.clone(),
        folder: config.data_dir.clone(),
    };
    let now = catalog.now();
    let found = within(async {
        let mut found = watch::findings(catalog, &watch, now).await?;
        let (default, others) = (parts::graph(&config.whatsapp)?, parts::graphs(&config.whatsapp)?);
        let graph_of =
            |name: &str| others.get(name).or_else(|| default.as_ref().filter(|_| name == DEFAULT_TOKEN));
        found.extend(watch::channel::findings(catalog, graph_of, DEFAULT_TOKEN, now).await?);
        Ok(found)
    })
    .await;
    match found {
        Ok(found) => {
            for finding in found {
                let part = match finding.kind {
                    "lane_stands_still" => "queue",
                    "disk_low" => "disk",
                    "workers_silent" => "workers",
                    "messages_held" => "messages",
                    "number_unwell" | "number_quality" => "number",
                    "token_expiring" | "token_unwell" => "token",
                    "template_unusable" => "template",
                    _ => "webhook",
                };
                let known = kinds::kind(finding.kind);
                if finding.is_bad {
                    report.tell(State::Bad, part, format!("{}. {}", finding.what, known.ended_by));
                } else {
                    report.tell(State::Ok, part, finding.what);
                }
            }
        }
        Err(error) => report.tell(State::Bad, "watch", format!("{error:#}")),
    }
}

/// Who is told of incidents, and whether they hear.
async fn routes(config: &Config, catalog: &Catalog, report: &mut Report) {
    if let Err(error) = parts::outgoing(&config.outgoing) {
        report.tell(State::Bad, "alerts", format!("{error:#}"));
    }
    match within(async { Ok(catalog.incident_routes().await?) }).await {
        Ok(all) if !all.iter().any(|r| r.enabled) => {
            let what = "nobody is told of incidents: add a route with `acuse alert add`";
            report.tell(State::Note, "alerts", what);
        }
        Ok(all) => {
            for route in all {
                match route.last_error.as_ref().filter(|_| route.failures > 0) {
                    Some(error) => report.tell(State::Bad, "alerts", format!("{}: {error}", route.name)),
                    None => report.tell(State::Ok, "alerts", format!("{} to {}", route.name, route.place())),
                }
            }
        }
        Err(error) => report.tell(State::Bad, "alerts", format!("{error:#}")),
    }
    if config.outgoing.beat_url.is_none() {
        report.tell(
            State::Note,
            "beat",
            "ACUSE_BEAT_URL is not set: nobody elsewhere notices when Acuse is dead",
        );
    }
}

fn limits(config: &Config) {
    println!(
        "\nLimits on one file (readers at once: {}); set one with ACUSE_LIMIT_NAME:",
        config.reading.concurrency
    );
    let defaults = Limits::default().all();
    for ((name, value), (_, default)) in config.reading.limits.all().into_iter().zip(defaults) {
        let changed = if value == default { String::new() } else { format!("  (default {default})") };
        println!("  {name:<18} {value}{changed}");
    }
}
