//! Starts reader children from one thread that lives as long as the pool.
//!
//! A child asks the kernel to die with its parent, and "parent" means the *thread* that forked it. A runtime's
//! threads come and go, so the forking is done here.

use std::{
    io,
    path::{Path, PathBuf},
    process::Stdio,
    sync::mpsc,
};

use tokio::{
    process::{Child, Command},
    runtime::Handle,
    sync::oneshot,
};

use super::child::READER_ARGUMENT;

/// What is needed to start a reader.
#[derive(Debug, Clone)]
pub(super) struct Recipe {
    pub program: PathBuf,
    pub models_dir: Option<PathBuf>,
}

impl Recipe {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg(READER_ARGUMENT)
            .arg(std::process::id().to_string())
            .args(self.models_dir.as_deref().map(Path::as_os_str))
            // Secrets live in the environment: the child gets none of it, but for two libraries' word that it
            // has one core.
            .env_clear()
            .env("RTEN_NUM_THREADS", "1")
            .env("RAYON_NUM_THREADS", "1")
            .current_dir("/")
            // Ctrl-C at a terminal stops the parent, which then lets the files in hand be finished.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }
}

/// A handle to the thread. Dropping the last one ends it, and every child with it.
pub(super) struct Keeper {
    requests: mpsc::Sender<oneshot::Sender<io::Result<Child>>>,
}

impl Keeper {
    pub fn start(recipe: Recipe, runtime: Handle) -> io::Result<Self> {
        let (requests, asked) = mpsc::channel::<oneshot::Sender<io::Result<Child>>>();
        std::thread::Builder::new().name("acuse-readers".into()).spawn(move || {
            let _entered = runtime.enter();
            while let Ok(answer) = asked.recv() {
                // When nobody waits any more, the child is dropped and thereby killed.
                let _unheard = answer.send(recipe.command().spawn());
            }
        })?;
        Ok(Self { requests })
    }

    pub async fn spawn(&self) -> io::Result<Child> {
        let (answer, spawned) = oneshot::channel();
        let gone = || io::Error::other("the thread that starts readers has ended");
        self.requests.send(answer).map_err(|_| gone())?;
        spawned.await.map_err(|_| gone())?
    }
}
