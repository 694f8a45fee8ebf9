//! `acuse doctor`: every part, one line each: how it is, and how to mend it.

mod backfills;
mod collecting;
mod erasing;
mod ledgers;
mod sign_in;
mod store;
mod subscription;

use std::{process::ExitCode, time::Duration};

use acuse_pipeline::limits::Limits;
use acuse_storage::{Catalog, incidents::kinds};
use acuse_workers::{
    env::DEFAULT_TOKEN,
    scan::Scanner,
    watch::{self, Watch},
};

use crate::{
    config::{Config, Objects},
    services::{self, Services},
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
    let catalog = within(Services::catalog(config)).await;
    let catalog = report.tell_result("database", catalog, |c| format!("{}, tables up to date", c.database()));
    let objects = within(Services::objects(config)).await;
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
        ledgers::balanced(catalog, &mut report).await;
        backfills::sensitivity(catalog, &mut report).await;
        backfills::searched(catalog, &mut report).await;
        backfills::named(catalog, &mut report).await;
        store::compared(catalog, &mut report).await;
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
    match within(services::sandbox(&one)).await {
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
        match services::graph(whatsapp)? {
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
        let (default, others) = (services::graph(&config.whatsapp)?, services::graphs(&config.whatsapp)?);
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
    if let Err(error) = services::outgoing(&config.outgoing) {
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
