//! One binary for everything that crosses rooms.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod servers;
