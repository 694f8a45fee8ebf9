//! A reader whose files are orders: tests send "spin", "open" or "crash" and see what the sandbox makes of it.
//! Built for tests only; nothing installs it.

#![allow(clippy::panic, clippy::expect_used)]

use std::{
    net::{TcpStream, UdpSocket},
    time::Duration,
};

use acuse_pipeline::{
    diagnostic::{self, Diagnostic},
    document::Kind,
    fields::{Field, FieldName, Source},
    intake::shown_by_browsers,
    limits::Limits,
    page,
    part::Part,
    reading::{Declared, Fingerprint, Outcome, PagePicture, Reading},
    reason::{Reason, ReasonCode},
};
use acuse_workers::sandbox::{Reader, child::become_reader_with};

fn main() {
    become_reader_with(|models| match models {
        Some(dir) if !dir.exists() => Err(format!("{} is not there", dir.display())),
        _ => Ok(Obedient),
    });
    eprintln!("only tests start this program");
}

/// Opens a lock by the word behind `locked`, and for the rest does as it is told.
struct Obedient;

impl Reader for Obedient {
    fn read(
        &mut self,
        bytes: &[u8],
        declared: &Declared,
        limits: &Limits,
        stage: &mut dyn FnMut(&str),
    ) -> Reading {
        obey(bytes, declared, limits, stage)
    }

    fn unlock(&self, bytes: &[u8], password: &str) -> Option<Vec<u8>> {
        let lock = format!("locked {password}\n");
        bytes.strip_prefix(lock.as_bytes()).map(<[u8]>::to_vec)
    }
}

/// The first word of the file says what to do; the rest of it is fields, one `name=value` a line.
fn obey(bytes: &[u8], declared: &Declared, limits: &Limits, stage: &mut dyn FnMut(&str)) -> Reading {
    stage("decode");
    let text = String::from_utf8_lossy(bytes);
    let order = text.lines().next().unwrap_or_default();
    match order {
        "spin" => loop {
            std::hint::spin_loop();
        },
        "sleep" => sleep(),
        "allocate" => {
            let hoard: Vec<u8> = Vec::with_capacity(4 << 30);
            note(format!("holds {} bytes", std::hint::black_box(hoard).capacity()))
        }
        "hoard" => {
            let mut hoard: Vec<Vec<u8>> = Vec::new();
            loop {
                hoard.push(std::hint::black_box(vec![7; 16 << 20]));
            }
        }
        "garbage" => {
            say(b"HTTP/1.1 200 OK\r\n\r\n");
            note("talked out of turn".into())
        }
        // A page of four gigabytes, announced and never sent.
        "boast" => {
            say(b"P\xff\xff\xff\xff");
            sleep()
        }
        // Half a frame, then silence.
        "drip" => {
            say(b"F\x10\0\0\0{");
            sleep()
        }
        "chatter" => loop {
            say(b"S\x02\0\0\0ab");
        },
        "shout" => {
            for _ in 0..100_000 {
                eprintln!("{}", "secret ".repeat(20));
            }
            note("shouted".into())
        }
        order if order.starts_with("syscall ") => {
            let numbers: Vec<i64> = order.split(' ').skip(1).filter_map(|n| n.parse().ok()).collect();
            note(format!("{:?}", call(&numbers)))
        }
        "overflow" => note(format!("{}", deeper(0))),
        "panic" => panic!("the document says: secret"),
        "exit" => std::process::exit(7),
        "abort" => std::process::abort(),
        "open" => note(format!("{:?}", std::fs::read("/etc/hostname").map_err(|e| e.kind()))),
        "create" => note(format!("{:?}", std::fs::write("/tmp/acuse-escaped", "x").map_err(|e| e.kind()))),
        "thread" => note(format!("{}", std::thread::Builder::new().spawn(|| ()).is_err())),
        "connect" => note(format!("{:?}", TcpStream::connect("127.0.0.1:9").map_err(|e| e.kind()))),
        "datagram" => note(format!("{:?}", UdpSocket::bind("127.0.0.1:0").map_err(|e| e.kind()))),
        "exec" => {
            note(format!("{:?}", std::process::Command::new("/bin/true").status().map_err(|e| e.kind())))
        }
        "environment" => {
            let mut names: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
            names.sort();
            note(format!("{names:?}"))
        }
        "print" => {
            println!("D\0\0\0\0");
            note("printed".into())
        }
        "huge" => {
            let mut reading = note(String::new());
            reading.text = "x".repeat(usize::try_from(limits.answer_bytes).expect("fits") + 1);
            reading
        }
        "lie" => {
            let mut reading = note(String::new());
            reading.outcome = Outcome::Accepted;
            reading
        }
        "slow-ocr" => {
            stage("ocr");
            sleep()
        }
        "diagnose" => {
            let told = |page, cause: &str, panicked| Diagnostic {
                stage: "ocr".into(),
                page,
                cause: cause.into(),
                panicked,
            };
            let mut reading = note("read in part".into());
            reading.diagnostics = vec![told(Some(2), "running the OCR detector: out of memory", false)];
            reading.diagnostics.extend((0..1_000).map(|_| told(None, "\u{1b}[2J\nlevel=ERROR", false)));
            reading
        }
        "half-panic" => {
            let mut reading = note("read in part".into());
            let failed =
                diagnostic::guarded::<()>("barcode", Some(1), || panic!("the document says: secret"));
            reading.diagnostics.extend(failed.err());
            reading
        }
        "pid" => note(std::process::id().to_string()),
        "unreadable" => Reading::refused("image/jpeg", Reason::new(ReasonCode::Unreadable, "blurred")),
        order if order.starts_with("locked ") => {
            Reading::refused("application/pdf", Reason::new(ReasonCode::Encrypted, "It is locked."))
        }
        "card" => card(&text, declared, 1),
        // What we bound of pictures: as many sides as there are.
        order if order.starts_with("%PDF") && text.contains("card\n") => {
            let sides = u32::try_from(text.matches("card\n").count()).expect("few");
            card(&text, declared, sides)
        }
        "receipt" => receipt(&text, declared),
        "invoice" => Reading { kind: Some(Kind::Invoice), ..receipt(&text, declared) },
        "receipts" => receipts(&text, declared),
        _ => note(format!("{} bytes, {:?}", bytes.len(), declared.filename)),
    }
}

#[allow(unconditional_recursion)]
fn deeper(n: u64) -> u64 {
    std::hint::black_box([n; 64]);
    deeper(n + 1) + std::hint::black_box(1)
}

fn sleep() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(1));
    }
}

/// The pipe to the parent: after the standard three the child holds the requests' end, and this one.
const ANSWERS: i64 = 4;

/// Speaks into the protocol behind its back, as one who took the process over would.
fn say(bytes: &[u8]) {
    let address = i64::try_from(bytes.as_ptr().addr()).expect("an address");
    let length = i64::try_from(bytes.len()).expect("short");
    let written = call(&[libc::SYS_write, ANSWERS, address, length]);
    assert_eq!(written, Ok(length), "the parent has hung up");
}

/// Any system call at all, with up to six numbers.
fn call(numbers: &[i64]) -> Result<i64, i32> {
    let [number, a, b, c, d, e, f] = std::array::from_fn(|i| numbers.get(i).copied().unwrap_or(0));
    #[allow(unsafe_code)]
    // SAFETY: none is claimed: this is what an attacker would do, in a process made to be thrown away.
    let answer = unsafe { libc::syscall(number, a, b, c, d, e, f) };
    if answer < 0 { Err(std::io::Error::last_os_error().raw_os_error().unwrap_or(0)) } else { Ok(answer) }
}

/// A refused reading with a note, the plainest answer there is.
fn note(what: String) -> Reading {
    let mut reading = Reading::refused("text/plain", Reason::new(ReasonCode::NotADocument, "An order."));
    reading.notes.push(what);
    reading
}

/// A receipt a page, parted by form feeds: of one part that receipt, of the whole file the parts. Where the second line
/// is `lie`, parts that leave a page out.
fn receipts(text: &str, declared: &Declared) -> Reading {
    let pages: Vec<&str> = text.split('\u{c}').collect();
    let count = u32::try_from(pages.len()).expect("few");
    let Some(part) = declared.part else {
        let mut whole = receipt(pages[0], declared);
        whole.outcome = Outcome::Review;
        whole.reasons = vec![Reason::new(ReasonCode::MultipleDocuments, "A receipt a page.")];
        whole.page_count = count;
        let last = if text.lines().nth(1) == Some("lie") { count - 1 } else { count };
        whole.parts = (1..=last).map(|n| Part::pages(n, n).expect("a page")).collect();
        return whole;
    };
    receipt(pages.get(*part.range().start() as usize - 1).expect("its page"), declared)
}

/// A card of identity: of one side something is missing, of two nothing is.
fn card(text: &str, declared: &Declared, sides: u32) -> Reading {
    let mut reading = receipt(text, declared);
    reading.kind = Some(Kind::Id);
    reading.page_count = sides;
    reading.fingerprint = None;
    if sides < 2 {
        reading.outcome = Outcome::Review;
        reading.reasons = vec![Reason::new(ReasonCode::MissingFields, "The back is missing.")];
    }
    reading
}

/// Its page is a part of what was sent; another follows, which is all of what was. Of what no browser shows the whole of the
/// first is drawn.
fn lies_on(table: &str, reading: &mut Reading) {
    reading.notes.push(page::cut_note(1));
    if shown_by_browsers(&reading.media_type).is_none() {
        let first = &mut reading.pages[0];
        let second = first.clone();
        first.received = [&[0xff, 0xd8, 0xff, 0xe0][..], table.as_bytes()].concat();
        reading.pages.push(second);
        reading.page_count = 2;
    }
}

/// Its page was turned, and lay so; it is drawn where no browser shows the file.
fn lay(so: &str, reading: &mut Reading) {
    let is_shown = shown_by_browsers(&reading.media_type).is_some();
    let first = &mut reading.pages[0];
    first.changed = true;
    if !is_shown {
        first.received = [&[0xff, 0xd8, 0xff, 0xe0][..], so.as_bytes()].concat();
    }
}

/// A check fails: of a field, or of what no field says.
fn fails(check: &str, reading: &mut Reading) {
    let reason =
        Reason::new(ReasonCode::ChecksFailed, format!("{check} does not hold.")).with("check", check);
    let about: Vec<FieldName> = check.parse::<FieldName>().into_iter().collect();
    reading.reasons.push(if about.is_empty() { reason } else { reason.about(&about) });
    reading.outcome = Outcome::Review;
}

/// An accepted receipt with the fields that the file lists, and with `id_probability` where it says that it is no ID.
fn receipt(text: &str, declared: &Declared) -> Reading {
    let mut reading = note(String::new());
    reading.media_type = declared.media_type.clone().unwrap_or_else(|| "image/jpeg".into());
    reading.outcome = Outcome::Accepted;
    reading.reasons.clear();
    reading.notes.clear();
    reading.kind = Some(Kind::Receipt);
    reading.confidence = 0.99;
    reading.language = Some("es".into());
    reading.page_count = 1;
    reading.text = text.to_owned();
    reading.fingerprint = Some(Fingerprint(0x0123_4567_89ab_cdef));
    let jpeg = [&[0xff, 0xd8, 0xff, 0xe0][..], text.as_bytes()].concat();
    reading.thumbnail = jpeg.clone();
    reading.pages = vec![PagePicture { width: 10, height: 20, changed: false, jpeg, received: Vec::new() }];
    for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
        if name == "photo" {
            lies_on(value, &mut reading);
        }
        if name == "turned" {
            lay(value, &mut reading);
        }
        if name == "failed" {
            fails(value, &mut reading);
        }
        if name == "id_probability" {
            reading.id_probability = value.parse().ok();
        }
        if let Ok(name) = name.parse::<FieldName>() {
            let value = value.into();
            let field = Field { value, confidence: 0.97, page: Some(1), bbox: None, source: Source::Ocr };
            reading.fields.insert(name, field);
        }
    }
    reading
}
