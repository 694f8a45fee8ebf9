//! Strangers' files are opened here, and nowhere else.
//!
//! The program starts itself again as a reader child ([`become_reader_with`]), which loads its models, gives
//! up everything it does not need ([`confine`]) and then waits: a request comes in by one pipe, an answer goes out
//! by another ([`wire`]), both capped. The parent keeps a [`pool`] of such children and holds the clock. A child
//! that dies, hangs or answers nonsense takes only its own file with it: [`verdict`] turns its death into the
//! reason that the reviewer reads, and another child stands in its place.
//!
//! What a child may still do after it has been taken over: compute, allocate up to its limit, and answer
//! something false about the file that took it over, or about files that the same child reads afterwards.
//! It has no file, no socket, no other process, no secret and no clock beyond its limits.

use acuse_pipeline::{
    limits::Limits,
    reading::{Declared, Reading},
};

pub mod child;
pub mod confine;
mod keeper;
pub mod layers;
mod parent;
pub mod pool;
mod unlock;
pub mod verdict;
pub mod wire;

pub use child::{READER_ARGUMENT, become_reader_with};
pub use layers::{Layers, Strictness};
pub use pool::{Sandbox, SandboxConfig, SandboxError};

/// Reads one file. `acuse_pipeline::reading::read` is the one that ships; tests bring their own.
///
/// `stage` announces what is being done ("sniff", "decode", "ocr"), so that a death can be told truly.
pub trait Reader {
    /// Reads `bytes`. May panic, hang, abort: the parent deals with it.
    fn read(
        &mut self,
        bytes: &[u8],
        declared: &Declared,
        limits: &Limits,
        stage: &mut dyn FnMut(&str),
    ) -> Reading;

    /// The file without its lock, where this password opens it.
    fn unlock(&self, bytes: &[u8], password: &str) -> Option<Vec<u8>> {
        unlock::unlocked(bytes, password)
    }
}

impl<F> Reader for F
where
    F: FnMut(&[u8], &Declared, &Limits, &mut dyn FnMut(&str)) -> Reading,
{
    fn read(
        &mut self,
        bytes: &[u8],
        declared: &Declared,
        limits: &Limits,
        stage: &mut dyn FnMut(&str),
    ) -> Reading {
        self(bytes, declared, limits, stage)
    }
}
