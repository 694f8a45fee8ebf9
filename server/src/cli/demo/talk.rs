//! A conversation of the demo: an album with a photo that nobody can read, and the answer to what was asked.

use std::{net::SocketAddr, time::Duration};

use acuse_fixtures::{
    Country, Form, Kind, Spec, generate,
    graph::{FakeGraph, Inbound, MediaType, Said, Sender},
};
use acuse_storage::{
    Access, Catalog, ContactId,
    cases::CaseFilter,
    conversation::{self, Way},
};
use anyhow::{Context, bail};

/// Who it is with; nobody else of the demo.
pub(super) const WHO: (&str, &str) = ("34600765432", "Lucía Prueba");
/// She is a customer.
pub(super) const CUSTOMER: &str = "name,phone,language\nLucía Prueba,+34600765432,es\n";

/// Plays it, and prints what was said. Whether the question was settled.
pub(super) async fn play(
    fake: &FakeGraph,
    listen: SocketAddr,
    catalog: &Catalog,
    patience: Duration,
) -> anyhow::Result<bool> {
    eprintln!(
        "a conversation: an album of four with one that nobody can read, and the answer to what is asked"
    );
    let bill = |seed| generate(seed, &Spec::new(Kind::Invoice, Country::Es, Form::PdfText)).bytes;
    let (first, second, whole, third) = (bill(7_001), bill(7_002), bill(7_003), bill(7_004));
    let torn = whole.get(..whole.len() / 3).unwrap_or_default().to_vec();
    let album = [first, second, torn, third].map(|bytes| file(fake, bytes));
    post(fake, listen, &album).await?;
    let contact = settles(catalog, patience, true).await?;
    post(fake, listen, &[file(fake, whole)]).await?;
    let done = settles(catalog, patience, false).await?;
    if let Some(contact) = contact.or(done) {
        print(catalog, contact, WHO.1, 100).await?;
    }
    Ok(done.is_some())
}

pub(super) fn file(fake: &FakeGraph, bytes: Vec<u8>) -> Inbound {
    let media_id = fake.upload_media(bytes, "application/pdf");
    let (kind, filename) = (MediaType::Document, Some("factura.pdf".to_owned()));
    Inbound::new(Sender::phone(WHO.0, WHO.1), Said::Media { kind, media_id, caption: None, filename })
}

pub(super) async fn post(fake: &FakeGraph, listen: SocketAddr, messages: &[Inbound]) -> anyhow::Result<()> {
    let url = format!("http://{listen}/webhooks/whatsapp");
    let status = fake.webhook_for(messages).post(&url).await.context("posting a webhook")?;
    if status != 200 {
        bail!("the webhook of the conversation was answered {status}");
    }
    Ok(())
}

/// Waits until their burst is told of, and something is asked of them, or nothing any more; who they are then.
async fn settles(catalog: &Catalog, patience: Duration, asked: bool) -> anyhow::Result<Option<ContactId>> {
    let started = std::time::Instant::now();
    let open = CaseFilter { state: Some("open".to_owned()), ..CaseFilter::default() };
    while started.elapsed() < patience {
        let people = catalog.contacts(&Access::whole(), Some(WHO.0), None, 1).await?;
        if let Some(contact) = people.first().map(|person| person.id) {
            let mine = CaseFilter { contact: Some(contact), ..open.clone() };
            let cases = catalog.cases(&Access::whole(), &mine, 50).await?;
            let gathers = cases.iter().any(|case| case.kind == "documents");
            let asks = cases.iter().any(|case| case.kind == "ask" && case.state == "waiting");
            let told = said(catalog, contact).await?.iter().any(|s| s.way == Way::Out && s.state.is_some());
            if !gathers && asks == asked && told {
                // What was said last has yet to leave.
                tokio::time::sleep(Duration::from_secs(1)).await;
                return Ok(Some(contact));
            }
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    eprintln!("the conversation did not come to rest");
    Ok(None)
}

pub(super) async fn said(catalog: &Catalog, contact: ContactId) -> anyhow::Result<Vec<conversation::Said>> {
    let mut all = catalog.conversation(&Access::whole(), contact, None, None, 100).await?;
    all.reverse();
    Ok(all)
}

/// What was said with somebody, the last so many of it.
pub(super) async fn print(
    catalog: &Catalog,
    contact: ContactId,
    name: &str,
    most: usize,
) -> anyhow::Result<()> {
    println!("\nA conversation, as {name} sees it:\n");
    let all = said(catalog, contact).await?;
    for one in all.iter().skip(all.len().saturating_sub(most)) {
        let at = one.at.time();
        let clock = format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second());
        let text = match (&one.file, &one.text) {
            (Some(file), text) => {
                let name = file.filename.as_deref().unwrap_or(&file.media_type);
                format!("[{name}]\n{}", text.as_deref().unwrap_or_default())
            }
            (None, Some(text)) => text.clone(),
            (None, None) => format!("[{}]", one.r#type),
        };
        let who = if one.way == Way::In { name } else { "Acuse" };
        let mut lines = text.lines();
        println!("  {clock}  {who:<14}{}", lines.next().unwrap_or_default());
        for line in lines {
            println!("  {:24}{line}", "");
        }
    }
    Ok(())
}
