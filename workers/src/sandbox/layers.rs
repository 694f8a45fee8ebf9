//! Which layers of the sandbox this kernel really has.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What to do when a layer is missing (`ACUSE_SANDBOX`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Strictness {
    /// Refuse to start.
    Required,
    /// Say which, and go on with the rest.
    #[default]
    BestEffort,
}

/// `ACUSE_SANDBOX` is neither `required` nor `best-effort`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("ACUSE_SANDBOX is {0:?}: set it to \"required\" or \"best-effort\"")]
pub struct UnknownStrictness(String);

impl FromStr for Strictness {
    type Err = UnknownStrictness;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        match s {
            "required" => Ok(Self::Required),
            "best-effort" => Ok(Self::BestEffort),
            _ => Err(UnknownStrictness(s.chars().take(32).collect())),
        }
    }
}

/// How much of one layer is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "why")]
pub enum Layer {
    /// All of it.
    Full,
    /// A part; the text says which is not.
    Partial(String),
    /// None of it; the text says why.
    Missing(String),
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("in force"),
            Self::Partial(why) => write!(f, "partly in force: {why}"),
            Self::Missing(why) => write!(f, "missing: {why}"),
        }
    }
}

/// Every layer, as the first child reported it after confining itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layers {
    /// Address space, CPU time, file size, open files, core dumps, processes.
    pub rlimits: Layer,
    /// No file system, no TCP, no signals to others (Landlock, Linux 5.13 and up).
    pub landlock: Layer,
    /// Only the system calls that reading needs.
    pub seccomp: Layer,
    /// `no_new_privs`: nothing the child could start would gain rights.
    pub no_new_privs: Layer,
    /// The child dies with its parent, and holds no descriptor but its two pipes.
    pub isolation: Layer,
    /// One thread, so that every layer binds all of the child.
    pub single_thread: Layer,
}

impl Layers {
    /// Each layer with its name, in the order they are told.
    #[must_use]
    pub fn all(&self) -> [(&'static str, &Layer); 6] {
        [
            ("rlimits", &self.rlimits),
            ("landlock", &self.landlock),
            ("seccomp", &self.seccomp),
            ("no_new_privs", &self.no_new_privs),
            ("isolation", &self.isolation),
            ("single_thread", &self.single_thread),
        ]
    }

    /// One line for each layer that is not fully in force. Empty: all is well.
    #[must_use]
    pub fn shortfalls(&self) -> Vec<String> {
        self.all()
            .into_iter()
            .filter(|(_, layer)| **layer != Layer::Full)
            .map(|(name, layer)| format!("{name} is {layer}"))
            .collect()
    }
}
