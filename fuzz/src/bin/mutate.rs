//! Plain mutation on the stable compiler: `mutate TARGET SECONDS CORPUS…`, or `mutate TARGET FILE` to try one file.
//!
//! Every input follows from its number alone, and that number is written down before the input runs: when the
//! process aborts or is killed, `mutate TARGET --number N CORPUS…` writes that input to a file and runs it again.
//! A panic is caught, its input kept under `fuzz/artifacts/TARGET/`, and the run goes on.

use std::{
    collections::BTreeMap,
    fs,
    io::{Seek, SeekFrom, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Mutex,
    time::{Duration, Instant},
};

use acuse_fuzz::{ENTRIES, Entry};

/// Seeds larger than this only make mutation slow.
const SEED_BYTES: u64 = 256 << 10;
/// One input that takes longer is a finding.
const SLOW: Duration = Duration::from_secs(5);

/// Where the last panic was, with its first words: one finding a place.
static PLACE: Mutex<String> = Mutex::new(String::new());

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [target, rest @ ..] = arguments.as_slice() else { return usage() };
    let Some(entry) = ENTRIES.iter().find(|(name, _)| name == target) else { return usage() };
    std::panic::set_hook(Box::new(|info| {
        if let Ok(mut place) = PLACE.lock() {
            *place = info.to_string().chars().take(300).collect::<String>().replace('\n', " ");
        }
    }));
    match rest {
        [file] => match fs::read(file) {
            Ok(bytes) => report(once(entry, &bytes).is_none()),
            Err(error) => {
                eprintln!("{file}: {error}");
                ExitCode::FAILURE
            }
        },
        [flag, number, corpus @ ..] if flag == "--number" => {
            let Ok(number) = number.parse() else { return usage() };
            let input = Seeds::load(corpus).input(number);
            eprintln!("kept as {}", keep(target, &input).display());
            report(once(entry, &input).is_none())
        }
        [seconds, corpus @ ..] => {
            let Ok(seconds) = seconds.parse() else { return usage() };
            run(entry, Duration::from_secs(seconds), &Seeds::load(corpus))
        }
        [] => usage(),
    }
}

fn usage() -> ExitCode {
    let names: Vec<&str> = ENTRIES.iter().map(|(name, _)| *name).collect();
    eprintln!(
        "mutate TARGET SECONDS CORPUS… | TARGET --number N CORPUS… | TARGET FILE; targets: {}",
        names.join(" ")
    );
    ExitCode::from(2)
}

fn report(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(entry: &Entry, span: Duration, seeds: &Seeds) -> ExitCode {
    let folder = PathBuf::from("fuzz/artifacts").join(entry.0);
    let journal = fs::create_dir_all(&folder).and_then(|()| fs::File::create(folder.join("number")));
    let Ok(mut journal) = journal else {
        eprintln!("cannot write to {}", folder.display());
        return ExitCode::FAILURE;
    };
    // Another part of the space each time.
    let first =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_secs()) << 24;
    let (started, mut count, mut slowest) = (Instant::now(), 0_u64, (Duration::ZERO, 0));
    let mut findings: BTreeMap<String, (u64, PathBuf)> = BTreeMap::new();
    while started.elapsed() < span {
        let number = first + count;
        let _unwritten = journal.seek(SeekFrom::Start(0)).and_then(|_| write!(journal, "{number}"));
        let input = seeds.input(number);
        let begun = Instant::now();
        let found = once(entry, &input);
        let took = begun.elapsed();
        if took > slowest.0 {
            slowest = (took, number);
        }
        let slow = (took > SLOW).then(|| "slower than 5 s".to_owned());
        if let Some(what) = found.or(slow) {
            findings.entry(what).or_insert_with(|| (0, keep(entry.0, &input))).0 += 1;
        }
        count += 1;
    }
    println!(
        "{}: {count} inputs in {} s from {} seeds; slowest {} ms (number {}); {} findings",
        entry.0,
        started.elapsed().as_secs(),
        seeds.files.len(),
        slowest.0.as_millis(),
        slowest.1,
        findings.len()
    );
    for (what, (times, input)) in &findings {
        println!("  {times}× {what}\n     {}", input.display());
    }
    let _absent = fs::remove_file(folder.join("number"));
    report(findings.is_empty())
}

/// Runs one input; what it panicked with.
fn once(entry: &Entry, input: &[u8]) -> Option<String> {
    let (_, run) = entry;
    let panicked = catch_unwind(AssertUnwindSafe(|| run(input))).is_err();
    panicked.then(|| PLACE.lock().map(|place| place.clone()).unwrap_or_default())
}

fn keep(target: &str, input: &[u8]) -> PathBuf {
    let digest = input
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3));
    let path = PathBuf::from("fuzz/artifacts").join(target).join(format!("crash-{digest:016x}"));
    if let Err(error) = fs::write(&path, input) {
        eprintln!("cannot keep {}: {error}", path.display());
    }
    path
}

/// What mutation starts from.
struct Seeds {
    files: Vec<Vec<u8>>,
}

impl Seeds {
    fn load(folders: &[String]) -> Self {
        let mut files = Vec::new();
        let mut open: Vec<PathBuf> = folders.iter().map(PathBuf::from).collect();
        while let Some(path) = open.pop() {
            if path.is_dir() {
                let entries = fs::read_dir(&path).into_iter().flatten().flatten();
                open.extend(entries.map(|entry| entry.path()));
            } else if small(&path) {
                files.extend(fs::read(&path));
            }
        }
        files.sort();
        if files.is_empty() {
            files.push(b"seed".to_vec());
        }
        Self { files }
    }

    /// Input number `number`: a seed, changed a few times. The low bits count, so neighbours differ.
    fn input(&self, number: u64) -> Vec<u8> {
        let mut random = Random(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut bytes = self.pick(&mut random).clone();
        for _ in 0..1 + random.below(8) {
            self.change(&mut bytes, &mut random);
        }
        bytes
    }

    fn pick(&self, random: &mut Random) -> &Vec<u8> {
        &self.files[random.below(self.files.len())]
    }

    fn change(&self, bytes: &mut Vec<u8>, random: &mut Random) {
        const TELLING: [&[u8]; 12] = [
            b"\0",
            b"\xff",
            b"\xff\xff\xff\xff",
            b"\x7f\xff\xff\xff",
            b"\x80\0\0\0",
            b"-1",
            b"99999999999999999999",
            b"\xc3\xa9",
            b"\xe2\x82\xac",
            b"\n",
            b"<",
            b" ",
        ];
        let at = random.below(bytes.len() + 1);
        let length = random.below(bytes.len() - at + 1).min(1 + random.below(64));
        match random.below(8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 if at < bytes.len() => bytes[at] = random.below(256) as u8,
            2 => drop(bytes.drain(at..at + length)),
            3 => {
                let copy = bytes[at..at + length].to_vec();
                let to = random.below(bytes.len() + 1);
                bytes.splice(to..to, copy);
            }
            4 => {
                let word = TELLING[random.below(TELLING.len())];
                bytes.splice(at..(at + word.len()).min(bytes.len()), word.iter().copied());
            }
            5 => {
                let other = self.pick(random);
                let from = random.below(other.len() + 1);
                let part = &other[from..(from + random.below(256)).min(other.len())];
                bytes.splice(at..at + length, part.iter().copied());
            }
            6 if random.below(4) == 0 => bytes.truncate(at),
            _ => {
                for byte in &mut bytes[at..at + length] {
                    *byte = byte.wrapping_add(random.below(3) as u8);
                }
            }
        }
    }
}

fn small(path: &Path) -> bool {
    path.metadata().is_ok_and(|m| m.is_file() && m.len() <= SEED_BYTES)
}

/// SplitMix64 (Steele, Lea, Flood, 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end.max(1) as u64) as usize
    }
}
