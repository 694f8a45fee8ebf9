//! API keys, as they are made: random bits behind a prefix, kept as a hash only.

use rand::RngExt;

/// What every key begins with, so that a leaked one is recognised by scanners.
pub(crate) const PREFIX: &str = "acuse_";

/// What every sandbox key begins with.
pub const SANDBOX_PREFIX: &str = "acuse_sandbox_";

/// A new key: the prefix and 256 random bits in hex.
#[must_use]
pub fn new_key() -> String {
    let bits: [u8; 32] = rand::rng().random();
    format!("{PREFIX}{}", hex::encode(bits))
}

/// A new key of the sandbox: what it is can be seen on it.
#[must_use]
pub fn new_sandbox_key() -> String {
    new_key().replacen(PREFIX, SANDBOX_PREFIX, 1)
}
