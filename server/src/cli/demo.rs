//! `acuse demo`: sample documents down the whole road, on real parts; only Meta is a fake.
//!
//! A fake Graph API and the embedded parts start in this process, demo customers are imported, every sample is posted
//! as a signed webhook over HTTP, and when all is at rest each one's fate and the ledger are printed.

mod matters;
mod talk;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use acuse_fixtures::{
    DemoItem, demo_customers_csv, demo_set,
    graph::{FakeGraph, Inbound, MediaType, Options, Said, Sender},
};
use acuse_pipeline::{
    document::{Kind, Status},
    fields::FieldName,
};
use acuse_storage::customers::Saving;
use acuse_storage::{
    Access, Catalog, Document, DocumentFilter, arrivals::ArrivalLedger, cases::CaseFilter, ledger::Ledger,
    queue::Queue, users::Role,
};
use acuse_whatsapp::graph::WEBHOOK_FIELDS;
use anyhow::{Context, bail};
use clap::Args;
use rand::RngExt;

use super::customers;
use crate::{
    access::password,
    config::{Config, Database, Objects, Secret},
    serve::{self, Running},
};

/// What to do after the samples.
#[derive(Args)]
pub struct Demo {
    /// Leave it serving, with a user for the review desk.
    #[arg(long)]
    keep: bool,
    /// Folder for the demo's data; emptied first.
    #[arg(long, default_value = ".demo", value_name = "DIR")]
    folder: PathBuf,
    /// Seconds to wait until everything is at rest.
    #[arg(long, default_value_t = 900, value_name = "SECONDS")]
    patience: u64,
}

/// Marks a folder that the demo may empty.
const MARK: &str = ".acuse-demo";

impl Demo {
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        empty_folder(&self.folder)?;
        let items = demo_set();
        let listen = if self.keep { config.listen } else { free_address()? };
        let fake = FakeGraph::start(Options {
            status_webhook_url: Some(format!("http://{listen}/webhooks/whatsapp")),
            webhook_fields: &WEBHOOK_FIELDS,
            ..Options::default()
        })
        .await
        .context("cannot start the fake Graph API")?;
        let running = serve::start(self.config(config, listen, &fake)?, serve::Role::All).await?;
        let catalog = running.app.catalog.clone();
        let known =
            customers::take(&catalog, demo_customers_csv().as_bytes(), &Saving::adding("cli")).await?;
        customers::take(&catalog, talk::CUSTOMER.as_bytes(), &Saving::adding("cli")).await?;
        eprintln!(
            "serving on http://{listen}, with {} customers and a fake Graph API at {}",
            known.added,
            fake.url()
        );
        send_all(&items, &fake, listen, &self.folder.join("sent")).await?;
        let rested = wait_until_at_rest(&catalog, Duration::from_secs(self.patience)).await?;
        let documents = all_documents(&catalog).await?;
        let surprises = tell(&items, &documents, &self.folder.join("sent"));
        let ledger = catalog.ledger(None, None).await?;
        let answered = fake.sent().len();
        let came = documents.iter().filter(|d| d.part_of.is_none()).count();
        let arrivals = catalog.arrival_ledger(None, None).await?;
        let good = verdict((&arrivals, &ledger), (items.len(), came), rested, surprises, answered);
        let talked = talk::play(&fake, listen, &catalog, Duration::from_secs(self.patience)).await?;
        let stage = matters::Stage {
            fake: &fake,
            listen,
            catalog: &catalog,
            patience: Duration::from_secs(self.patience),
        };
        let settled = matters::play(stage).await?;
        let ledger = catalog.ledger(None, None).await?;
        let good = good
            && talked
            && settled
            && ledger.balanced
            && catalog.arrival_ledger(None, None).await?.balanced
            && catalog.message_ledger(catalog.now()).await?.balanced;
        if self.keep {
            return keep(running, &catalog, listen).await;
        }
        running.shutdown().await;
        Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn config(&self, config: Config, listen: SocketAddr, fake: &FakeGraph) -> anyhow::Result<Config> {
        let mut config = config;
        config.listen = listen;
        config.database = Database::Sqlite(self.folder.join("acuse.db"));
        config.objects = Objects::Embedded(self.folder.join("objects"));
        config.data_dir.clone_from(&self.folder);
        // Its own: that of another data folder seals another catalog, and the demo would be refused or mix the two.
        config.key_file = Some(self.folder.join("acuse.key"));
        config.whatsapp.app_secrets = vec![Secret::new(&fake.options().app_secret)];
        config.whatsapp.verify_token = Some(Secret::new("demo"));
        config.whatsapp.access_token = Some(Secret::new(&fake.options().access_token));
        config.whatsapp.graph_url = Some(fake.url().parse().context("the fake's address")?);
        config.whatsapp.media_hosts = None;
        Ok(config)
    }
}

/// Empties a folder that an earlier demo made, or makes one. Never any other folder.
fn empty_folder(folder: &Path) -> anyhow::Result<()> {
    if folder.join(MARK).is_file() {
        std::fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    } else if folder.exists() && std::fs::read_dir(folder).is_ok_and(|mut d| d.next().is_some()) {
        bail!("{} holds something that no demo made; name another with --folder", folder.display());
    }
    std::fs::create_dir_all(folder.join("sent"))
        .with_context(|| format!("cannot make {}", folder.display()))?;
    std::fs::write(folder.join(MARK), "The demo empties this folder when it starts.\n")?;
    Ok(())
}

fn free_address() -> anyhow::Result<SocketAddr> {
    let listener =
        std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on loopback")?;
    Ok(listener.local_addr()?)
}

/// Posts each item as a webhook of its own, one after the other, so that documents come in the order of the items.
async fn send_all(
    items: &[DemoItem],
    fake: &FakeGraph,
    listen: SocketAddr,
    folder: &Path,
) -> anyhow::Result<()> {
    let url = format!("http://{listen}/webhooks/whatsapp");
    for (index, item) in items.iter().enumerate() {
        std::fs::write(folder.join(picture(index, item)), &item.bytes)?;
        let media_id = fake.upload_media(item.bytes.clone(), &item.media_type);
        let is_image = item.message_type == "image";
        let said = Said::Media {
            kind: if is_image { MediaType::Image } else { MediaType::Document },
            media_id,
            caption: item.caption.map(str::to_owned),
            filename: (!is_image).then(|| item.filename.clone()),
        };
        let message = Inbound::new(Sender::phone(item.sender.wa_id, item.sender.name), said);
        let status = fake.webhook_for(&[message]).post(&url).await.context("posting a webhook")?;
        if status != 200 {
            bail!("the webhook of {} was answered {status}", item.filename);
        }
    }
    eprintln!("sent {} files as signed webhooks", items.len());
    Ok(())
}

fn picture(index: usize, item: &DemoItem) -> String {
    format!("{:02}-{}", index + 1, item.filename)
}

/// Waits for the last document and the last message; whether they came to rest in time.
async fn wait_until_at_rest(catalog: &Catalog, patience: Duration) -> anyhow::Result<bool> {
    let started = Instant::now();
    let mut told = None;
    loop {
        let ledger = catalog.ledger(None, None).await?;
        // What waits for an answer waits for days.
        let lanes = catalog.lanes().await?.into_iter().filter(|lane| lane.queue != Queue::Case);
        let gathering = CaseFilter {
            state: Some("open".to_owned()),
            kind: Some("documents".to_owned()),
            ..CaseFilter::default()
        };
        let gathering = catalog.cases(&Access::whole(), &gathering, 500).await?.len() as u64;
        let busy: u64 = lanes.map(|lane| lane.depth).sum::<u64>() + gathering;
        let done = ledger.received - ledger.processing;
        if told != Some(done) {
            eprintln!("{done} of {} at rest after {} s", ledger.received, started.elapsed().as_secs());
            told = Some(done);
        }
        if ledger.processing == 0 && busy == 0 {
            return Ok(true);
        }
        if started.elapsed() > patience {
            eprintln!("{} documents and {busy} tasks are still at work; gave up waiting", ledger.processing);
            return Ok(false);
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// All documents, oldest first.
async fn all_documents(catalog: &Catalog) -> anyhow::Result<Vec<Document>> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = catalog.documents(&DocumentFilter::default(), after.as_ref(), 200).await?;
        all.extend(page.data);
        after = page.next;
        if after.is_none() {
            all.reverse();
            return Ok(all);
        }
    }
}

/// One line a document; how many went where they must not.
fn tell(items: &[DemoItem], documents: &[Document], folder: &Path) -> usize {
    let mut surprises = 0;
    println!();
    let sent: Vec<&Document> = documents.iter().filter(|d| d.part_of.is_none()).collect();
    for (index, item) in items.iter().enumerate() {
        let file = folder.join(picture(index, item));
        let Some(first) = sent.get(index) else {
            surprises += 1;
            println!("{}  LOST", file.display());
            continue;
        };
        let others: Vec<&Document> = documents.iter().filter(|d| d.part_of == Some(first.id)).collect();
        surprises += usize::from(1 + others.len() != item.documents && first.status == Status::Filed);
        surprises += tell_one(&file.display().to_string(), item, first);
        for other in others {
            surprises += tell_one("   and in the same file", item, other);
        }
    }
    surprises
}

/// One line; whether it went where it must not.
fn tell_one(file: &str, item: &DemoItem, document: &Document) -> usize {
    let (fate, what) = (fate(document), document.kind.map_or("-", Kind::as_str));
    let mut line = format!("{file:<44} {what:<8} {fate:<34} {}", key_fields(document));
    let surprise = !is_as_it_must(item.expected.status, document);
    if surprise {
        line.push_str(&format!("  !! expected {}", item.expected.status));
    } else if item.expected.status == "filed" && document.status != Status::Filed {
        line.push_str("  (could have been filed)");
    }
    println!("{}", line.trim_end());
    usize::from(surprise)
}

/// A document that should wait for a person must not be filed, and a duplicate must be linked; one that could have
/// been filed may wait: honestly unsure is no error.
fn is_as_it_must(expected: &str, document: &Document) -> bool {
    let duplicate = document.duplicate_of.is_some();
    match expected {
        "duplicate" => duplicate,
        "in_review" => document.status == Status::InReview,
        _ => !duplicate && matches!(document.status, Status::Filed | Status::InReview),
    }
}

fn fate(document: &Document) -> String {
    if document.duplicate_of.is_some() {
        return "duplicate".to_owned();
    }
    match document.reasons.first() {
        Some(reason) => format!("{} {}", document.status, reason.code),
        None => document.status.to_string(),
    }
}

/// What one looks for first; of an ID nothing, for this is a terminal.
fn key_fields(document: &Document) -> String {
    use FieldName::{Currency, Date, IssueDate, IssuerName, MerchantName, Total};
    if !matches!(document.kind, Some(Kind::Invoice | Kind::Receipt)) {
        return String::new();
    }
    let names = [IssuerName, MerchantName, IssueDate, Date, Total, Currency];
    let values = names.iter().filter_map(|n| document.fields.get(n)).map(|f| f.value.as_str());
    values.collect::<Vec<_>>().join(" · ")
}

/// `sent` and `came` count files.
fn verdict(
    (arrivals, ledger): (&ArrivalLedger, &Ledger),
    (sent, came): (usize, usize),
    rested: bool,
    surprises: usize,
    answered: usize,
) -> bool {
    println!(
        "\nfiles {} = documents {} + answers {} + no documents {} + lost {}  →  {}",
        arrivals.files,
        arrivals.documents,
        arrivals.answers,
        arrivals.not_documents,
        arrivals.lost,
        if arrivals.balanced { "balanced" } else { "NOT BALANCED" }
    );
    println!(
        "received {} = filed {} + in review {} + rejected {} + duplicate {} + processing {}  →  {}",
        ledger.received,
        ledger.filed,
        ledger.in_review,
        ledger.rejected,
        ledger.duplicate,
        ledger.processing,
        if ledger.balanced { "balanced" } else { "NOT BALANCED" }
    );
    println!("{answered} messages told the senders what became of their documents");
    let all_came = came == sent;
    if !all_came {
        println!("{sent} files were sent, {came} came");
    }
    if surprises > 0 {
        println!("{surprises} went where they must not");
    }
    arrivals.balanced && ledger.balanced && all_came && rested && surprises == 0
}

async fn keep(running: Running, catalog: &Catalog, listen: SocketAddr) -> anyhow::Result<ExitCode> {
    let bits: [u8; 8] = rand::rng().random();
    let password = hex::encode(bits);
    catalog.put_user("demo", &password::hash(password.clone()).await?, Role::Admin).await?;
    running.app.login.close_setup();
    println!("\nReview desk: http://{listen}/   user: demo   password: {password}");
    println!("Ctrl-C stops it.");
    serve::until_signal(running).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    #[tokio::test]
    async fn all_that_it_keeps_lies_in_its_folder() {
        let folder = PathBuf::from("of-the-demo");
        let fake = FakeGraph::start(Options::default()).await.unwrap();
        let data = Settings { data_dir: Some("elsewhere".into()), ..Settings::default() };
        for given in [data, Settings { key_file: Some("elsewhere/acuse.key".into()), ..Settings::default() }]
        {
            let demo = Demo { keep: false, folder: folder.clone(), patience: 1 };
            let config = Config::try_from(given).unwrap();
            let listen = config.listen;
            let config = demo.config(config, listen, &fake).unwrap();
            let Database::Sqlite(database) = config.database else { panic!("a file") };
            let Objects::Embedded(objects) = config.objects else { panic!("a folder") };
            for path in [database, objects, config.data_dir, config.key_file.expect("it seals")] {
                assert!(path.starts_with(&folder), "{}", path.display());
            }
        }
    }
}
