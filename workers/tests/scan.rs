//! A clamd that does not keep its promises: whatever it does, no file passes without a verdict.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{io, time::Duration};

use acuse_workers::scan::{ClamdAddress, Patience, ScanError, Scanner, Verdict};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// How a fake answers, once.
#[derive(Clone, Copy)]
enum Play {
    /// Takes the whole stream, then says this.
    Says(&'static [u8]),
    /// Says this at once, and closes while bytes still come.
    Early(&'static [u8]),
    /// Takes the whole stream and says nothing.
    Hangs,
    /// Closes in the middle of the stream.
    Closes,
    /// Talks without an end.
    Babbles,
}

async fn fake(play: Play) -> Scanner {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(perform(stream, play));
        }
    });
    let mut scanner = Scanner::new(ClamdAddress::Tcp(address));
    scanner.patience = Patience { connect: Duration::from_secs(2), scan: Duration::from_millis(700) };
    scanner
}

async fn perform(mut stream: TcpStream, play: Play) -> io::Result<()> {
    let mut command = [0; 10];
    stream.read_exact(&mut command).await?;
    assert_eq!(command, *b"zINSTREAM\0");
    match play {
        Play::Early(words) => return stream.write_all(words).await,
        Play::Closes => {
            stream.read_exact(&mut [0; 1_000]).await?;
            return Ok(());
        }
        _ => {}
    }
    let mut whole = Vec::new();
    loop {
        let length = stream.read_u32().await?;
        if length == 0 {
            break;
        }
        let mut chunk = vec![0; length as usize];
        stream.read_exact(&mut chunk).await?;
        whole.extend(chunk);
    }
    assert!(whole.iter().all(|b| *b == b'a'), "the bytes came as they were sent");
    match play {
        Play::Says(words) => stream.write_all(words).await,
        Play::Babbles => loop {
            stream.write_all(&[b'O'; 4_096]).await?;
        },
        _ => {
            tokio::time::sleep(Duration::from_secs(30)).await;
            Ok(())
        }
    }
}

async fn scan(play: Play, size: usize) -> Result<Verdict, ScanError> {
    fake(play).await.scan(vec![b'a'; size].as_slice(), size as u64).await
}

#[tokio::test]
async fn verdicts_come_through_for_files_of_any_size() {
    for size in [0, 1, 65_535, 65_536, 65_537, 3 << 20] {
        assert_eq!(
            scan(Play::Says(b"stream: OK\0"), size).await.expect("a verdict"),
            Verdict::Clean,
            "{size}"
        );
    }
    let found = scan(Play::Says(b"stream: Win.Test FOUND\0"), 9).await.expect("a verdict");
    assert_eq!(found, Verdict::Found("Win.Test".into()));
}

#[tokio::test]
async fn a_refusal_that_comes_early_is_heard() {
    let said = scan(Play::Early(b"INSTREAM size limit exceeded. ERROR\0"), 1_000).await;
    assert_eq!(said.expect("a verdict"), Verdict::TooLarge);
}

#[tokio::test]
async fn no_file_passes_without_a_verdict_over_all_of_it() {
    // "OK" before the bytes were sent is not about them.
    assert!(scan(Play::Early(b"stream: OK\0"), 64 << 20).await.is_err());
    assert!(matches!(scan(Play::Hangs, 9).await, Err(ScanError::Silent(_))));
    assert!(matches!(scan(Play::Closes, 8 << 20).await, Err(ScanError::Silent(_))));
    assert!(matches!(scan(Play::Babbles, 9).await, Err(ScanError::Failed(_))));
    assert!(matches!(scan(Play::Says(b"\0"), 9).await, Err(ScanError::Silent(_))));
    assert!(matches!(scan(Play::Says(b"UNKNOWN COMMAND\0"), 9).await, Err(ScanError::Failed(_))));
}

#[tokio::test]
async fn a_file_that_cannot_be_had_is_not_clean() {
    let scanner = fake(Play::Says(b"stream: OK\0")).await;
    let short = scanner.scan(&b"aaa"[..], 4).await;
    assert!(matches!(short, Err(ScanError::Source(_))), "{short:?}");
}

#[tokio::test]
async fn nobody_there_is_told_apart() {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    for address in [ClamdAddress::Tcp(free.to_string()), ClamdAddress::Unix("/nowhere/clamd.sock".into())] {
        let scanner = Scanner::new(address);
        assert!(matches!(scanner.scan(&b"a"[..], 1).await, Err(ScanError::Away(..))));
        assert!(matches!(scanner.version().await, Err(ScanError::Away(..))));
    }
}
