//! The child's side: confine, say so, then read one file after another until the pipe closes.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, BufWriter, Read, Write},
    os::fd::OwnedFd,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
};

use acuse_pipeline::{diagnostic, limits::Limits};

use super::{
    Reader,
    confine::{self, Confined},
    wire::{self, Request, STAGE_BYTES, Setup, Tag},
};

/// First argument of a process that is to be a reader. Hidden: people never type it.
pub const READER_ARGUMENT: &str = "__reader";

/// Turns this process into a reader and never returns, if its arguments ask for one; otherwise does nothing.
///
/// Call it first thing in `main`, before any thread, runtime or file is opened. `load` gets the models' folder
/// and runs before the file system is closed.
pub fn become_reader_with<R: Reader>(load: impl FnOnce(Option<&Path>) -> Result<R, String>) {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().as_deref() != Some(READER_ARGUMENT.as_ref()) {
        return;
    }
    let parent = arguments.next().and_then(|pid| pid.to_str()?.parse().ok());
    let models: Option<PathBuf> = arguments.next().map(|dir: OsString| dir.into());
    let Some(parent) = parent else { std::process::exit(2) };
    // Nobody reads an exit status of ours as anything but "gone".
    std::process::exit(match serve(parent, models.as_deref(), load) {
        Ok(()) => 0,
        Err(_) => 1,
    });
}

fn serve<R: Reader>(
    parent: u32,
    models: Option<&Path>,
    load: impl FnOnce(Option<&Path>) -> Result<R, String>,
) -> io::Result<()> {
    let closed = confine::close_inherited();
    let (mut requests, answers) = take_pipes()?;
    let mut answers = BufWriter::with_capacity(64 << 10, File::from(answers));
    let Some(Setup { limits }) = wire::read_header(&mut requests)? else { return Ok(()) };
    diagnostic::note_panics();
    let confined = Confined::before_loading(&limits, parent, closed);
    let mut reader = match load(models) {
        Ok(reader) => reader,
        Err(why) => {
            wire::send(&mut answers, Tag::Failed, why.as_bytes())?;
            return answers.flush();
        }
    };
    let layers = confined.after_loading();
    wire::send(&mut answers, Tag::Ready, &serde_json::to_vec(&layers).map_err(io::Error::other)?)?;
    answers.flush()?;
    while let Some(request) = wire::read_header::<Request>(&mut requests)? {
        answer_one(&mut requests, &mut answers, &request, &mut reader, &limits)?;
    }
    Ok(())
}

/// Reads the file that `request` announces and answers. An error means that the pipes are of no more use.
fn answer_one(
    requests: &mut File,
    answers: &mut BufWriter<File>,
    request: &Request,
    reader: &mut impl Reader,
    limits: &Limits,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    let received = requests.take(request.size_bytes).read_to_end(&mut bytes)?;
    if u64::try_from(received).ok() != Some(request.size_bytes) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut broken = Ok(());
    let mut stage = |name: &str| {
        let name = &name.as_bytes()[..name.len().min(STAGE_BYTES as usize)];
        broken = wire::send(answers, Tag::Stage, name).and_then(|()| answers.flush());
    };
    // After a panic this child is not asked again, so no broken invariant is ever met.
    let read = panic::catch_unwind(AssertUnwindSafe(|| {
        let plain = request.password.as_deref().and_then(|password| reader.unlock(&bytes, password));
        reader.read(plain.as_deref().unwrap_or(&bytes), &request.declared, limits, &mut stage)
    }));
    drop(bytes);
    broken?;
    match read {
        Ok(reading) => wire::send_reading(answers, &reading),
        Err(_) => {
            wire::send(answers, Tag::Panicked, diagnostic::last_panic().as_bytes())?;
            answers.flush()
        }
    }
}

/// Moves the two pipes off standard input and output, and puts /dev/null there: a library that prints cannot
/// speak into the protocol.
fn take_pipes() -> io::Result<(File, OwnedFd)> {
    let requests = rustix::io::dup(rustix::stdio::stdin())?;
    let answers = rustix::io::dup(rustix::stdio::stdout())?;
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    Ok((File::from(requests), answers))
}
