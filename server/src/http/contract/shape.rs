//! What a handler takes, read off its signature: axum infers the extractors of a handler as a tuple, and each extractor
//! of ours says what it is, and what it would make of a request of which nothing is done.

use std::str::FromStr;

use axum::{
    Extension,
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Query, Request, State},
    http::{HeaderMap, Version},
};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    budget::Turn,
    extract::{Body, Id, Kinded, Params},
    http::{
        auth::Caller,
        uploads::{self, Incoming, by_url::ByUrl},
    },
    problem::Problem,
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

    /// Parses what it takes of the request, and lets go of it; what is left is for the next.
    ///
    /// # Errors
    /// As the handler's own request would be refused.
    fn tried(request: Request) -> impl Future<Output = Result<Request, Problem>> + Send {
        std::future::ready(Ok(request))
    }
}

/// Of an extractor that leaves the body alone.
async fn parts_tried<E>(request: Request) -> Result<Request, Problem>
where
    E: FromRequestParts<(), Rejection = Problem>,
{
    let (mut parts, body) = request.into_parts();
    E::from_request_parts(&mut parts, &()).await?;
    Ok(Request::from_parts(parts, body))
}

impl Takes for Caller {
    fn told(shape: &mut Shape) {
        shape.keyed = true;
    }
}

impl<T: FromStr> Takes for Id<T> {
    fn told(shape: &mut Shape) {
        shape.path = true;
    }

    async fn tried(request: Request) -> Result<Request, Problem> {
        parts_tried::<Self>(request).await
    }
}

impl<K: FromStr, T: FromStr> Takes for Kinded<K, T> {
    fn told(shape: &mut Shape) {
        shape.path = true;
    }

    async fn tried(request: Request) -> Result<Request, Problem> {
        parts_tried::<Self>(request).await
    }
}

impl<T: DeserializeOwned> Takes for Params<T> {
    fn told(shape: &mut Shape) {
        shape.query = members::<T>();
    }

    async fn tried(request: Request) -> Result<Request, Problem> {
        parts_tried::<Self>(request).await
    }
}

impl<T: DeserializeOwned> Takes for Body<T> {
    fn told(shape: &mut Shape) {
        shape.body = members::<T>();
    }

    async fn tried(request: Request) -> Result<Request, Problem> {
        Self::from_request(request, &()).await?;
        Ok(Request::default())
    }
}

macro_rules! nothing_of_note {
    ($($extractor:ty),+ $(,)?) => { $(impl Takes for $extractor { fn told(_: &mut Shape) {} })+ };
}
nothing_of_note!(HeaderMap, Version, Turn, Bytes, Request, ());

/// A file, or where it is.
impl Takes for Result<Incoming, Problem> {
    fn told(shape: &mut Shape) {
        shape.body = members::<ByUrl>();
    }

    async fn tried(request: Request) -> Result<Request, Problem> {
        uploads::tried(request).await?;
        Ok(Request::default())
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

            async fn tried(request: Request) -> Result<Request, Problem> {
                $(let request = $all::tried(request).await?;)+
                Ok(request)
            }
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
