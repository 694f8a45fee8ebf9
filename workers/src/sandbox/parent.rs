//! One reader child as the parent sees it: hand it a file, take its answer, notice its death.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use acuse_pipeline::{
    diagnostic::{self, Diagnostic},
    limits::Limits,
    reading::{Declared, Outcome, Reading},
};
use rustix::process::{Pid, Resource, Rlimit};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStderr, ChildStdin, ChildStdout},
    time::{Instant, timeout, timeout_at},
};

use super::{
    layers::Layers,
    verdict::Death,
    wire::{self, AnswerError, Caps, Frames, Request, STAGES, Setup, Tag},
};

/// Loading the models from a cold disk on a busy machine takes seconds; this is a hang.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Handing over the bytes may wait for the object store; this is a hang.
const FEED_TIMEOUT: Duration = Duration::from_secs(120);
/// A killed process is reaped in microseconds; this is a kernel in trouble.
const REAP_TIMEOUT: Duration = Duration::from_secs(5);
/// How many times its time by the clock a file may take where the child has had less of the processor than that.
const PATIENCE: u32 = 4;
/// The kernel counts a process's time no finer than this.
const TICK: Duration = Duration::from_millis(10);
/// Longest report of a child that is ready, bytes.
const GREETING_BYTES: u64 = 64 << 10;
/// Last words kept from standard error, bytes.
const LAST_WORDS: usize = 2_048;
/// Pipe buffer asked of the kernel, bytes: fewer switches between the two processes.
const PIPE_BYTES: usize = 1 << 20;

/// Why a child could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The process could not be made.
    #[error("starting a reader process")]
    Spawn(#[source] io::Error),
    /// It started, but did not report in time.
    #[error("the reader did not report within {} s", START_TIMEOUT.as_secs())]
    Silent,
    /// It died or spoke nonsense before it was ready.
    #[error("the reader died while starting ({0})")]
    Died(String),
    /// It could not load its models.
    #[error("the reader could not load its models: {0}")]
    Models(String),
}

/// Why asking a child gave no answer.
#[derive(Debug)]
pub(super) enum AskError {
    /// The bytes could not be had; the child is half fed and of no more use.
    Source(io::Error),
    /// The child is dead.
    Died { death: Death, stage: String, elapsed: Duration },
}

/// A child that reported ready.
pub(super) struct ReaderChild {
    child: Child,
    requests: ChildStdin,
    answers: ChildStdout,
    last_words: Arc<Mutex<Vec<u8>>>,
    pid: Option<Pid>,
    /// Files it has read.
    pub files: u32,
    /// Resident bytes when it was ready.
    resident_at_start: u64,
}

impl ReaderChild {
    /// Waits for a fresh child to confine itself.
    pub async fn start(mut child: Child, limits: &Limits) -> Result<(Self, Layers), StartError> {
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(mut requests), Some(mut answers), Some(errors)) = pipes else {
            return Err(StartError::Spawn(io::Error::other("the reader has no pipes")));
        };
        // Only speed hangs on these two.
        let _smaller = rustix::pipe::fcntl_setpipe_size(&requests, PIPE_BYTES);
        let _smaller = rustix::pipe::fcntl_setpipe_size(&answers, PIPE_BYTES);
        let last_words = Arc::default();
        tokio::spawn(keep_last_words(errors, Arc::clone(&last_words)));
        let setup = wire::header(&Setup { limits: limits.clone() }).map_err(StartError::Spawn)?;
        let greeted = timeout(START_TIMEOUT, async {
            // A child that dies at once breaks this pipe; what follows tells more than the broken pipe would.
            let _broken = requests.write_all(&setup).await;
            Frames::new(&mut answers, Caps::of(GREETING_BYTES)).next().await
        });
        let layers = match greeted.await.map_err(|_| StartError::Silent)? {
            Ok((Tag::Ready, json)) => {
                serde_json::from_slice(&json).map_err(|e| StartError::Died(e.to_string()))?
            }
            Ok((Tag::Failed, why)) => {
                return Err(StartError::Models(String::from_utf8_lossy(&why).chars().take(500).collect()));
            }
            Ok((tag, _)) => return Err(StartError::Died(format!("said {tag:?} first"))),
            Err(AnswerError::Closed) => {
                let status = timeout(REAP_TIMEOUT, child.wait()).await;
                return Err(StartError::Died(match status {
                    Ok(Ok(status)) => status.to_string(),
                    _ => "it closed its pipe".to_owned(),
                }));
            }
            Err(e) => return Err(StartError::Died(e.to_string())),
        };
        let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let mut ready = Self { child, requests, answers, last_words, pid, files: 0, resident_at_start: 0 };
        ready.resident_at_start = ready.resident_bytes().unwrap_or(0);
        Ok((ready, layers))
    }

    /// Has one file read. On an error this child must not be asked again.
    pub async fn ask(
        &mut self,
        source: impl AsyncRead + Unpin,
        size_bytes: u64,
        (declared, password): (&Declared, Option<&str>),
        limits: &Limits,
    ) -> Result<Reading, AskError> {
        self.files += 1;
        self.lift_cpu_limit(limits.cpu_secs);
        let started = Instant::now();
        let fed = timeout(FEED_TIMEOUT, self.feed(source, size_bytes, declared, password)).await;
        match fed.unwrap_or_else(|_| Err(FeedError::Source(io::ErrorKind::TimedOut.into()))) {
            // A child that died while it was fed tells why by its status, below.
            Ok(()) | Err(FeedError::Child) => {}
            Err(FeedError::Source(e)) => return Err(AskError::Source(e)),
        }
        let mut stage = "start".to_owned();
        let most = Duration::from_millis(limits.read_ms);
        let answer = receive(&mut self.answers, limits, &mut stage);
        let death = match within(most, self.pid, answer).await {
            Some(Ok(reading)) => return Ok(reading),
            Some(Err(NoReading::Panicked(at))) => Death::Panicked(at),
            Some(Err(NoReading::Answer(AnswerError::TooLarge { limit_name, limit, size }))) => {
                Death::Overran { limit_name, limit, size }
            }
            Some(Err(NoReading::Answer(AnswerError::Nonsense(what)))) => Death::Babbled(what),
            Some(Err(NoReading::Answer(AnswerError::Closed | AnswerError::Pipe(_)))) => {
                self.post_mortem().await
            }
            None => Death::TimedOut,
        };
        Err(AskError::Died { death, stage, elapsed: started.elapsed() })
    }

    async fn feed(
        &mut self,
        source: impl AsyncRead + Unpin,
        size_bytes: u64,
        declared: &Declared,
        password: Option<&str>,
    ) -> Result<(), FeedError> {
        let password = password.map(str::to_owned);
        let request = Request { declared: declared.clone(), password, size_bytes };
        let header = wire::header(&request).map_err(FeedError::Source)?;
        self.requests.write_all(&header).await.map_err(|_| FeedError::Child)?;
        let mut source = source.take(size_bytes);
        let mut left = size_bytes;
        let mut chunk = vec![0; 64 << 10];
        while left > 0 {
            let got = source.read(&mut chunk).await.map_err(FeedError::Source)?;
            let Some(bytes) = chunk.get(..got).filter(|bytes| !bytes.is_empty()) else {
                return Err(FeedError::Source(io::ErrorKind::UnexpectedEof.into()));
            };
            self.requests.write_all(bytes).await.map_err(|_| FeedError::Child)?;
            left = left.saturating_sub(u64::try_from(got).unwrap_or(left));
        }
        self.requests.flush().await.map_err(|_| FeedError::Child)
    }

    /// How it died, once its pipe is closed.
    async fn post_mortem(&mut self) -> Death {
        let Ok(Ok(status)) = timeout(REAP_TIMEOUT, self.child.wait()).await else {
            return Death::Babbled("closed its pipe and lived on".into());
        };
        // Its standard error reaches us by another task; give that a moment to read what is in the pipe.
        tokio::time::sleep(Duration::from_millis(5)).await;
        Death::of(status, &self.last_words.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether it should be replaced: it has read many files, or keeps much more memory than it started with.
    pub fn is_worn_out(&self, files: u32, growth_bytes: u64) -> bool {
        let resident = self.resident_bytes().unwrap_or(u64::MAX);
        self.files >= files || resident > self.resident_at_start.saturating_add(growth_bytes)
    }

    /// CPU limits count a process's whole life: before each file, allow what it has used and the limit again.
    fn lift_cpu_limit(&self, cpu_secs: u64) {
        let Some(pid) = self.pid else { return };
        let used = cpu_seconds(pid).unwrap_or(0);
        let limit = Rlimit { current: Some(used + cpu_secs + 1), maximum: None };
        if let Err(e) = rustix::process::prlimit(Some(pid), Resource::Cpu, limit) {
            tracing::warn!(error = %e, "cannot lift a reader's CPU limit; it may die early");
        }
    }

    fn resident_bytes(&self) -> Option<u64> {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.pid?.as_raw_nonzero())).ok()?;
        let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
        Some(pages * u64::try_from(rustix::param::page_size()).ok()?)
    }
}

/// The answer, if it comes before the child has worked `most`: by the clock, or by the processor where the machine lets it
/// wait for its turn, up to [`PATIENCE`] times as long by the clock.
async fn within<T>(most: Duration, pid: Option<Pid>, answer: impl Future<Output = T>) -> Option<T> {
    let worked = || pid.and_then(cpu_time);
    let before = worked();
    let last = Instant::now() + most * PATIENCE;
    let mut deadline = Instant::now() + most;
    tokio::pin!(answer);
    loop {
        if let Ok(answer) = timeout_at(deadline, &mut answer).await {
            return Some(answer);
        }
        let spent = worked().zip(before).map_or(most, |(now, before)| now.saturating_sub(before));
        let left = most.saturating_sub(spent);
        if left < TICK || deadline >= last {
            return None;
        }
        deadline = (Instant::now() + left).min(last);
    }
}

enum FeedError {
    Source(io::Error),
    Child,
}

/// Why no reading came.
enum NoReading {
    Answer(AnswerError),
    Panicked(String),
}

impl From<AnswerError> for NoReading {
    fn from(e: AnswerError) -> Self {
        Self::Answer(e)
    }
}

/// Takes frames until the answer is whole.
async fn receive(
    answers: &mut ChildStdout,
    limits: &Limits,
    stage: &mut String,
) -> Result<Reading, NoReading> {
    let mut frames = Frames::new(answers, Caps::from(limits));
    let mut reading: Option<Reading> = None;
    let mut pictures = Vec::new();
    let mut thumbnail = Vec::new();
    let mut stages = 0;
    loop {
        match frames.next().await? {
            (Tag::Stage, name) if stages < STAGES => {
                stages += 1;
                // It lands in logs and reasons: only letters, whatever was sent.
                *stage = name.iter().filter(|b| b.is_ascii_lowercase()).map(|b| char::from(*b)).collect();
            }
            (Tag::Facts, json) if reading.is_none() => {
                let parsed = serde_json::from_slice(&json);
                reading = Some(parsed.map_err(|_| AnswerError::nonsense("facts that are no reading"))?);
            }
            (Tag::Page, jpeg) => pictures.push(Sent { page: jpeg, received: Vec::new() }),
            (Tag::Received, jpeg) => match pictures.last_mut() {
                Some(sent) if sent.received.is_empty() => sent.received = jpeg,
                _ => return Err(AnswerError::nonsense("a page as it came beside no page").into()),
            },
            (Tag::Thumbnail, jpeg) => thumbnail = jpeg,
            (Tag::Done, _) => break,
            (Tag::Panicked, at) => {
                let at = String::from_utf8_lossy(&at).chars().take(200).collect();
                return Err(NoReading::Panicked(at));
            }
            (tag, _) => return Err(AnswerError::nonsense(format!("an unexpected {tag:?}")).into()),
        }
    }
    let reading = reading.ok_or_else(|| AnswerError::nonsense("an answer without facts"))?;
    Ok(assemble(reading, pictures, thumbnail, limits)?)
}

/// What was sent of a page: itself, and where it was cut what it was cut out of.
struct Sent {
    page: Vec<u8>,
    received: Vec<u8>,
}

/// Joins facts and pictures, and holds the child to what every reading keeps.
fn assemble(
    mut reading: Reading,
    pictures: Vec<Sent>,
    thumbnail: Vec<u8>,
    limits: &Limits,
) -> Result<Reading, AnswerError> {
    let is_jpeg = |bytes: &[u8]| bytes.starts_with(&[0xff, 0xd8, 0xff]);
    let fraction = |n: f32| (0.0..=1.0).contains(&n);
    let accepted = reading.outcome == Outcome::Accepted;
    let faults = [
        (pictures.len() != reading.pages.len(), "pictures and pages that differ in number"),
        (u64::try_from(pictures.len()).is_ok_and(|n| n > u64::from(limits.pages)), "too many pages"),
        (!pictures.iter().all(|sent| is_jpeg(&sent.page)), "a page that is no JPEG"),
        (
            !pictures.iter().all(|sent| sent.received.is_empty() || is_jpeg(&sent.received)),
            "a page as it came that is no JPEG",
        ),
        (!thumbnail.is_empty() && !is_jpeg(&thumbnail), "a thumbnail that is no JPEG"),
        (accepted != reading.reasons.is_empty(), "an outcome that its reasons contradict"),
        (accepted && reading.kind.is_none(), "an accepted document of no kind"),
        (accepted && !reading.parts.is_empty(), "an accepted document that is several"),
        (!fraction(reading.confidence), "a confidence outside 0..=1"),
        (!reading.id_probability.is_none_or(fraction), "a probability outside 0..=1"),
        (!reading.fields.values().all(|f| fraction(f.confidence)), "a confidence outside 0..=1"),
    ];
    if let Some((_, what)) = faults.into_iter().find(|(found, _)| *found) {
        return Err(AnswerError::nonsense(what));
    }
    for (page, sent) in reading.pages.iter_mut().zip(pictures) {
        (page.jpeg, page.received) = (sent.page, sent.received);
    }
    reading.thumbnail = thumbnail;
    reading.diagnostics =
        reading.diagnostics.into_iter().take(diagnostic::MOST).map(Diagnostic::tamed).collect();
    Ok(reading)
}

/// Drains standard error, so that the child never blocks on it, and keeps its end.
async fn keep_last_words(mut errors: ChildStderr, kept: Arc<Mutex<Vec<u8>>>) {
    let mut chunk = [0; 1_024];
    while let Ok(got @ 1..) = errors.read(&mut chunk).await {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(chunk.get(..got).unwrap_or_default());
        let surplus = kept.len().saturating_sub(LAST_WORDS);
        kept.drain(..surplus);
    }
}

/// CPU seconds that `pid` has used, rounded up: fields 14 and 15 of `/proc/PID/stat` (proc_pid_stat(5)).
fn cpu_seconds(pid: Pid) -> Option<u64> {
    Some(cpu_time(pid)?.as_secs() + 1)
}

/// The processor's time that a process has had, to a clock tick (proc(5), fields 14 and 15).
fn cpu_time(pid: Pid) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    // The second field is a name in parentheses that may hold anything; the rest has no parenthesis.
    let rest = stat.rsplit_once(')')?.1;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let ticks = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    let ticks = u32::try_from(ticks).ok()?;
    Some(Duration::from_secs(1) * ticks / u32::try_from(rustix::param::clock_ticks_per_second()).ok()?.max(1))
}

#[cfg(test)]
mod tests {
    use acuse_pipeline::{
        document::Kind,
        reading::PagePicture,
        reason::{Reason, ReasonCode},
    };

    use super::*;

    fn accepted() -> Reading {
        let mut reading = Reading::refused("image/jpeg", Reason::new(ReasonCode::Corrupt, "x"));
        reading.outcome = Outcome::Accepted;
        reading.reasons.clear();
        reading.kind = Some(Kind::Receipt);
        reading.pages =
            vec![PagePicture { width: 1, height: 1, changed: false, jpeg: Vec::new(), received: Vec::new() }];
        reading
    }

    fn sent(page: &[u8]) -> Sent {
        Sent { page: page.to_vec(), received: Vec::new() }
    }

    #[test]
    fn pictures_join_their_pages() {
        let (jpeg, came) = (vec![0xff, 0xd8, 0xff, 1], vec![0xff, 0xd8, 0xff, 2]);
        let pictures = vec![Sent { received: came.clone(), ..sent(&jpeg) }];
        let whole = assemble(accepted(), pictures, Vec::new(), &Limits::default()).expect("whole");
        assert_eq!((&whole.pages[0].jpeg, &whole.pages[0].received), (&jpeg, &came));
    }

    #[test]
    fn an_answer_that_contradicts_itself_is_refused() {
        let refuse = |reading: Reading, pictures: Vec<Sent>| {
            assert!(assemble(reading, pictures, Vec::new(), &Limits::default()).is_err());
        };
        refuse(accepted(), vec![]);
        refuse(accepted(), vec![sent(b"<html>")]);
        let jpeg = [0xff, 0xd8, 0xff];
        refuse(accepted(), vec![Sent { received: b"<html>".to_vec(), ..sent(&jpeg) }]);
        let mut unsure = accepted();
        unsure.confidence = f32::NAN;
        refuse(unsure, vec![sent(&jpeg)]);
        let mut both = accepted();
        both.reasons.push(Reason::new(ReasonCode::Expired, "x"));
        refuse(both, vec![sent(&jpeg)]);
    }

    #[test]
    fn our_own_cpu_time_can_be_read() {
        let pid = Pid::from_raw(i32::try_from(std::process::id()).expect("a pid")).expect("not zero");
        assert!(cpu_seconds(pid).is_some_and(|secs| secs >= 1));
    }
}
