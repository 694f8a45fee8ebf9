//! Where a worker may be killed: the boundaries between a stage's steps, named so that a test can end the process
//! at exactly one of them.
//!
//! In a debug build, `ACUSE_CRASH_AT=fetch.stored` ends the process there as `kill -9` would. A release build has
//! no such variable.

/// Every boundary, in the order of the road. The tests kill a worker at each.
pub const BOUNDARIES: &[&str] = &[
    "fetch.begun",
    "fetch.stored",
    "fetch.done",
    "read.understood",
    "read.stored",
    "read.done",
    "answer.copied",
    "link.decided",
    "link.done",
    "file.uploading",
    "file.uploaded",
    "reply.taken",
    "reply.sending",
    "reply.sent",
    "reply.refused",
    "reply.settled",
    "case.taken",
    "case.stepped",
    // Within the transaction of a step, behind each of its effects.
    "effect.send",
    "effect.typing",
    "effect.attach",
    "effect.wake",
    "effect.assign",
    "effect.incident",
    "effect.tell",
];

#[cfg(debug_assertions)]
thread_local! {
    static DIES_AT: std::cell::Cell<Option<&'static str>> = const { std::cell::Cell::new(None) };
}

/// Lets what runs on this thread unwind at a boundary, once: a test's worker that dies in its own process.
#[cfg(debug_assertions)]
pub fn die_at(name: &'static str) {
    debug_assert!(BOUNDARIES.contains(&name), "{name} is not among the boundaries");
    DIES_AT.set(Some(name));
}

/// Whether nothing died at the boundary that was asked for last; it is asked for no more.
#[cfg(debug_assertions)]
pub fn spared() -> bool {
    DIES_AT.take().is_some()
}

/// Passes a boundary, or dies there when a test asked for it.
pub(crate) fn pass(name: &'static str) {
    debug_assert!(BOUNDARIES.contains(&name), "{name} is not among the boundaries");
    #[cfg(debug_assertions)]
    if std::env::var("ACUSE_CRASH_AT").is_ok_and(|at| at == name) {
        let me = rustix::process::getpid();
        let _ = rustix::process::kill_process(me, rustix::process::Signal::KILL);
    }
    #[cfg(debug_assertions)]
    if DIES_AT.get() == Some(name) {
        DIES_AT.set(None);
        std::panic::resume_unwind(Box::new(name));
    }
}
