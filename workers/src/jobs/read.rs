//! `read`: what the document is and says, found out in the sandbox, past the malware scanner.

use std::io;

use acuse_conversation::TRIED;
use acuse_pipeline::{
    document::{Kind, Sha256},
    entities,
    memory::{self, Clues},
    reading::{Declared, Outcome, Reading},
    reason::{Reason, ReasonCode},
    understand::{places::country_called, scorer::Scorers},
};
use acuse_storage::{
    Document, ObjectKey, Stage, StoredObject,
    documents::StoredPage,
    split::Split,
    stages::{ReadFacts, Step},
    vendors::Recalled,
};
use futures_util::TryStreamExt;
use tokio::{io::AsyncRead, time::Instant};
use tokio_util::io::StreamReader;

use crate::{
    env::Env,
    halt::{Cause, Halt},
    jobs::{abstain, boundary, fetch::duplicate, link::phones},
    scan::{Scanner, Verdict},
};

/// Set in a reason's detail when the file was not scanned though it should have been.
pub const UNSCANNED: &str = "unscanned";

/// Has the original scanned, streams it into the sandbox, keeps the pictures that come back, and moves on to `link`
/// with what was read; a file that could not be opened moves on too, with the reason among its findings. A file that
/// surely holds several documents is split instead, and each of them comes back here.
///
/// # Errors
/// A [`Halt`] to try again: the scanner gave no verdict, S3 failed, or no reader could be had.
pub async fn read(env: &Env, document: &Document) -> Result<Step, Halt> {
    // Uploads begin at this stage, and two fetches that raced could not see each other.
    if let Some(step) = duplicate(env, document, Stage::Read, None).await? {
        return Ok(step);
    }
    let started = Instant::now();
    let reading = match suspicion(env, document).await? {
        Some(reason) => Reading::refused("application/octet-stream", reason),
        None => open(env, document).await?,
    };
    boundary::pass("read.understood");
    if let Some(split) = sure_split(document, &reading) {
        tracing::info!(parts = split.parts().len(), "split into its documents");
        return Ok(env.catalog.split(document.id, &split).await?);
    }
    if is_id(&reading)
        && let Some(step) = env.catalog.hold_unauthorized(document.id).await?
    {
        tracing::info!("an identity document is held until its sender agrees");
        return Ok(step);
    }
    let (reading, recalled) = remember(env, document, reading).await?;
    let (reading, sure) = as_sure_as_asked(env, reading).await?;
    let facts = ReadFacts { recalled, sure, ..keep(env, document, reading, started).await? };
    boundary::pass("read.stored");
    Ok(env.catalog.read(document.id, &facts).await?)
}

/// Whether it is an identity document, as far as can be told.
fn is_id(reading: &Reading) -> bool {
    reading.kind == Some(Kind::Id) || reading.id_probability.is_some_and(|p| p >= 0.5)
}

/// The documents that a file holds, where the reader is sure of them. A part is not split again but by a person.
fn sure_split(document: &Document, reading: &Reading) -> Option<Split> {
    if document.part.is_some() || reading.parts.is_empty() {
        return None;
    }
    let split = Split::of_file(reading.parts.clone(), reading.page_count);
    // The answer comes out of the sandbox: what it names may be no split at all. Then a person looks.
    split.inspect_err(|error| tracing::warn!(error = %error, "the reader named parts that are none")).ok()
}

/// Why the original must not be opened; `None` when it passed the scanner, or there is none.
async fn suspicion(env: &Env, document: &Document) -> Result<Option<Reason>, Halt> {
    let Some(scanner) = &env.scanner else { return Ok(None) };
    let original = original(document)?;
    let started = Instant::now();
    let verdict = scanner.scan(source(env, original).await?, original.size_bytes).await?;
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(duration_ms, clean = verdict == Verdict::Clean, "scanned");
    Ok(objection(verdict, original.size_bytes, scanner))
}

fn objection(verdict: Verdict, size_bytes: u64, scanner: &Scanner) -> Option<Reason> {
    match verdict {
        Verdict::Clean => None,
        Verdict::Found(signature) => {
            tracing::error!(signature, "malware");
            let message = "The file carries malware. It was not opened and is kept in quarantine.";
            Some(Reason::new(ReasonCode::Malware, message).with("signature", signature))
        }
        Verdict::TooLarge => Some(
            Reason::new(
                ReasonCode::TooLarge,
                "The file is larger than the malware scanner takes; it was not opened.",
            )
            .with("limit_name", "StreamMaxLength of clamd")
            .with("scanner", scanner.address().to_string())
            .with("size", size_bytes)
            .with(UNSCANNED, true),
        ),
    }
}

fn original(document: &Document) -> Result<&StoredObject, Halt> {
    let original = document.original.as_ref();
    original.ok_or_else(|| Halt::Retry(Cause::backoff("a bug: nothing is kept of it")))
}

async fn source(env: &Env, original: &StoredObject) -> Result<impl AsyncRead + Unpin, Halt> {
    let (_, bytes) = env.objects.get_stream(&original.key).await?;
    Ok(StreamReader::new(Box::pin(bytes.map_err(io::Error::other))))
}

async fn open(env: &Env, document: &Document) -> Result<Reading, Halt> {
    let original = original(document)?;
    let source = source(env, original).await?;
    let declared = Declared {
        media_type: document.declared.media_type.clone(),
        filename: document.declared.filename.clone(),
        part: document.part,
        sender_country: sender_country(env, document).await?,
    };
    let password = env.catalog.password_of(document.id).await?;
    let size = original.size_bytes;
    let mut reading = env.sandbox.read_locked(source, size, &declared, password.as_deref()).await?;
    if password.is_some() {
        // A password that did not open it is asked for once more, and its sender hears why.
        let locked = reading.reasons.iter_mut().filter(|reason| reason.code == ReasonCode::Encrypted);
        locked.for_each(|reason| {
            reason.detail.insert(TRIED.to_owned(), true.into());
        });
    }
    Ok(reading)
}

/// Where the sender's telephone is of, where all their numbers say the same.
async fn sender_country(env: &Env, document: &Document) -> Result<Option<String>, Halt> {
    let Some(contact) = document.contact_id else { return Ok(None) };
    let contact = env.catalog.contact(contact).await?;
    let mut countries = phones(contact.as_ref()).into_iter().map(|phone| country_called(&phone));
    let first = countries.next().flatten();
    Ok(first.filter(|first| countries.all(|other| other == Some(*first))).map(str::to_owned))
}

/// Asks memory whose paper it is, and lays its answer over the reading; nothing of what is or may be an ID is asked.
async fn remember(
    env: &Env,
    document: &Document,
    mut reading: Reading,
) -> Result<(Reading, Option<Recalled>), Halt> {
    let Some(kind) = reading.kind.filter(|kind| matches!(kind, Kind::Invoice | Kind::Receipt)) else {
        return Ok((reading, None));
    };
    let clues = Clues::of(&reading.fields, &reading.text);
    let papers = env.catalog.vendor_papers(&clues, document.id).await?;
    let recall = memory::recall(kind, &clues, &papers);
    memory::apply(&recall, &mut reading, Scorers::committed());
    if entities::is_doubtful(&reading.fields, &env.catalog.our_names().await?) {
        let message =
            "The issuer that was read is one of us, and nobody is named as the buyer: we may be the buyer.";
        reading.reasons.push(Reason::new(ReasonCode::LowConfidence, message));
        reading.outcome = Outcome::Review;
    }
    Ok((reading, recall.vendor.as_ref().map(Recalled::of)))
}

/// Holds a bill that the reader would file and that is less sure than is asked of its kind here; how sure it is.
async fn as_sure_as_asked(env: &Env, mut reading: Reading) -> Result<(Reading, Option<f64>), Halt> {
    let Some((kind, sure)) = abstain::sure(&reading) else { return Ok((reading, None)) };
    if reading.outcome == Outcome::Accepted
        && let Some(asked) = env.catalog.filing_threshold(kind).await?
    {
        abstain::hold(&mut reading, kind, sure, asked.least_ppm);
    }
    Ok((reading, Some(sure)))
}

/// Keeps the pictures and turns the reading into rows. Keys are made of content, so a second run writes the same.
async fn keep(env: &Env, document: &Document, reading: Reading, started: Instant) -> Result<ReadFacts, Halt> {
    let mut pages = Vec::with_capacity(reading.pages.len());
    for (number, page) in (1..).zip(reading.pages) {
        let key = ObjectKey::page(document.id, number, &Sha256::of(&page.jpeg));
        env.objects.put_bytes(&key, page.jpeg.into(), "image/jpeg").await?;
        let as_it_came = ObjectKey::received(document.id, number, &Sha256::of(&page.received));
        let received = keep_picture(env, as_it_came, page.received).await?;
        pages.push(StoredPage {
            key,
            width: page.width,
            height: page.height,
            changed: page.changed,
            received,
        });
    }
    let small = ObjectKey::thumbnail(document.id, &Sha256::of(&reading.thumbnail));
    let thumbnail_key = keep_picture(env, small, reading.thumbnail).await?;
    Ok(ReadFacts {
        part: document.part,
        media_type: reading.media_type,
        page_count: reading.page_count,
        pages,
        thumbnail_key,
        kind: reading.kind,
        confidence: f64::from(reading.confidence),
        id_probability: reading.id_probability.map(f64::from),
        sure: None,
        language: reading.language,
        fields: reading.fields,
        text: reading.text,
        words: reading.words,
        fingerprint: reading.fingerprint,
        notes: reading.notes,
        recalled: None,
        findings: reading.reasons,
        diagnostics: reading.diagnostics,
        duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

/// Keeps a picture that a reading may have; where it is.
async fn keep_picture(env: &Env, key: ObjectKey, jpeg: Vec<u8>) -> Result<Option<ObjectKey>, Halt> {
    if jpeg.is_empty() {
        return Ok(None);
    }
    env.objects.put_bytes(&key, jpeg.into(), "image/jpeg").await?;
    Ok(Some(key))
}
