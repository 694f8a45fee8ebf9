//! The `acuse` binary.
fn main() {}
