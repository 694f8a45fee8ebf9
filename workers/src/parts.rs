//! The parts that documents need, asked with something known to be good: so is told whether the file failed, or we.

use std::time::Duration;

use acuse_pipeline::{document::Sha256, reading::Declared};
use acuse_storage::{
    CatalogError, DocumentId, ObjectKey, Stage,
    numbers::May,
    parts::{Away, Part},
};
use acuse_whatsapp::ErrorClass;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    env::Env,
    halt::chain,
    scan::{Scanner, Verdict},
};

/// Longest time of one probe; longer is as good as away.
const PROBE: Duration = Duration::from_secs(60);
/// Over so long one look spreads those that it wakes: as long as to the next.
const STRETCH: Duration = Duration::from_secs(15);
/// What every scanner knows for a test, in two halves, so that none takes this program for malware.
const EICAR: [&str; 2] = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*"];
/// A picture of one white pixel.
const PAGE: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0!\xf9\x04\0\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// What a stage cannot do without here.
#[must_use]
pub fn needs(env: &Env, stage: Stage) -> &'static [Part] {
    match stage {
        Stage::Fetch => Part::TO_FETCH,
        Stage::Read if env.scanner.is_some() => &[Part::Objects, Part::Scanner, Part::Reader],
        Stage::Read => &[Part::Objects, Part::Reader],
        Stage::Link | Stage::Done => &[],
    }
}

/// Asks a part to do something that it can surely do.
///
/// # Errors
/// Why it is away.
pub async fn probe(env: &Env, part: Part) -> Result<(), String> {
    let answered = ask(env, part).await;
    measure(env, part, answered.is_ok());
    answered
}

/// Whoever asks the scanner, the gauge says what is known of it since; a process that did not ask learns it from the
/// catalog ([`notice`]).
fn measure(env: &Env, part: Part, is_up: bool) {
    if part == Part::Scanner && env.scanner.is_some() {
        metrics::gauge!("acuse_scanner_up").set(f64::from(u8::from(is_up)));
    }
}

async fn ask(env: &Env, part: Part) -> Result<(), String> {
    let asked = async {
        match part {
            Part::Objects => objects(env).await,
            Part::Database => env.catalog.ping().await.map_err(|e| chain(&e)),
            Part::Scanner => match &env.scanner {
                Some(scanner) => knows_eicar(scanner).await,
                None => Ok(()),
            },
            Part::Reader => {
                let declared = Declared { media_type: Some("image/gif".into()), ..Declared::default() };
                // Whatever is read of it: somebody read it.
                let read = env.sandbox.read(PAGE, PAGE.len() as u64, &declared).await;
                read.map(drop).map_err(|e| chain(&e))
            }
            Part::Graph => graph(env).await,
        }
    };
    let answered = tokio::time::timeout(PROBE, asked).await;
    answered.unwrap_or_else(|_| Err(format!("the {part} gave no answer within {} s", PROBE.as_secs())))
}

/// Writes an object, reads it and deletes it.
async fn objects(env: &Env) -> Result<(), String> {
    let written = Uuid::now_v7().to_string();
    let key = ObjectKey::thumbnail(DocumentId(Uuid::now_v7()), &Sha256::of(written.as_bytes()));
    let steps = async {
        env.objects.put_bytes(&key, written.clone().into(), "image/jpeg").await?;
        let read = env.objects.get_bytes(&key, 1_024).await?;
        env.objects.delete(&key).await?;
        Ok(read)
    };
    let read = steps.await.map_err(|e: acuse_storage::objects::ObjectError| chain(&e))?;
    if read == written { Ok(()) } else { Err("what was read is not what was written".to_owned()) }
}

/// Whether a scanner finds what every scanner must: one that answers and finds nothing is as good as away.
///
/// # Errors
/// Why it is.
pub async fn knows_eicar(scanner: &Scanner) -> Result<(), String> {
    let eicar = EICAR.concat();
    match scanner.scan(eicar.as_bytes(), eicar.len() as u64).await {
        Ok(Verdict::Found(_)) => Ok(()),
        Ok(verdict) => Err(format!("it does not know EICAR: {verdict:?}")),
        Err(error) => Err(format!(
            "clamd at {}, without which documents wait unread: {}",
            scanner.address(),
            chain(&error)
        )),
    }
}

/// A token that is refused is no outage: it pauses its own numbers. Any token will do to see whether somebody is there.
async fn graph(env: &Env) -> Result<(), String> {
    let Some(graph) = env.graph.as_ref().or_else(|| env.graphs.values().next()) else { return Ok(()) };
    match graph.probe().await {
        Err(error) if matches!(error.class, ErrorClass::Retry | ErrorClass::Unknown) => Err(chain(&error)),
        _ => Ok(()),
    }
}

/// Which of these parts lets nothing through, and until when at least; `None`: all are there. One caller at a time is the
/// probe of a part that is away.
///
/// # Errors
/// When the catalog fails.
pub async fn closed(env: &Env, parts: &[Part]) -> Result<Option<Away>, CatalogError> {
    if parts.is_empty() {
        return Ok(None);
    }
    for Away { part, probe_at } in env.catalog.parts_away().await? {
        if !parts.contains(&part) {
            continue;
        }
        if probe_at > env.now() {
            return Ok(Some(Away { part, probe_at }));
        }
        if let Some(probe_at) = try_again(env, part).await? {
            return Ok(Some(Away { part, probe_at }));
        }
    }
    Ok(None)
}

/// Probes a part that is away, if its probe is due and nobody else does; until when it is to be left alone.
async fn try_again(env: &Env, part: Part) -> Result<Option<OffsetDateTime>, CatalogError> {
    if let May::NotBefore(until) = env.catalog.take_probe(part).await? {
        return Ok(Some(until));
    }
    match probe(env, part).await {
        Ok(()) => {
            if env.catalog.part_back(part).await? {
                tracing::info!(part = part.as_str(), "it is back; what waited goes on");
            }
            Ok(None)
        }
        Err(why) => env.catalog.part_away(part, &why).await.map(Some),
    }
}

/// Something failed in a part: asks it. If it is away, an incident says so, and until when nothing is tried; if it
/// is there, it was the file.
///
/// # Errors
/// When the catalog fails.
pub async fn blame(env: &Env, part: Part) -> Result<Option<OffsetDateTime>, CatalogError> {
    let Err(why) = probe(env, part).await else { return Ok(None) };
    tracing::error!(part = part.as_str(), error = why, "a part is away; what needs it waits");
    env.catalog.part_away(part, &why).await.map(Some)
}

/// Probes a part, unless it is away already: then it is probed at its own pace. Whether it is there.
///
/// # Errors
/// When the catalog fails.
pub async fn notice(env: &Env, part: Part) -> Result<bool, CatalogError> {
    let is_away = env.catalog.parts_away().await?.iter().any(|away| away.part == part);
    if is_away {
        measure(env, part, false);
    }
    Ok(!is_away && blame(env, part).await?.is_none())
}

/// Probes every part that is away and due, so that it is seen to be back also when nothing waits for it, and wakes what
/// waits for those that are there.
///
/// # Errors
/// When the catalog fails.
pub async fn look(env: &Env) -> Result<(), CatalogError> {
    let away = env.catalog.parts_away().await?;
    metrics::gauge!("acuse_parts_away").set(f64::from(u32::try_from(away.len()).unwrap_or(u32::MAX)));
    for Away { part, probe_at } in away {
        if probe_at <= env.now() {
            try_again(env, part).await?;
        }
    }
    for part in Part::ALL {
        wake(env, *part).await?;
    }
    Ok(())
}

/// Wakes as many of those that wait for a part as go on until the next look, if it is there.
async fn wake(env: &Env, part: Part) -> Result<(), CatalogError> {
    let (mut from, until) = (env.now(), env.after(STRETCH));
    while from < until {
        match env.catalog.wake_waiting(part, from).await? {
            Some(next) => from = next,
            None => break,
        }
    }
    Ok(())
}
