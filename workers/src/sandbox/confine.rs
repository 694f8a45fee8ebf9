//! How a reader child gives up what it does not need.
//!
//! Two steps, because the models are files: [`Confined::before_loading`] drops descriptors, sets limits and
//! forbids new threads and processes; [`Confined::after_loading`] closes the file system and the network and
//! leaves only the system calls that computing needs. Both run in the child itself, right after exec, so
//! nothing happens between fork and exec.

use std::collections::BTreeMap;

use acuse_pipeline::{limits::Limits, reading::budget::Effort};
use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, LandlockStatus, Ruleset, RulesetAttr,
    RulesetStatus, Scope,
};
use rustix::process::{Resource, Rlimit, Signal};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use super::layers::{Layer, Layers};

/// Descriptors a reader may hold: three standard ones on /dev/null or stderr, two pipes, and the few that
/// loading models and building the Landlock ruleset use one at a time.
const OPEN_FILES: u64 = 16;

/// A child half-way into its confinement.
pub struct Confined {
    rlimits: Layer,
    no_new_privs: Layer,
    isolation: Layer,
    threads_forbidden: Result<(), String>,
}

impl Confined {
    /// First step: what can be given up while files are still needed. `parent` is the process that should live
    /// as long as we do; `closed` is what [`close_inherited`] answered.
    #[must_use]
    pub fn before_loading(limits: &Limits, parent: u32, closed: Result<(), String>) -> Self {
        let isolation = match closed.and(bind_to(parent)) {
            Ok(()) => Layer::Full,
            Err(why) => Layer::Partial(why),
        };
        let rlimits = set_rlimits(limits);
        let no_new_privs = layer_of(rustix::thread::set_no_new_privs(true).map_err(|e| e.to_string()));
        let threads_forbidden = apply(threads_filter());
        Self { rlimits, no_new_privs, isolation, threads_forbidden }
    }

    /// Second step, after the models are in memory: no file system, no network, no system call but the few.
    #[must_use]
    pub fn after_loading(self) -> Layers {
        let single_thread = match thread_count() {
            Ok(1) => layer_of(self.threads_forbidden),
            Ok(n) => Layer::Partial(format!("{n} threads: Landlock may not bind those but the first")),
            Err(why) => Layer::Missing(why),
        };
        // The first look at the processor's clock asks the kernel where its vDSO lies, which nobody may ask later on.
        let _warm = Effort::begin();
        let landlock = enter_landlock();
        // The stricter of all filters wins, so these only ever add refusals.
        let seccomp = layer_of(apply(denied_filter()).and_then(|()| apply(allowed_filter())));
        Layers {
            rlimits: self.rlimits,
            landlock,
            seccomp,
            no_new_privs: self.no_new_privs,
            isolation: self.isolation,
            single_thread,
        }
    }
}

fn layer_of(done: Result<(), String>) -> Layer {
    match done {
        Ok(()) => Layer::Full,
        Err(why) => Layer::Missing(why),
    }
}

/// Closes every descriptor but the standard three. First thing in the child's main, before anything is opened.
///
/// # Errors
/// When the kernel (before 5.9) has no `close_range`. What we open ourselves is close-on-exec anyway; this is
/// for what libraries open.
pub fn close_inherited() -> Result<(), String> {
    #[allow(unsafe_code)]
    // SAFETY: nothing has been opened yet, so no Rust object owns a descriptor above 2 and none can be closed
    // under its owner.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, 0) };
    if closed == 0 {
        Ok(())
    } else {
        Err(format!("inherited descriptors stay open: {}", std::io::Error::last_os_error()))
    }
}

/// Dies with the parent.
fn bind_to(parent: u32) -> Result<(), String> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|e| format!("would outlive its parent: {e}"))?;
    // The parent may have died before the line above: then nobody will ever ask us anything.
    if rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get()) != i32::try_from(parent).ok() {
        std::process::exit(0);
    }
    Ok(())
}

fn set_rlimits(limits: &Limits) -> Layer {
    let both = |value: u64| Rlimit { current: Some(value), maximum: Some(value) };
    // CPU time is counted over the child's whole life: the parent lifts the soft limit before each file, so the
    // hard one stays open. The child itself may not lift it: prlimit is not among its system calls.
    let cpu = Rlimit { current: Some(limits.cpu_secs.saturating_add(30)), maximum: None };
    let wanted = [
        ("address space", Resource::As, both(limits.memory_bytes)),
        ("CPU time", Resource::Cpu, cpu),
        ("file size", Resource::Fsize, both(0)),
        ("open files", Resource::Nofile, both(OPEN_FILES)),
        ("core dumps", Resource::Core, both(0)),
        ("processes", Resource::Nproc, both(0)),
    ];
    let failed: Vec<String> = wanted
        .into_iter()
        .filter_map(|(name, resource, limit)| {
            rustix::process::setrlimit(resource, limit).err().map(|e| format!("{name}: {e}"))
        })
        .collect();
    if failed.is_empty() { Layer::Full } else { Layer::Partial(failed.join("; ")) }
}

/// Threads of this process, from the kernel.
fn thread_count() -> Result<u32, String> {
    let status =
        std::fs::read_to_string("/proc/self/status").map_err(|e| format!("/proc/self/status: {e}"))?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("Threads:"))
        .and_then(|n| n.trim().parse().ok())
        .ok_or_else(|| "/proc/self/status names no thread count".to_owned())
}

/// A ruleset that handles everything and allows nothing.
fn enter_landlock() -> Layer {
    // V6 (Linux 6.12): all of the file system, TCP, device ioctls, abstract sockets, signals.
    let abi = ABI::V6;
    let entered = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))
        .and_then(|r| r.handle_access(AccessNet::from_all(abi)))
        .and_then(|r| r.scope(Scope::from_all(abi)))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self);
    match entered {
        Ok(status) => match status.ruleset {
            RulesetStatus::FullyEnforced => Layer::Full,
            RulesetStatus::PartiallyEnforced => {
                Layer::Partial(format!("the kernel knows only a part ({:?} of {abi:?})", status.landlock))
            }
            RulesetStatus::NotEnforced => Layer::Missing(match status.landlock {
                LandlockStatus::NotEnabled => {
                    "the kernel has Landlock but it is not enabled (add it to lsm=)".into()
                }
                LandlockStatus::NotImplemented => "the kernel has no Landlock (Linux 5.13 and up)".into(),
                LandlockStatus::Available { .. } => "the kernel refused it".into(),
            }),
        },
        Err(e) => Layer::Missing(e.to_string()),
    }
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn apply(filter: Result<BpfProgram, String>) -> Result<(), String> {
    // All threads: a library may have started one while the models were loaded.
    seccompiler::apply_filter_all_threads(&filter?).map_err(|e| e.to_string())
}

fn compile(rules: Rules, default: SeccompAction, matched: SeccompAction) -> Result<BpfProgram, String> {
    let arch = std::env::consts::ARCH.try_into().map_err(|e: seccompiler::BackendError| e.to_string())?;
    SeccompFilter::new(rules, default, matched, arch)
        .and_then(TryInto::try_into)
        .map_err(|e: seccompiler::BackendError| e.to_string())
}

/// New threads and processes answer ENOSYS, which libraries take as "no threads here" and go on without
/// (rayon falls back to the calling thread).
fn threads_filter() -> Result<BpfProgram, String> {
    let rules = CREATE.iter().map(|call| (*call, Vec::new())).collect();
    compile(rules, SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS.unsigned_abs()))
}

/// Harmless questions about the world that libraries ask in passing answer EACCES instead of killing.
fn denied_filter() -> Result<BpfProgram, String> {
    let rules = PROBE.iter().map(|call| (*call, Vec::new())).collect();
    compile(rules, SeccompAction::Allow, SeccompAction::Errno(libc::EACCES.unsigned_abs()))
}

/// Everything that is not listed kills the child.
fn allowed_filter() -> Result<BpfProgram, String> {
    let mut rules: Rules =
        COMPUTE.iter().chain(CREATE).chain(PROBE).map(|call| (*call, Vec::new())).collect();
    let never_executable = |argument| {
        let bits = SeccompCmpOp::MaskedEq(u64::from(libc::PROT_EXEC.unsigned_abs()));
        rule(argument, SeccompCmpArgLen::Dword, bits, 0)
    };
    rules.insert(libc::SYS_mmap, vec![never_executable(2)?]);
    rules.insert(libc::SYS_mprotect, vec![never_executable(2)?]);
    // `abort` raises a signal at ourselves; at nobody else.
    let ourselves = u64::from(std::process::id());
    rules.insert(libc::SYS_tgkill, vec![rule(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, ourselves)?]);
    // Debug builds of std ask whether a descriptor is open before closing it.
    let get_flags = u64::from(libc::F_GETFD.unsigned_abs());
    rules.insert(libc::SYS_fcntl, vec![rule(1, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, get_flags)?]);
    compile(rules, SeccompAction::KillProcess, SeccompAction::Allow)
}

fn rule(argument: u8, width: SeccompCmpArgLen, op: SeccompCmpOp, value: u64) -> Result<SeccompRule, String> {
    SeccompCondition::new(argument, width, op, value)
        .and_then(|condition| SeccompRule::new(vec![condition]))
        .map_err(|e| e.to_string())
}

/// What computing, allocating and answering need.
const COMPUTE: &[i64] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// How threads and processes are made.
const CREATE: &[i64] = &[
    libc::SYS_clone,
    libc::SYS_clone3,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_fork,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_vfork,
];

/// Questions about files and the machine.
const PROBE: &[i64] = &[
    libc::SYS_openat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_fstat,
    libc::SYS_readlinkat,
    libc::SYS_faccessat,
    libc::SYS_sched_getaffinity,
    libc::SYS_sysinfo,
    libc::SYS_uname,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_open,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_stat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_readlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_access,
];
