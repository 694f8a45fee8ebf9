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
    "link.decided",
    "link.done",
    "reply.sending",
    "reply.sent",
];

/// Passes a boundary, or dies there when a test asked for it.
pub(crate) fn pass(name: &'static str) {
    debug_assert!(BOUNDARIES.contains(&name), "{name} is not among the boundaries");
    #[cfg(debug_assertions)]
    if std::env::var("ACUSE_CRASH_AT").is_ok_and(|at| at == name) {
        let me = rustix::process::getpid();
        let _ = rustix::process::kill_process(me, rustix::process::Signal::KILL);
    }
}
