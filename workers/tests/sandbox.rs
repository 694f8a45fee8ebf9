//! Real children under real layers: what a hostile file can reach, and what its death leaves behind.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use acuse_pipeline::{
    diagnostic,
    limits::Limits,
    reading::{Declared, Outcome, Reading},
    reason::ReasonCode,
};
use acuse_workers::sandbox::{Layers, Sandbox, SandboxConfig, SandboxError, Strictness, layers::Layer};

fn config(readers: usize) -> SandboxConfig {
    let limits = Limits {
        read_ms: 1_500,
        cpu_secs: 60,
        memory_bytes: 1 << 30,
        answer_bytes: 1 << 20,
        ..Limits::default()
    };
    let program = PathBuf::from(env!("CARGO_BIN_EXE_acuse-test-reader"));
    SandboxConfig { program, ..SandboxConfig::new(limits, readers) }
}

async fn sandbox(readers: usize) -> Sandbox {
    Sandbox::start(config(readers)).await.expect("the sandbox starts")
}

async fn send(sandbox: &Sandbox, order: &str) -> Reading {
    sandbox.read(order.as_bytes(), order.len() as u64, &Declared::default()).await.expect("a verdict")
}

fn reason(reading: &Reading) -> (ReasonCode, &serde_json::Map<String, serde_json::Value>) {
    let reason = reading.reasons.first().expect("a reason");
    (reason.code, &reason.detail)
}

/// The sandbox still reads, and with as many readers as it had.
async fn is_whole(sandbox: &Sandbox) {
    let (a, b) = tokio::join!(send(sandbox, "hello"), send(sandbox, "hello"));
    assert_eq!((a.notes, b.notes), (vec!["5 bytes, None".to_owned()], vec!["5 bytes, None".to_owned()]));
}

#[tokio::test]
async fn this_kernel_has_every_layer() {
    let sandbox = sandbox(1).await;
    // A kernel without Landlock is not a fault of ours; everything else is everywhere.
    let Layers { rlimits, seccomp, no_new_privs, isolation, single_thread, landlock } = sandbox.layers();
    eprintln!("landlock: {landlock}");
    for layer in [rlimits, seccomp, no_new_privs, isolation, single_thread] {
        assert_eq!(*layer, Layer::Full);
    }
}

#[tokio::test]
async fn a_good_file_comes_back_whole_with_its_pictures() {
    let sandbox = sandbox(1).await;
    let reading = send(&sandbox, "receipt\ntotal=45.00\nmerchant_name=Panadería Núñez").await;
    assert_eq!(reading.outcome, Outcome::Accepted);
    assert_eq!(reading.fields.len(), 2);
    assert!(reading.pages[0].jpeg.ends_with("Núñez".as_bytes()));
    assert!(reading.thumbnail.starts_with(&[0xff, 0xd8]));
}

#[tokio::test]
async fn files_network_and_processes_are_out_of_reach() {
    let sandbox = sandbox(2).await;
    for order in ["open", "create"] {
        assert_eq!(send(&sandbox, order).await.notes, ["Err(PermissionDenied)"], "{order}");
    }
    assert_eq!(send(&sandbox, "thread").await.notes, ["true"], "no thread starts");
    assert_eq!(send(&sandbox, "exec").await.notes, ["Err(Unsupported)"], "no process starts");
    assert!(!std::path::Path::new("/tmp/acuse-escaped").exists());
    for order in ["connect", "datagram"] {
        let reading = send(&sandbox, order).await;
        let (code, detail) = reason(&reading);
        assert_eq!(code, ReasonCode::Corrupt, "{order}: {reading:?}");
        assert_eq!(detail["how"], "forbidden system call", "{order}");
    }
    is_whole(&sandbox).await;
}

#[tokio::test]
async fn no_secret_is_in_its_environment_and_its_prints_go_nowhere() {
    let sandbox = sandbox(1).await;
    assert_eq!(send(&sandbox, "environment").await.notes, [r#"["RAYON_NUM_THREADS", "RTEN_NUM_THREADS"]"#]);
    assert_eq!(send(&sandbox, "print").await.notes, ["printed"]);
}

#[tokio::test]
async fn a_spinning_file_is_stopped_at_the_limit_and_others_never_notice() {
    let sandbox = sandbox(2).await;
    let started = Instant::now();
    let spins = async { (send(&sandbox, "spin").await, started.elapsed()) };
    let ((spun, whole), good) = tokio::join!(spins, async {
        let mut ends = Vec::new();
        for _ in 0..5 {
            assert_eq!(send(&sandbox, "hello").await.notes.len(), 1);
            ends.push(started.elapsed());
        }
        ends
    });
    assert!(good[0] < whole, "good files waited: {good:?} of {whole:?}");
    assert!(whole < Duration::from_secs(60), "{whole:?}");
    let (code, detail) = reason(&spun);
    assert_eq!(code, ReasonCode::DecompressionBomb);
    assert_eq!((&detail["limit"], &detail["stage"]), (&1_500.into(), &"decode".into()));
    is_whole(&sandbox).await;
}

#[tokio::test]
async fn cpu_time_is_counted_by_file_not_by_child() {
    let mut config = config(1);
    config.limits.cpu_secs = 1;
    config.limits.read_ms = 20_000;
    let sandbox = Sandbox::start(config).await.expect("the sandbox starts");
    let spun = send(&sandbox, "spin").await;
    assert_eq!(reason(&spun).1["limit_name"], "cpu_secs");
    is_whole(&sandbox).await;
}

#[tokio::test]
async fn slow_after_decoding_is_unreadable_not_a_bomb() {
    let slow = send(&sandbox(1).await, "slow-ocr").await;
    assert_eq!(reason(&slow).0, ReasonCode::Unreadable);
    assert_eq!(reason(&slow).1["stage"], "ocr");
}

#[tokio::test]
async fn memory_and_answers_are_capped() {
    let sandbox = sandbox(2).await;
    let hoarder = send(&sandbox, "allocate").await;
    assert_eq!(reason(&hoarder).0, ReasonCode::DecompressionBomb);
    assert_eq!(reason(&hoarder).1["limit_name"], "memory_bytes");
    let huge = send(&sandbox, "huge").await;
    assert_eq!(reason(&huge).1["limit_name"], "answer_bytes");
    is_whole(&sandbox).await;
}

#[tokio::test]
async fn memory_eaten_bit_by_bit_is_capped_too() {
    let mut config = config(2);
    // Touching a gigabyte takes a while on a busy machine.
    config.limits.read_ms = 30_000;
    let sandbox = Sandbox::start(config).await.expect("the sandbox starts");
    let hoarder = send(&sandbox, "hoard").await;
    assert_eq!(reason(&hoarder).0, ReasonCode::DecompressionBomb);
    assert_eq!(reason(&hoarder).1["limit_name"], "memory_bytes");
    is_whole(&sandbox).await;
}

/// Whoever takes a child over can ask the kernel for anything. What is not needed for computing kills the child.
#[tokio::test]
async fn every_way_out_is_closed() {
    const OUT: &[(&str, i64, &str)] = &[
        ("socket", libc::SYS_socket, "1 1 0"),
        ("socketpair", libc::SYS_socketpair, "1 1 0 0"),
        ("connect", libc::SYS_connect, "0 0 0"),
        ("sendmsg", libc::SYS_sendmsg, "4 0 0"),
        ("ptrace", libc::SYS_ptrace, "16 1 0 0"),
        ("process_vm_readv", libc::SYS_process_vm_readv, "1 0 0 0 0 0"),
        ("pidfd_open", libc::SYS_pidfd_open, "1 0"),
        ("kill", libc::SYS_kill, "1 0"),
        ("tgkill another", libc::SYS_tgkill, "1 1 0"),
        ("execve", libc::SYS_execve, "0 0 0"),
        ("execveat", libc::SYS_execveat, "-100 0 0 0 0"),
        ("prlimit64", libc::SYS_prlimit64, "0 0 0 0"),
        ("setrlimit", libc::SYS_setrlimit, "9 0"),
        ("prctl", libc::SYS_prctl, "4 1 0 0 0"),
        ("seccomp", libc::SYS_seccomp, "0 0 0"),
        ("memfd_create", libc::SYS_memfd_create, "0 0"),
        ("io_uring_setup", libc::SYS_io_uring_setup, "8 0"),
        ("bpf", libc::SYS_bpf, "0 0 0"),
        ("userfaultfd", libc::SYS_userfaultfd, "0"),
        ("unshare", libc::SYS_unshare, "268435456"),
        ("setns", libc::SYS_setns, "0 0"),
        ("mount", libc::SYS_mount, "0 0 0 0 0"),
        ("chroot", libc::SYS_chroot, "0"),
        ("open_by_handle_at", libc::SYS_open_by_handle_at, "0 0 0"),
        ("openat2", libc::SYS_openat2, "-100 0 0 0"),
        ("unlinkat", libc::SYS_unlinkat, "-100 0 0"),
        ("linkat", libc::SYS_linkat, "-100 0 -100 0 0"),
        ("ioctl", libc::SYS_ioctl, "2 21522 0"),
        ("fcntl dup", libc::SYS_fcntl, "4 0 0"),
        ("dup", libc::SYS_dup, "4"),
        ("keyctl", libc::SYS_keyctl, "0 0"),
        ("shmget", libc::SYS_shmget, "0 4096 512"),
        ("perf_event_open", libc::SYS_perf_event_open, "0 0 -1 -1 0"),
        ("setuid", libc::SYS_setuid, "0"),
        ("mmap executable", libc::SYS_mmap, "0 4096 7 34 -1 0"),
        ("mprotect executable", libc::SYS_mprotect, "0 4096 5"),
        ("no such call", 9_999, ""),
        // The same numbers under the x32 ABI, which a filter by number alone would pass.
        #[cfg(target_arch = "x86_64")]
        ("x32 openat", 0x4000_0000 | libc::SYS_openat, "-100 0 0"),
        #[cfg(target_arch = "x86_64")]
        ("x32 execve", 0x4000_0000 | 520, "0 0 0"),
    ];
    let sandbox = sandbox(2).await;
    for (name, number, arguments) in OUT {
        let reading = send(&sandbox, &format!("syscall {number} {arguments}")).await;
        let (code, detail) = reason(&reading);
        assert_eq!(code, ReasonCode::Corrupt, "{name}: {:?}", reading.notes);
        assert_eq!(detail["how"], "forbidden system call", "{name}");
    }
    // Asking about files is answered with a refusal, making processes with "not here".
    for (name, number, error) in [
        ("openat", libc::SYS_openat, libc::EACCES),
        ("newfstatat", libc::SYS_newfstatat, libc::EACCES),
        ("readlinkat", libc::SYS_readlinkat, libc::EACCES),
        ("clone", libc::SYS_clone, libc::ENOSYS),
        ("clone3", libc::SYS_clone3, libc::ENOSYS),
        #[cfg(target_arch = "x86_64")]
        ("fork", libc::SYS_fork, libc::ENOSYS),
        #[cfg(target_arch = "x86_64")]
        ("vfork", libc::SYS_vfork, libc::ENOSYS),
    ] {
        let reading = send(&sandbox, &format!("syscall {number} -100 0 0")).await;
        assert_eq!(reading.notes, [format!("Err({error})")], "{name}");
    }
    is_whole(&sandbox).await;
}

/// A child that was taken over owns its pipe: whatever it says into it, the parent loses one file.
#[tokio::test]
async fn a_child_that_speaks_out_of_turn_is_not_believed() {
    let sandbox = sandbox(2).await;
    for (order, code, key, told) in [
        ("garbage", ReasonCode::Corrupt, "how", "unknown frame 0x48"),
        ("chatter", ReasonCode::Corrupt, "how", "an unexpected Stage"),
        ("boast", ReasonCode::DecompressionBomb, "limit_name", "page_bytes"),
        ("drip", ReasonCode::DecompressionBomb, "limit_name", "read_ms"),
    ] {
        let reading = send(&sandbox, order).await;
        assert_eq!(reason(&reading).0, code, "{order}");
        assert_eq!(reason(&reading).1[key], told, "{order}");
        is_whole(&sandbox).await;
    }
    let reading = send(&sandbox, "shout").await;
    assert_eq!(reading.notes, ["shouted"], "standard error is drained, capped and kept out of the answer");
    is_whole(&sandbox).await;
}

#[tokio::test]
async fn a_crash_of_any_kind_takes_only_its_own_file() {
    let sandbox = sandbox(2).await;
    for order in ["panic", "exit", "abort", "overflow", "lie"] {
        let reading = send(&sandbox, order).await;
        assert_eq!(reason(&reading).0, ReasonCode::Corrupt, "{order}");
        let told = serde_json::to_string(&reading).expect("JSON");
        assert!(!told.contains("secret"), "{order} leaked the document: {told}");
        is_whole(&sandbox).await;
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_the_pool_whole() {
    let sandbox = sandbox(1).await;
    let abandoned = tokio::time::timeout(Duration::from_millis(100), send(&sandbox, "sleep")).await;
    assert!(abandoned.is_err());
    is_whole(&sandbox).await;
}

#[tokio::test]
async fn a_source_that_ends_early_is_not_the_files_fault() {
    let sandbox = sandbox(1).await;
    let read = sandbox.read(&b"short"[..], 100, &Declared::default()).await;
    assert!(matches!(read, Err(SandboxError::Source(_))), "{read:?}");
    is_whole(&sandbox).await;
}

#[tokio::test]
async fn a_file_over_the_cap_is_refused_unread() {
    let mut config = config(1);
    config.limits.original_bytes = 4;
    let sandbox = Sandbox::start(config).await.expect("the sandbox starts");
    let reading = send(&sandbox, "hello").await;
    assert_eq!(reason(&reading).0, ReasonCode::TooLarge);
    assert_eq!((&reason(&reading).1["limit"], &reason(&reading).1["size"]), (&4.into(), &5.into()));
}

#[tokio::test]
async fn readers_are_replaced_after_so_many_files() {
    let mut config = config(1);
    config.files_per_reader = 3;
    let sandbox = Sandbox::start(config).await.expect("the sandbox starts");
    for _ in 0..10 {
        is_whole(&sandbox).await;
    }
}

#[tokio::test]
async fn a_reader_that_cannot_load_its_models_says_so_at_start() {
    let mut config = config(1);
    config.models_dir = Some("/nowhere/models".into());
    config.strictness = Strictness::Required;
    let Err(refused) = Sandbox::start(config).await else { panic!("started without models") };
    let told = std::error::Error::source(&refused).map(ToString::to_string).unwrap_or_default();
    assert!(told.contains("/nowhere/models"), "{told}");
}

#[tokio::test]
async fn the_cost_of_a_warm_child_is_small() {
    let sandbox = sandbox(1).await;
    let file = "x".repeat(300 << 10);
    let mut taken = Vec::new();
    for _ in 0..200 {
        let started = Instant::now();
        send(&sandbox, &file).await;
        taken.push(started.elapsed());
    }
    taken.sort();
    let median = taken[taken.len() / 2];
    eprintln!("median overhead of a warm reader, 300 KiB: {median:?}, worst {:?}", taken.last());
    // The promise is 5 ms; a debug build on a crowded machine gets much slack. A new child each time costs more.
    assert!(median < Duration::from_millis(150), "{median:?}");
}

/// A place for a subscriber to write to.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn what_fails_in_the_child_is_logged_here_and_comes_with_the_answer() {
    let written = Written::default();
    let to = written.clone();
    let subscriber = tracing_subscriber::fmt().json().with_writer(move || to.clone()).finish();
    let _logged = tracing::subscriber::set_default(subscriber);
    let sandbox = sandbox(1).await;
    let reading = send(&sandbox, "diagnose").await;
    assert_eq!(reading.diagnostics.len(), diagnostic::MOST, "no child fills the log");
    let first = &reading.diagnostics[0];
    assert_eq!((first.stage.as_str(), first.page), ("ocr", Some(2)));
    assert_eq!(first.cause, "running the OCR detector: out of memory");
    assert!(!reading.diagnostics[1].cause.contains(|c: char| c.is_control()), "no line is forged");
    let log = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).expect("a line")).collect();
    let told = lines.iter().find(|line| line["fields"]["page"] == 2).expect("the page is named");
    assert_eq!(told["level"], "WARN");
    assert_eq!(told["fields"]["stage"], "ocr");
    assert_eq!(told["fields"]["cause"], "running the OCR detector: out of memory");
}

#[tokio::test]
async fn a_reader_in_which_something_panicked_reads_no_other_file() {
    let sandbox = sandbox(1).await;
    let first = send(&sandbox, "pid").await.notes;
    assert_eq!(send(&sandbox, "pid").await.notes, first, "it is kept");
    assert!(send(&sandbox, "half-panic").await.diagnostics[0].panicked);
    assert_ne!(send(&sandbox, "pid").await.notes, first);
}
