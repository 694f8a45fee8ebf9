//! What this process logs, at every level and from every crate, while a test listens: what must stand in no log is looked for
//! in all of it.

use std::{
    io,
    sync::{
        Mutex, Once,
        atomic::{AtomicBool, Ordering},
    },
};

use tracing_subscriber::{Layer, filter::dynamic_filter_fn, layer::SubscriberExt, util::SubscriberInitExt};

static LISTENS: AtomicBool = AtomicBool::new(false);
static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static STARTED: Once = Once::new();

/// A part of a line.
struct Part;

impl io::Write for Part {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Ok(mut lines) = LINES.lock() {
            lines.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps all that is logged from now on.
///
/// # Panics
/// When something else in this process takes its log.
#[allow(clippy::expect_used)]
pub fn listen() {
    STARTED.call_once(|| {
        let listens = dynamic_filter_fn(|_, _| LISTENS.load(Ordering::Relaxed));
        let lines =
            tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| Part).with_filter(listens);
        tracing_subscriber::registry().with(lines).try_init().expect("nobody else takes the log");
    });
    LISTENS.store(true, Ordering::Relaxed);
}

/// Ends it, and hands over what was logged since.
pub fn heard() -> String {
    LISTENS.store(false, Ordering::Relaxed);
    let lines = LINES.lock().map(|mut lines| std::mem::take(&mut *lines)).unwrap_or_default();
    String::from_utf8_lossy(&lines).into_owned()
}
