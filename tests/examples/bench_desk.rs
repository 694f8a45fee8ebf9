//! A scripted reviewer clears `COUNT` (200) mixed exceptions at the desk in a real Chromium: the keys pressed, the machine's
//! time from a decision to the next document painted, and what one field costs beyond typing it.
//!
//! Every second document is accepted as it was read (one key); of the others one field is typed anew (a key to it, its
//! characters, Ctrl+Enter). What the desk warns of is filed on purpose, with a reason, and those keys are told apart. The wait that the desk imposes before a decision (400 ms after the picture is painted) is
//! not the machine's and is told apart.

#![allow(missing_docs, clippy::print_stdout)]

use std::time::{Duration, Instant};

use acuse_fixtures::{
    Country, Form, Kind, Spec, generate,
    graph::{FakeGraph, Inbound, MediaType, Options, Said, Sender},
};
use acuse_tests::{
    bench::reviewer,
    browser::{self, Browser},
    stack::{ACCESS_TOKEN, APP_SECRET, Api, Place},
};
use anyhow::{Context, Result, ensure};

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
    let api = Api::connect(&place, &["documents:read", "reviews:write", "admin"]).await?;
    for n in 0..count {
        let kind = if n % 3 == 2 { Kind::Receipt } else { Kind::Invoice };
        let country = [Country::Es, Country::Co, Country::Mx, Country::Br][n as usize % 4];
        // Every tenth is a scan, whose words are read off the picture.
        let form = if n % 10 == 9 { Form::Jpeg } else { Form::PdfText };
        let sample = generate(5_000 + n, &Spec::new(kind, country, form));
        let media_id = graph.upload_media(sample.bytes, &sample.media_type);
        let said =
            Said::Media { kind: MediaType::Document, media_id, caption: None, filename: Some(sample.name) };
        let sender = Sender::phone(&format!("3461000{n:04}"), &format!("Bench {n}"));
        let webhook = graph.webhook_for(&[Inbound::new(sender, said)]);
        ensure!(api.webhook(webhook.body.to_vec(), &webhook.signature).await? == 200, "not taken");
    }
    let patience = Duration::from_secs(60 + count * 5);
    let waiting = api.at_rest(count, patience).await?.in_review;
    let cookie = reviewer(&place).await?;
    let base = format!("http://127.0.0.1:{}", place.port);

    let mut page = Browser::start(chromium, (1366, 768))?;
    page.open(&format!("{base}/"), &cookie)?;
    page.press("n", false, false)?;
    page.wait("document.body.dataset.ready === 'yes'")?;
    let (mut plain, mut fields, mut keys_plain, mut keys_field) = (Vec::new(), Vec::new(), 0_u32, 0_u32);
    let mut warned = 0_u32;
    let started = Instant::now();
    for n in 0..waiting {
        let here = page.eval("location.pathname")?.as_str().unwrap_or_default().to_owned();
        if here == "/" {
            break;
        }
        let mut machine = 0.0;
        if n % 2 == 1 {
            let before = now_in(&mut page)?;
            page.press("e", false, false)?;
            page.wait("!!document.activeElement.closest?.('.field')")?;
            machine += now_in(&mut page)? - before;
            let value = page.eval("document.activeElement.value")?.as_str().unwrap_or_default().to_owned();
            page.fill(&another(&value))?;
            keys_field += 2;
        } else {
            keys_plain += 1;
        }
        let decided = now_in(&mut page)?;
        if n % 2 == 1 {
            page.press("Enter", false, true)?;
        } else {
            page.press("a", false, false)?;
        }
        let Some(painted) = next(&mut page, &here)? else {
            on_purpose(&mut page, &here)?;
            warned += 1;
            continue;
        };
        machine += painted - decided;
        if n % 2 == 1 { fields.push(machine) } else { plain.push(machine) }
    }
    let wall = started.elapsed();
    let cleared = plain.len() + fields.len() + warned as usize;
    println!("{cleared} documents in {:.1} s, {warned} of them filed against a warning", wall.as_secs_f64());
    ensure!(cleared as u64 == waiting, "{} were left", waiting - cleared as u64);
    let per = |keys: u32, of: usize| f64::from(keys) / (of.max(1) as f64);
    println!(
        "keys: {:.1} a plain accept, {:.1} + the typed characters a field",
        per(keys_plain, plain.len()),
        per(keys_field, fields.len())
    );
    for (what, times) in [("accept to next painted", &mut plain), ("a field, typing left out", &mut fields)] {
        println!("{what}: median {:.0} ms, p95 {:.0} ms", middle(times, 0.5), middle(times, 0.95));
    }
    Ok(())
}
