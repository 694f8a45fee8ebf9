//! What a process and its children hold, looked at in `/proc` while they run.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

/// How often.
const EVERY: Duration = Duration::from_millis(20);

/// The most that was seen, bytes.
#[derive(Debug, Default, Clone, Copy)]
pub struct Peaks {
    /// Of the parent, once its children stood.
    pub parent_first_bytes: u64,
    parent_most_bytes: u64,
    pub child_resident_bytes: u64,
    pub child_address_bytes: u64,
}

impl Peaks {
    pub fn growth_bytes(self) -> u64 {
        self.parent_most_bytes.saturating_sub(self.parent_first_bytes)
    }
}

pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Peaks>,
}

impl Watch {
    pub fn start(parent: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut peaks = Peaks::default();
            while !stopped.load(Ordering::Relaxed) {
                look(parent, &mut peaks);
                std::thread::sleep(EVERY);
            }
            peaks
        });
        Self { stop, thread }
    }

    pub fn end(self) -> Peaks {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

fn look(parent: u32, peaks: &mut Peaks) {
    let children = children(parent);
    let held = number(parent, "VmHWM:").unwrap_or(0);
    // Before a reader is warm, nothing has been opened.
    if peaks.parent_first_bytes == 0 && children.iter().any(|c| number(*c, "VmHWM:") > Some(64 << 20)) {
        peaks.parent_first_bytes = held;
    }
    peaks.parent_most_bytes = peaks.parent_most_bytes.max(held);
    for child in children {
        peaks.child_resident_bytes = peaks.child_resident_bytes.max(number(child, "VmHWM:").unwrap_or(0));
        peaks.child_address_bytes = peaks.child_address_bytes.max(number(child, "VmPeak:").unwrap_or(0));
    }
}

/// Children of every thread of `parent`.
fn children(parent: u32) -> Vec<u32> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{parent}/task")) else { return Vec::new() };
    let lists = threads.flatten().filter_map(|t| std::fs::read_to_string(t.path().join("children")).ok());
    lists.flat_map(|l| l.split_whitespace().filter_map(|p| p.parse().ok()).collect::<Vec<_>>()).collect()
}

/// A figure of `/proc/PID/status`, which has them in KiB.
fn number(pid: u32, name: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix(name))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}
