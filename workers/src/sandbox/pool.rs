//! The pool: at most so many readers, warm ones first, and whole again after every death.
//!
//! A permit stands for a place in the pool. Whoever reads holds one; so does the task that puts a fresh child
//! in the place of a dead or worn-out one. A reader whose caller went away midway is dropped, which kills it.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use acuse_pipeline::{
    diagnostic::Diagnostic,
    limits::Limits,
    reading::{Declared, Reading},
    reason::{Reason, ReasonCode},
};
use tokio::{
    io::AsyncRead,
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
};

use super::{
    keeper::{Keeper, Recipe},
    layers::{Layers, Strictness},
    parent::{AskError, ReaderChild, StartError},
    verdict::Death,
};

/// How the pool is set up.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// Caps for every file.
    pub limits: Limits,
    /// Readers at once (`ACUSE_READ_CONCURRENCY`).
    pub readers: usize,
    /// Whether a missing layer refuses start (`ACUSE_SANDBOX`).
    pub strictness: Strictness,
    /// Where the models are (`ACUSE_MODELS_DIR`).
    pub models_dir: Option<PathBuf>,
    /// The program that becomes a reader; this very program unless a test says otherwise.
    pub program: PathBuf,
    /// Files after which a reader is replaced.
    pub files_per_reader: u32,
    /// Resident growth in bytes after which a reader is replaced.
    pub growth_bytes: u64,
}

impl SandboxConfig {
    /// What `acuse` runs with.
    #[must_use]
    pub fn new(limits: Limits, readers: usize) -> Self {
        Self {
            limits,
            readers: readers.max(1),
            strictness: Strictness::default(),
            models_dir: None,
            // Resolved in the child after fork: the same program, even when its file has been replaced since.
            program: PathBuf::from("/proc/self/exe"),
            files_per_reader: 500,
            growth_bytes: 384 << 20,
        }
    }
}

/// Why no verdict on a file can be had: the world failed, not the file.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// No reader could be started.
    #[error("no reader could be started")]
    Start(#[from] StartError),
    /// A layer is missing and the operator asked for all.
    #[error("ACUSE_SANDBOX=required, but {}. Use a kernel that has it, or set ACUSE_SANDBOX=best-effort", .0.join("; "))]
    Unprotected(Vec<String>),
    /// The file's bytes could not be had.
    #[error("taking the file's bytes")]
    Source(#[source] std::io::Error),
    /// The reader was killed from outside.
    #[error("the reader was killed from outside (signal {0})")]
    Lost(i32),
}

/// The pool of confined readers. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    pool: Arc<Pool>,
}

struct Pool {
    config: SandboxConfig,
    keeper: Keeper,
    places: Arc<Semaphore>,
    idle: Mutex<Vec<ReaderChild>>,
    layers: Layers,
}

impl Sandbox {
    /// Starts the pool, all its readers warm.
    ///
    /// # Errors
    /// When a reader cannot be started, or a layer is missing that is required.
    pub async fn start(mut config: SandboxConfig) -> Result<Self, SandboxError> {
        // The child's working directory is another.
        config.models_dir =
            config.models_dir.map(std::path::absolute).transpose().map_err(StartError::Spawn)?;
        let recipe = Recipe { program: config.program.clone(), models_dir: config.models_dir.clone() };
        let keeper = Keeper::start(recipe, Handle::current()).map_err(StartError::Spawn)?;
        let spawned = keeper.spawn().await.map_err(StartError::Spawn)?;
        let (first, layers) = ReaderChild::start(spawned, &config.limits).await?;
        let shortfalls = layers.shortfalls();
        if config.strictness == Strictness::Required && !shortfalls.is_empty() {
            return Err(SandboxError::Unprotected(shortfalls));
        }
        for shortfall in &shortfalls {
            tracing::warn!(shortfall, "the sandbox is weaker on this machine");
        }
        let places = Arc::new(Semaphore::new(config.readers));
        let pool = Pool { idle: Mutex::new(vec![first]), places, keeper, layers, config };
        let sandbox = Self { pool: Arc::new(pool) };
        for _ in 1..sandbox.pool.config.readers {
            let reader = sandbox.pool.spawn().await?;
            sandbox.pool.put_back(reader);
        }
        Ok(sandbox)
    }

    /// Which layers are in force, as the first reader found.
    #[must_use]
    pub fn layers(&self) -> &Layers {
        &self.pool.layers
    }

    /// The caps in force.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.pool.config.limits
    }

    /// Reads a file of `size_bytes` from `source`, waiting for a reader to be free. A file that kills its reader
    /// is a reading too: refused, with the reason.
    ///
    /// # Errors
    /// When no verdict can be had and the file is not to blame: see [`SandboxError`].
    pub async fn read(
        &self,
        source: impl AsyncRead + Unpin,
        size_bytes: u64,
        declared: &Declared,
    ) -> Result<Reading, SandboxError> {
        self.read_locked(source, size_bytes, declared, None).await
    }

    /// The same of a file that may be locked, with what opens it.
    ///
    /// # Errors
    /// As [`Sandbox::read`].
    pub async fn read_locked(
        &self,
        source: impl AsyncRead + Unpin,
        size_bytes: u64,
        declared: &Declared,
        password: Option<&str>,
    ) -> Result<Reading, SandboxError> {
        let limits = self.limits();
        if size_bytes > limits.original_bytes {
            return Ok(Reading::refused("application/octet-stream", too_large(size_bytes, limits)));
        }
        let pool = &self.pool;
        let place = pool.place().await;
        let warm = pool.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut reader = match warm {
            Some(reader) => reader,
            None => pool.spawn().await?,
        };
        let asked = reader.ask(source, size_bytes, (declared, password), limits).await;
        match asked {
            Ok(reading) => {
                tell(&reading);
                // What a panic left half done in a child is met by no other file.
                let panicked = reading.diagnostics.iter().any(|d| d.panicked);
                if panicked || reader.is_worn_out(pool.config.files_per_reader, pool.config.growth_bytes) {
                    drop(reader);
                    Arc::clone(pool).replace(place);
                } else {
                    pool.put_back(reader);
                }
                Ok(reading)
            }
            Err(failed) => {
                drop(reader);
                Arc::clone(pool).replace(place);
                verdict(failed, limits)
            }
        }
    }
}

impl Pool {
    async fn place(&self) -> OwnedSemaphorePermit {
        match Arc::clone(&self.places).acquire_owned().await {
            Ok(place) => place,
            // Nobody closes this semaphore.
            Err(_) => std::future::pending().await,
        }
    }

    async fn spawn(&self) -> Result<ReaderChild, StartError> {
        let child = self.keeper.spawn().await.map_err(StartError::Spawn)?;
        Ok(ReaderChild::start(child, &self.config.limits).await?.0)
    }

    fn put_back(&self, reader: ReaderChild) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
    }

    /// Puts a fresh reader where one died; the place stays taken until it is warm. If that fails, the next
    /// file's own attempt to start one will tell.
    fn replace(self: Arc<Self>, place: OwnedSemaphorePermit) {
        tokio::spawn(async move {
            for pause_ms in [0, 100, 1_000] {
                tokio::time::sleep(Duration::from_millis(pause_ms)).await;
                match self.spawn().await {
                    Ok(reader) => {
                        self.put_back(reader);
                        break;
                    }
                    Err(e) => tracing::warn!(error = %e, "cannot put a fresh reader in place"),
                }
            }
            drop(place);
        });
    }
}

/// Logs what failed in the child, which has no log: the document's own line says which document.
fn tell(reading: &Reading) {
    for Diagnostic { stage, page, cause, panicked } in &reading.diagnostics {
        tracing::warn!(stage, page, cause, panicked, "a part of a file could not be read");
    }
}

fn too_large(size_bytes: u64, limits: &Limits) -> Reason {
    Reason::new(ReasonCode::TooLarge, "The file is larger than may be opened.")
        .with("limit", limits.original_bytes)
        .with("limit_name", "original_bytes")
        .with("size", size_bytes)
}

/// What a failed attempt says about the file.
fn verdict(failed: AskError, limits: &Limits) -> Result<Reading, SandboxError> {
    let (death, stage, elapsed) = match failed {
        AskError::Source(e) => return Err(SandboxError::Source(e)),
        AskError::Died { death, stage, elapsed } => (death, stage, elapsed),
    };
    let duration_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    if death.is_alarming() {
        tracing::error!(?death, stage, duration_ms, "a file made its reader do what readers never do");
    } else {
        tracing::warn!(?death, stage, duration_ms, "a file killed its reader");
    }
    match (death.reason(&stage, limits, elapsed), death) {
        (Some(reason), _) => Ok(Reading::refused("application/octet-stream", reason)),
        (None, Death::Lost(signal)) => Err(SandboxError::Lost(signal)),
        (None, _) => Err(SandboxError::Lost(0)),
    }
}
