//! What a handler takes, read off its signature: axum infers the extractors of a handler as a tuple, and each extractor
//! of ours says what it is.

use axum::{
    Extension,
    body::Bytes,
    extract::{Path, Query, Request, State},
    http::HeaderMap,
};
use serde::{Deserialize, de::DeserializeOwned};

use crate::http::{
    auth::Caller,
    extract::{Body, Id, Params},
    problem::Problem,
    uploads::{Incoming, by_url::ByUrl},
};

/// What a handler takes.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Whether a key is asked for.
    pub keyed: bool,
    /// Whether the path holds an id or name.
    pub path: bool,
    /// The parameters of its query; none where it looks at no query.
    pub query: Vec<String>,
    /// The members of its JSON body; none where it takes no JSON, or any.
    pub body: Vec<String>,
}

/// An extractor, or a handler's tuple of them.
pub trait Takes {
    /// Adds what it takes.
    fn told(shape: &mut Shape);
}

impl Takes for Caller {
    fn told(shape: &mut Shape) {
        shape.keyed = true;
    }
}

impl<T> Takes for Id<T> {
    fn told(shape: &mut Shape) {
        shape.path = true;
    }
}

impl<T> Takes for Path<T> {
    fn told(shape: &mut Shape) {
        shape.path = true;
    }
}

impl<T: DeserializeOwned> Takes for Params<T> {
    fn told(shape: &mut Shape) {
        shape.query = members::<T>();
    }
}

impl<T: DeserializeOwned> Takes for Body<T> {
    fn told(shape: &mut Shape) {
        shape.body = members::<T>();
    }
}

macro_rules! nothing_of_note {
    ($($extractor:ty),+ $(,)?) => { $(impl Takes for $extractor { fn told(_: &mut Shape) {} })+ };
}
nothing_of_note!(HeaderMap, Bytes, Request, ());

/// A file, or where it is.
impl Takes for Result<Incoming, Problem> {
    fn told(shape: &mut Shape) {
        shape.body = members::<ByUrl>();
    }
}

impl<T> Takes for State<T> {
    fn told(_: &mut Shape) {}
}

impl<T> Takes for Extension<T> {
    fn told(_: &mut Shape) {}
}

/// Of a webhook's handshake alone, which names its own.
impl<T> Takes for Query<T> {
    fn told(_: &mut Shape) {}
}

impl Takes for ((),) {
    fn told(_: &mut Shape) {}
}

/// The first is axum's own mark of how the last extractor is had.
macro_rules! handlers {
    ($($all:ident),+) => {
        impl<M, $($all: Takes),+> Takes for (M, $($all),+,) {
            fn told(shape: &mut Shape) { $($all::told(shape);)+ }
        }
    };
}
handlers!(A);
handlers!(A, B);
handlers!(A, B, C);
handlers!(A, B, C, D);
handlers!(A, B, C, D, E);
handlers!(A, B, C, D, E, F);

/// The members that a type takes, which it says when it is given one that it does not know. All of ours refuse unknown
/// members; one that does not would be described as taking none, and the test of the description fails.
#[must_use]
pub fn members<T: DeserializeOwned>() -> Vec<String> {
    match serde_json::from_str::<T>(r#"{" ":null}"#) {
        Err(error) => listed(&error.to_string()),
        Ok(_) => Vec::new(),
    }
}

/// The words of a closed list, got the same way.
#[must_use]
pub fn words<'a, T: Deserialize<'a>>() -> Vec<String> {
    match serde_json::from_str::<T>(r#"" ""#) {
        Err(error) => listed(&error.to_string()),
        Ok(_) => Vec::new(),
    }
}

/// ``unknown field ` `, expected one of `a`, `b` at line 1``: each second piece between backticks, the first being ours.
fn listed(refusal: &str) -> Vec<String> {
    refusal.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Two {
        #[serde(rename = "one", alias = "uno")]
        _a: Option<u8>,
        #[serde(rename = "two")]
        _b: Option<u8>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        #[serde(rename = "-a")]
        Minus,
        Plain,
    }

    #[test]
    fn a_type_says_what_it_takes() {
        assert_eq!(members::<Two>(), ["one", "uno", "two"]);
        assert_eq!(words::<Word>(), ["-a", "plain"]);
    }
}
