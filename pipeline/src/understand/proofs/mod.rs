//! What vouches for a field or a kind, or speaks against it.

pub mod vouched;
