//! A scripted reviewer clears `COUNT` (200) mixed exceptions at the desk in a real Chromium: the keys pressed and the machine's
//! time, by what is done about each, and from a decision to the next document painted. Past its bounds it fails.
//!
//! Some are accepted as they were read; of some one field is typed anew; of some the customer is searched for; some are rejected
//! with a reason, some are another one come again, some hold several documents. What the desk warns of is filed on purpose,
//! with a reason, and is told apart, for nothing says how many keys that takes. The wait that the desk imposes before a decision
//! (400 ms after the picture is painted) is not the machine's.

#![allow(missing_docs, clippy::print_stdout)]

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use acuse_fixtures::{
    Country, Form, Kind, Sample, Spec, generate,
    graph::{FakeGraph, Inbound, MediaType, Options, Said, Sender},
    together,
};
use acuse_tests::{
    bench::reviewer,
    browser::{self, Browser},
    stack::{ACCESS_TOKEN, APP_SECRET, Api, Place},
};
use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::json;

/// Whom papers are said to be of.
const CUSTOMER: &str = "Cliente Banco";
/// The next document is painted so soon after a plain accept, milliseconds: at the median, and of 95 in 100.
const PAINTED_MS: [f64; 2] = [50.0, 100.0];
/// What one field costs beyond typing it, at most, milliseconds.
const FIELD_MS: f64 = 1000.0;

/// What is done about a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Exception {
    Accept,
    Field,
    Customer,
    Duplicate,
    Reject,
    Split,
    /// Filed against a warning.
    Warned,
}

impl Exception {
    const CARDS: [Self; 4] = [Self::Customer, Self::Duplicate, Self::Reject, Self::Split];

    /// Of the document sent as so many.
    fn of(n: u64) -> Self {
        match n % 10 {
            1 | 3 => Self::Field,
            5 | 6 => Self::Customer,
            7 => Self::Reject,
            8 => Self::Split,
            9 => Self::Duplicate,
            _ => Self::Accept,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Field => "field",
            Self::Customer => "customer",
            Self::Duplicate => "duplicate",
            Self::Reject => "reject",
            Self::Split => "split",
            Self::Warned => "against a warning",
        }
    }

    /// As many keys as it may take, beside the characters that are typed.
    fn most_keys(self) -> Option<f64> {
        match self {
            Self::Accept | Self::Duplicate => Some(1.0),
            Self::Reject => Some(2.0),
            Self::Field | Self::Customer => Some(3.0),
            Self::Split => Some(4.0),
            Self::Warned => None,
        }
    }
}

/// What documents of one exception cost.
#[derive(Default)]
struct Cost {
    keys: Vec<f64>,
    machine_ms: Vec<f64>,
}

/// The reviewer: counts what is pressed, and not what is typed.
struct Hand {
    page: Browser,
    keys: u32,
    machine_ms: f64,
}

impl Hand {
    fn press(&mut self, key: &str, ctrl: bool) -> Result<()> {
        self.keys += 1;
        self.page.press(key, false, ctrl)
    }

    /// Presses a key, and waits for what it leads to.
    fn leads(&mut self, key: &str, to: &str) -> Result<()> {
        let before = now_in(&mut self.page)?;
        self.press(key, false)?;
        self.page.wait(to)?;
        self.machine_ms += now_in(&mut self.page)? - before;
        Ok(())
    }

    /// All that comes before the key that decides; that one, and whether it goes with Control.
    fn prepare(&mut self, exception: Exception) -> Result<(&'static str, bool)> {
        match exception {
            Exception::Accept | Exception::Warned => Ok(("a", false)),
            Exception::Duplicate => Ok(("d", false)),
            Exception::Field => {
                self.leads("e", "!!document.activeElement.closest?.('.field')")?;
                let value = self.page.eval("document.activeElement.value")?;
                self.page.fill(&another(value.as_str().unwrap_or_default()))?;
                Ok(("Enter", true))
            }
            Exception::Customer => {
                self.leads("c", "document.activeElement.dataset.seek !== undefined")?;
                let before = now_in(&mut self.page)?;
                self.page.fill(CUSTOMER)?;
                self.page.wait("document.querySelectorAll('#found li').length > 0")?;
                self.machine_ms += now_in(&mut self.page)? - before;
                self.leads("Enter", "document.querySelector('[name=customer_id]').value !== ''")?;
                Ok(("a", false))
            }
            Exception::Reject => {
                self.leads("r", "document.querySelector('[data-panel=reject]').open")?;
                Ok(("1", false))
            }
            Exception::Split => {
                if self.page.eval("document.querySelector('.parts [name=parts]').value")? == "" {
                    self.keys += 1;
                    self.page.eval("document.querySelector('.parts [name=parts]').focus()")?;
                    self.page.fill("1, 2")?;
                    self.press("Escape", false)?;
                }
                Ok(("p", false))
            }
        }
    }
}

fn middle(times: &mut [f64], share: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    let at = ((times.len().saturating_sub(1)) as f64 * share).round() as usize;
    times.get(at).copied().unwrap_or_default()
}

fn now_in(page: &mut Browser) -> Result<f64> {
    page.eval("performance.timeOrigin + performance.now()")?.as_f64().context("no clock")
}

/// Waits for the document after `before`, and says when it was painted; none where the decision was refused.
fn next(page: &mut Browser, before: &str) -> Result<Option<f64>> {
    let gone = format!(
        "location.pathname !== '{before}' && (location.pathname === '/' || document.body.dataset.ready === 'yes')"
    );
    let refused =
        "!!document.querySelector('.warnings, .error[role=alert]') && document.body.dataset.ready === 'yes'";
    page.wait(&format!("({gone}) || ({refused})"))?;
    if page.eval(&gone)? != true {
        return Ok(None);
    }
    let painted =
        page.eval("Number(document.body.dataset.painted || performance.timeOrigin + performance.now())")?;
    Ok(Some(painted.as_f64().context("not painted")?))
}

/// A value of the same kind as `value`, and another.
fn another(value: &str) -> String {
    let is_date = value.len() == 10 && value.bytes().filter(|b| *b == b'-').count() == 2;
    match value.as_bytes().last() {
        // The day before or after.
        Some(last) if is_date => {
            let day = if *last == b'1' { '2' } else { '1' };
            format!("{}{day}", &value[..9])
        }
        Some(last) if last.is_ascii_digit() => {
            let digit = if *last == b'9' { '8' } else { char::from(last + 1) };
            format!("{}{digit}", &value[..value.len() - 1])
        }
        _ => format!("{value} SL"),
    }
}

/// Files it against the warnings, with a reason; how many keys that took.
fn on_purpose(page: &mut Browser, here: &str) -> Result<u32> {
    for _ in 0..3 {
        if page.eval("!!document.querySelector('[name=because]')")? == true {
            page.eval("document.querySelector('[name=because]').focus()")?;
            page.fill("seen on the paper")?;
        } else {
            // What was typed cannot be kept: as it was, then.
            page.eval(
                "for (const el of document.querySelectorAll('[data-original]')) el.value = el.dataset.original",
            )?;
            page.eval("document.querySelector('.decision').dispatchEvent(new Event('input'))")?;
        }
        page.eval("delete document.body.dataset.ready; document.body.dataset.ready = 'yes'")?;
        page.press("Enter", false, true)?;
        page.wait(&format!("location.pathname !== '{here}' || !document.querySelector('form[data-sent]')"))?;
        if next(page, here)?.is_some() {
            return Ok(1);
        }
    }
    anyhow::bail!("{here} cannot be filed")
}

/// One paper. Some are scans, whose words are read off the picture.
fn paper(n: u64) -> Sample {
    let kind = if n % 3 == 2 { Kind::Receipt } else { Kind::Invoice };
    let country = [Country::Es, Country::Co, Country::Mx, Country::Br][n as usize % 4];
    let form = if n % 10 == 4 { Form::Jpeg } else { Form::PdfText };
    generate(5_000 + n, &Spec::new(kind, country, form))
}

/// Sends a document; its exception stands in its name.
async fn sent(api: &Api, graph: &FakeGraph, n: u64) -> Result<()> {
    if Exception::of(n) == Exception::Split {
        let one = |seed| (seed, Spec::new(Kind::Invoice, Country::Es, Form::PdfText));
        let file = together::pages_with_attachment(&[one(20_000 + 2 * n), one(20_001 + 2 * n)]);
        return post(api, graph, n, (file.bytes, file.media_type)).await;
    }
    // What comes again is the one that came nine before it, of somebody else.
    let again = Exception::of(n) == Exception::Duplicate;
    let sample = paper(if again { n - 9 } else { n });
    post(api, graph, n, (sample.bytes, &sample.media_type)).await
}

async fn post(api: &Api, graph: &FakeGraph, n: u64, (bytes, media_type): (Vec<u8>, &str)) -> Result<()> {
    let media_id = graph.upload_media(bytes, media_type);
    let extension = if media_type == "application/pdf" { "pdf" } else { "jpg" };
    let filename = Some(format!("{}-{n}.{extension}", Exception::of(n).name()));
    let said = Said::Media { kind: MediaType::Document, media_id, caption: None, filename };
    let sender = Sender::phone(&format!("3461000{n:04}"), &format!("Bench {n}"));
    let webhook = graph.webhook_for(&[Inbound::new(sender, said)]);
    ensure!(api.webhook(webhook.body.to_vec(), &webhook.signature).await? == 200, "not taken");
    Ok(())
}

/// What is to be done about each document, by its id.
async fn exceptions(api: &Api) -> Result<HashMap<String, Exception>> {
    let all = api.list("/v1/documents").await?;
    let of = |document: &serde_json::Value| {
        let number = document["filename"].as_str()?.rsplit_once('-')?.1.split('.').next()?.parse().ok()?;
        Some((document["id"].as_str()?.to_owned(), Exception::of(number)))
    };
    Ok(all.iter().filter_map(of).collect())
}

/// Clears what waits; what each exception cost.
fn cleared(
    hand: &mut Hand,
    waiting: u64,
    known: &HashMap<String, Exception>,
) -> Result<BTreeMap<Exception, Cost>> {
    let mut costs: BTreeMap<Exception, Cost> = BTreeMap::new();
    for _ in 0..waiting {
        let here = hand.page.eval("location.pathname")?.as_str().unwrap_or_default().to_owned();
        let Some(id) = here.strip_prefix("/documents/") else { break };
        // A part of what was split is one more, and nobody knows what is to be done about it.
        let mut exception = known.get(id).copied().unwrap_or(Exception::Accept);
        (hand.keys, hand.machine_ms) = (0, 0.0);
        let (key, ctrl) = hand.prepare(exception)?;
        let decided = now_in(&mut hand.page)?;
        hand.press(key, ctrl)?;
        match next(&mut hand.page, &here)? {
            Some(painted) => hand.machine_ms += painted - decided,
            None => {
                hand.keys += on_purpose(&mut hand.page, &here)?;
                exception = Exception::Warned;
            }
        }
        let cost = costs.entry(exception).or_default();
        cost.keys.push(f64::from(hand.keys));
        cost.machine_ms.push(hand.machine_ms);
    }
    Ok(costs)
}

/// Says what each cost, and what of it is past its bounds.
fn judged(costs: &mut BTreeMap<Exception, Cost>) -> Vec<String> {
    let mut beyond = Vec::new();
    for (exception, cost) in costs {
        let name = exception.name();
        let of = |numbers: &mut [f64]| [middle(numbers, 0.5), middle(numbers, 0.95)];
        let (keys, times) = (of(&mut cost.keys), of(&mut cost.machine_ms));
        println!(
            "{name}: {} documents; keys beside what is typed: median {:.0}, p95 {:.0}; \
             machine: median {:.0} ms, p95 {:.0} ms",
            cost.keys.len(),
            keys[0],
            keys[1],
            times[0],
            times[1]
        );
        if let Some(most) = exception.most_keys()
            && keys.iter().any(|keys| *keys > most)
        {
            beyond.push(format!("{name}: more than {most} keys"));
        }
        let too_slow = match exception {
            Exception::Accept => times.iter().zip(PAINTED_MS).any(|(time, most)| *time > most),
            Exception::Field => times.iter().any(|time| *time > FIELD_MS),
            _ => false,
        };
        if too_slow {
            beyond.push(format!("{name}: {:.0} ms at the median, {:.0} ms at p95", times[0], times[1]));
        }
    }
    beyond
}

#[tokio::main]
async fn main() -> Result<()> {
    let count: u64 = std::env::var("COUNT").map_or(Ok(200), |v| v.parse())?;
    let Some(chromium) = browser::chromium() else { return Ok(()) };
    let options = Options {
        access_token: ACCESS_TOKEN.to_owned(),
        app_secret: APP_SECRET.to_owned(),
        ..Options::default()
    };
    let graph = FakeGraph::start(options).await?;
    let folder = tempfile::tempdir()?;
    let place = Place::embedded(folder.path(), &graph.url())?;
    let _server = place.start("serve", &["serve"])?;
    let api = Api::connect(&place, &["documents:read", "reviews:write", "customers:write", "admin"]).await?;
    let customer = json!({ "name": CUSTOMER });
    let made = api.request(Method::POST, "/v1/customers").json(&customer).send().await?;
    ensure!(made.status() == 201, "no customer was made");
    let patience = Duration::from_secs(60 + count * 5);
    // What comes again comes once the first is there.
    let is_again = |n: &u64| Exception::of(*n) == Exception::Duplicate;
    for n in (0..count).filter(|n| !is_again(n)) {
        sent(&api, &graph, n).await?;
    }
    let firsts = (0..count).filter(|n| !is_again(n)).count() as u64;
    api.at_rest(firsts, patience).await?;
    for n in (0..count).filter(is_again) {
        sent(&api, &graph, n).await?;
    }
    let waiting = api.at_rest(count, patience).await?.in_review;
    let known = exceptions(&api).await?;
    let cookie = reviewer(&place).await?;
    let base = format!("http://127.0.0.1:{}", place.port);

    let mut page = Browser::start(chromium, (1366, 768))?;
    page.open(&format!("{base}/"), &cookie)?;
    page.press("n", false, false)?;
    page.wait("document.body.dataset.ready === 'yes'")?;
    let mut hand = Hand { page, keys: 0, machine_ms: 0.0 };
    let started = Instant::now();
    let mut costs = cleared(&mut hand, waiting, &known)?;
    let done: usize = costs.values().map(|cost| cost.keys.len()).sum();
    println!("{done} documents in {:.1} s", started.elapsed().as_secs_f64());
    ensure!(done as u64 == waiting, "{} were left", waiting - done as u64);
    let beyond = judged(&mut costs);
    for card in Exception::CARDS {
        ensure!(
            count < 50 || costs.contains_key(&card),
            "nothing was cleared by the card of {}",
            card.name()
        );
    }
    ensure!(beyond.is_empty(), "past its bounds: {}", beyond.join("; "));
    Ok(())
}
