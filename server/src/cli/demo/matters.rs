//! Two more matters of the demo: something owed that its receipt closes, and a bill above a rule that somebody approves by
//! a tap. Where a person must say something, the demo says it, and prints that it did.

use std::{net::SocketAddr, time::Duration};

use acuse_conversation::EXAMPLE_RULES;
use acuse_fixtures::{
    Country, Form, Kind, Spec, Template, generate,
    graph::{FakeGraph, Inbound, Said, Sender},
};
use acuse_pipeline::document::Status;
use acuse_storage::{
    Access, Catalog, ContactId, CustomerId, Document, DocumentFilter, DocumentId,
    approvals::ApprovalState,
    cases::CaseFilter,
    consents::{Category, NewConsent, Word},
    customers::CustomerLookup,
    entities::NewEntity,
    obligations::{NewObligation, Obligation, ObligationState, Owing, Settled, Verdict},
    reviews::{Decision, Resolved},
};
use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::talk::{WHO, file, post, print, said};

/// Who approves.
const BOSS: (&str, &str) = ("34600765433", "Marta Prueba");
/// Who decides at the desk, in the demo.
const PERSON: &str = "demo";
/// How long we wait for a reminder, which nobody gets at night.
const REMINDED: Duration = Duration::from_secs(20);

/// The demo's parts.
#[derive(Clone, Copy)]
pub(super) struct Stage<'a> {
    pub fake: &'a FakeGraph,
    pub listen: SocketAddr,
    pub catalog: &'a Catalog,
    pub patience: Duration,
}

/// Plays both; whether both came to their end.
pub(super) async fn play(stage: Stage<'_>) -> anyhow::Result<bool> {
    let paid = collection(stage).await?;
    let approved = approval(stage).await?;
    Ok(paid && approved)
}

/// Asks again and again until there is an answer, or patience ends.
async fn until<T>(
    patience: Duration,
    ask: impl AsyncFn() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<Option<T>> {
    let started = std::time::Instant::now();
    loop {
        if let Some(found) = ask().await? {
            return Ok(Some(found));
        }
        if started.elapsed() > patience {
            return Ok(None);
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

async fn contact(catalog: &Catalog, phone: &str) -> anyhow::Result<Option<ContactId>> {
    Ok(catalog.contacts(&Access::whole(), Some(phone), None, 1).await?.first().map(|person| person.id))
}

async fn agrees(stage: Stage<'_>, contact: ContactId, category: Category) -> anyhow::Result<()> {
    let number = stage.fake.options().phone_number_id.clone();
    let consent = NewConsent {
        contact,
        phone_number_id: &number,
        category,
        word: Word::Granted,
        source: "the demo's contract",
        text_version: None,
        said_by: Some("user:demo"),
        at: stage.catalog.now(),
    };
    stage.catalog.write_consent(&consent).await.context("a consent").map(drop)
}

/// The latest document of somebody, once it and what is said of it are at rest.
async fn rests(stage: Stage<'_>, contact: ContactId, but: &[DocumentId]) -> anyhow::Result<Option<Document>> {
    until(stage.patience, async || {
        let gathering = CaseFilter {
            state: Some("open".to_owned()),
            kind: Some("documents".to_owned()),
            contact: Some(contact),
            ..CaseFilter::default()
        };
        if !stage.catalog.cases(&Access::whole(), &gathering, 9).await?.is_empty() {
            return Ok(None);
        }
        let latest = latest(stage.catalog, contact).await?;
        let rested =
            |d: &Document| !but.contains(&d.id) && !matches!(d.status, Status::Received | Status::Processing);
        Ok(latest.filter(rested))
    })
    .await
}

async fn latest(catalog: &Catalog, contact: ContactId) -> anyhow::Result<Option<Document>> {
    let filter =
        DocumentFilter { contact_id: Some(contact), access: Access::whole(), ..DocumentFilter::default() };
    Ok(catalog.documents(&filter, None, 1).await?.data.into_iter().next())
}

/// A person files what waits in front of them.
async fn file_it(catalog: &Catalog, document: &Document) -> anyhow::Result<Resolved> {
    let review = catalog.open_review_of(document.id).await?.context("it waits for nobody")?;
    let approve = Decision::Approve { customer_id: None };
    let resolved = catalog.resolve_review(review.id, "user:demo", None, &approve, None).await?;
    println!("  ({PERSON} looked at {} and filed it)", document.id);
    Ok(resolved)
}

/// A receipt, and what is owed that it pays to the cent.
async fn collection(stage: Stage<'_>) -> anyhow::Result<bool> {
    eprintln!("a collection: what is owed is reminded of, and closed by its receipt");
    let spec = Spec::new(Kind::Receipt, Country::Es, Form::PdfText).with(Template::ThermalReceipt);
    let receipt = generate(7_101, &spec);
    let printed = |name: &str| receipt.truth.fields.get(name).cloned().unwrap_or_default();
    let us = NewEntity {
        name: printed("merchant_name"),
        tax_ids: vec![printed("merchant_tax_id")].into_iter().filter(|id| !id.is_empty()).collect(),
        ..NewEntity::default()
    };
    stage.catalog.save_entity(None, &us, "user:demo").await?;
    let who = contact(stage.catalog, WHO.0).await?.context("nobody wrote")?;
    let by_phone = CustomerLookup { phones: vec![WHO.0.to_owned()], ..CustomerLookup::default() };
    let known = stage.catalog.customers_known_by(&by_phone).await?;
    let (customer, _) = known.into_iter().next().context("she is no customer")?;
    let customer = customer.id;
    agrees(stage, who, Category::Billing).await?;
    let new = NewObligation {
        customer,
        number: printed("number"),
        amount: printed("total").parse().context("the total of the receipt")?,
        currency: printed("currency"),
        due: stage.catalog.now().date(),
        contact: Some(who),
        phone_number_id: Some(stage.fake.options().phone_number_id.clone()),
        document: None,
    };
    let Owing::Added(owed) = stage.catalog.add_obligation(&Access::whole(), &new, "user:demo").await? else {
        bail!("what is owed was not taken");
    };
    let reminded = until(REMINDED, async || {
        Ok(said(stage.catalog, who)
            .await?
            .iter()
            .any(|s| s.text.as_ref().is_some_and(|t| t.contains(&new.number)))
            .then_some(()))
    });
    if reminded.await?.is_none() {
        println!("  (nobody is reminded at night: what is owed would be told of in the morning)");
    }
    let before: Vec<DocumentId> = latest(stage.catalog, who).await?.into_iter().map(|d| d.id).collect();
    post(stage.fake, stage.listen, &[file(stage.fake, receipt.bytes)]).await?;
    let Some(document) = rests(stage, who, &before).await? else { return Ok(false) };
    if document.status == Status::InReview {
        file_it(stage.catalog, &document).await?;
    }
    let done = settled(stage, &owed, customer, document.id).await?;
    // What was said last has yet to leave.
    tokio::time::sleep(Duration::from_secs(2)).await;
    print(stage.catalog, who, WHO.1, 4).await?;
    println!(
        "  {} {} {}: {}",
        new.number,
        new.amount,
        new.currency,
        if done { "paid" } else { "STILL OWED" }
    );
    Ok(done)
}

/// Whether the receipt closes what is owed; where nothing settles by itself, a person confirms it.
async fn settled(
    stage: Stage<'_>,
    owed: &Obligation,
    customer: CustomerId,
    receipt: DocumentId,
) -> anyhow::Result<bool> {
    let now = async || stage.catalog.obligation(&Access::whole(), owed.id).await;
    let held =
        until(REMINDED, async || Ok(now().await?.filter(|o| o.state != ObligationState::Open))).await?;
    let Some(held) = held else {
        eprintln!("the receipt {receipt} pays nothing of customer {customer}");
        return Ok(false);
    };
    if held.state == ObligationState::Held {
        let about = (owed.id, receipt);
        let confirmed =
            stage.catalog.settle_receipt(&Access::whole(), about, Verdict::Pays, "user:demo").await?;
        if confirmed != Settled::Done {
            return Ok(false);
        }
        println!("  ({PERSON} confirmed with one key that the receipt pays it)");
    }
    Ok(now().await?.is_some_and(|o| o.state == ObligationState::Paid))
}

/// A bill that comes to more than is filed without an approval.
async fn approval(stage: Stage<'_>) -> anyhow::Result<bool> {
    eprintln!("an approval: a bill above a rule asks for it, and somebody taps");
    let greets = Inbound::new(Sender::phone(BOSS.0, BOSS.1), Said::Text("Gracias".to_owned()));
    post(stage.fake, stage.listen, &[greets]).await?;
    let boss =
        until(REMINDED, async || contact(stage.catalog, BOSS.0).await).await?.context("she did not come")?;
    agrees(stage, boss, Category::Utility).await?;
    let bill = generate(7_102, &Spec::new(Kind::Invoice, Country::Es, Form::PdfText));
    let printed = |name: &str| bill.truth.fields.get(name).cloned().unwrap_or_default();
    let rules: Vec<&str> = EXAMPLE_RULES.lines().filter(|line| !line.starts_with("approve\t")).collect();
    let number = &stage.fake.options().phone_number_id;
    let (total, currency) = (printed("total"), printed("currency"));
    let own = format!("approve\tinvoice\t{total} {currency}\torder\t{number}\t24\t{}", BOSS.0);
    stage.catalog.set_house_rules(&format!("{}\n{own}\n", rules.join("\n")), "user:demo").await?;
    let who = contact(stage.catalog, WHO.0).await?.context("nobody wrote")?;
    let before: Vec<DocumentId> = latest(stage.catalog, who).await?.into_iter().map(|d| d.id).collect();
    post(stage.fake, stage.listen, &[file(stage.fake, bill.bytes)]).await?;
    let Some(document) = rests(stage, who, &before).await? else { return Ok(false) };
    if asked(stage, document.id).await?.is_none() {
        file_it(stage.catalog, &document).await?;
    }
    let Some(()) = until(REMINDED, async || asked(stage, document.id).await).await? else { return Ok(false) };
    let Some(button) = until(stage.patience, async || Ok(button(stage.fake))).await? else {
        return Ok(false);
    };
    post(stage.fake, stage.listen, &[tap(&button)]).await?;
    let filed = until(REMINDED, async || {
        let now = stage.catalog.document(document.id).await?;
        if now.as_ref().is_some_and(|d| d.status == Status::InReview) && approved(stage, document.id).await? {
            file_it(stage.catalog, &document).await?;
        }
        Ok(now.filter(|d| d.status == Status::Filed))
    });
    let done = filed.await?.is_some();
    tokio::time::sleep(Duration::from_secs(2)).await;
    print(stage.catalog, boss, BOSS.1, 6).await?;
    println!("  the bill {}: {}", printed("number"), if done { "approved and filed" } else { "NOT FILED" });
    Ok(done)
}

async fn states(stage: Stage<'_>, document: DocumentId) -> anyhow::Result<Vec<ApprovalState>> {
    let all = stage.catalog.approvals(&Access::whole(), (None, Some(document)), None, 9).await?;
    Ok(all.into_iter().map(|approval| approval.state).collect())
}

async fn asked(stage: Stage<'_>, document: DocumentId) -> anyhow::Result<Option<()>> {
    Ok(states(stage, document).await?.contains(&ApprovalState::Asked).then_some(()))
}

async fn approved(stage: Stage<'_>, document: DocumentId) -> anyhow::Result<bool> {
    Ok(states(stage, document).await?.contains(&ApprovalState::Approved))
}

/// The first button that she was sent.
fn button(fake: &FakeGraph) -> Option<Value> {
    let to_her = |to: &Option<String>| to.as_ref().is_some_and(|to| to.trim_start_matches('+') == BOSS.0);
    let sent = fake.sent().into_iter().rfind(|sent| to_her(&sent.to))?;
    sent.body.pointer("/interactive/action/buttons/0/reply").cloned()
}

fn tap(reply: &Value) -> Inbound {
    let interactive = json!({ "type": "button_reply", "button_reply": reply });
    let said = Said::Raw(json!({ "type": "interactive", "interactive": interactive }));
    Inbound::new(Sender::phone(BOSS.0, BOSS.1), said)
}
