//! Request parts, parsed into types or refused as a [`Problem`] that says what to send instead.

pub mod form;

use std::str::FromStr;

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::{StatusCode, request::Parts},
};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use time::{
    Date, OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339, macros::format_description,
};

use crate::{budget::JSON_BYTES, problem::Problem};

/// The query string.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        if query.contains("%00") {
            return Err(Problem::BadRequest("a parameter holds no NUL".to_owned()));
        }
        // Forms send what nobody filled in; a program that sends nothing for a filter has lost what it meant to ask.
        let empty = |pair: &&str| pair.split_once('=').is_none_or(|(_, value)| value.is_empty());
        if let Some(odd) = query.split('&').filter(|pair| !pair.is_empty()).find(empty)
            && parts.uri.path().starts_with("/v1/")
        {
            let name: String = odd.split('=').next().unwrap_or_default().chars().take(40).collect();
            return Err(Problem::BadRequest(format!("{name}: is empty; leave it out")));
        }
        let Query(value) = Query::<T>::from_request_parts(parts, state)
            .await
            .map_err(|e| Problem::BadRequest(e.body_text()))?;
        Ok(Self(value))
    }
}

/// How many bytes a body has at most, where the address says so.
#[derive(Debug, Clone, Copy)]
pub struct Cap(pub usize);

/// A JSON body of at most the address's cap, or the router's.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        use axum::extract::rejection::JsonRejection;
        let cap = request.extensions().get::<Cap>().map_or(JSON_BYTES, |cap| cap.0);
        match Json::<Clean<T>>::from_request(request, state).await {
            Ok(Json(value)) => Ok(Self(value.0)),
            Err(JsonRejection::MissingJsonContentType(_)) => {
                Err(Problem::UnsupportedMediaType("send JSON with Content-Type: application/json".to_owned()))
            }
            Err(e) if e.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Problem::TooLarge { limit_bytes: cap as u64 })
            }
            Err(e) => Err(Problem::BadRequest(e.body_text())),
        }
    }
}

/// A value whose texts hold no NUL: no database keeps one whole, and none is ever meant.
struct Clean<T>(T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Clean<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let raw = Box::<serde_json::value::RawValue>::deserialize(d)?;
        // Every body is an object; an array would be taken for one, its items for the members in their order.
        if !raw.get().starts_with('{') {
            return Err(serde::de::Error::custom("send a JSON object"));
        }
        // Only where a NUL is written is it worth looking for: JSON has no other way to say one.
        if raw.get().contains("\\u0000") {
            let value: serde_json::Value =
                serde_json::from_str(raw.get()).map_err(serde::de::Error::custom)?;
            if let Some(member) = with_nul(&value, "") {
                return Err(serde::de::Error::custom(format_args!("{member}: a text holds no NUL")));
            }
        }
        let read = serde_json::from_str(raw.get()).or_else(|error: serde_json::Error| {
            // For numbers alone: a value forgets that a member was named twice.
            if !error.to_string().contains("floating point") {
                return Err(error);
            }
            // To JSON Schema 7.0 is an integer, to serde it is none.
            let mut value: serde_json::Value = serde_json::from_str(raw.get())?;
            with_whole_numbers(&mut value);
            serde_json::from_value(value).map_err(|_| error)
        });
        read.map(Self).map_err(serde::de::Error::custom)
    }
}

/// Numbers that are whole, written as such.
fn with_whole_numbers(value: &mut serde_json::Value) {
    use serde_json::Value;
    /// Beyond it not every whole number is one of these.
    const MOST: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) if number.is_f64() => {
            if let Some(whole) = number.as_f64().filter(|n| n.fract() == 0.0 && n.abs() <= MOST) {
                *value = Value::from(whole as i64);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(with_whole_numbers),
        Value::Object(members) => members.values_mut().for_each(with_whole_numbers),
        _ => {}
    }
}

/// The first member that holds a NUL, or is named with one.
fn with_nul(value: &serde_json::Value, name: &str) -> Option<String> {
    use serde_json::Value;
    match value {
        Value::String(text) => text.contains('\0').then(|| name.to_owned()),
        Value::Array(items) => items.iter().find_map(|item| with_nul(item, name)),
        Value::Object(members) => members.iter().find_map(|(key, value)| {
            if key.contains('\0') { Some("a member's name".to_owned()) } else { with_nul(value, key) }
        }),
        _ => None,
    }
}

/// A member that is JSON as described, and whose meaning no schema says: whether it holds is told by whoever asks for it.
#[derive(Debug)]
pub struct Checked<T>(Result<T, String>);

impl<T> Checked<T> {
    /// What it says.
    ///
    /// # Errors
    /// 422 naming the member.
    pub fn of(self, member: &str) -> Result<T, Problem> {
        self.0.map_err(|why| Problem::Unprocessable(format!("{member}: {why}")))
    }
}

impl<T: Default> Default for Checked<T> {
    fn default() -> Self {
        Self(Ok(T::default()))
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Checked<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(d)?;
        Ok(Self(serde_json::from_value(value).map_err(|e| e.to_string())))
    }
}

/// An id in the path. One that cannot be is not found, like one that is not there.
pub struct Id<T>(pub T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::NotFound("address"))?;
        named(&text).map(Self)
    }
}

fn named<T: FromStr>(text: &str) -> Result<T, Problem> {
    let nothing = || Problem::NotFound("id");
    if text.contains('\0') {
        return Err(nothing());
    }
    text.parse().map_err(|_| nothing())
}

/// A kind and an id of that kind in the path.
pub struct Kinded<K, T>(pub K, pub T);

impl<K: FromStr, T: FromStr, S: Send + Sync> FromRequestParts<S> for Kinded<K, T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path((kind, id)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::NotFound("address"))?;
        Ok(Self(named(&kind)?, named(&id)?))
    }
}

/// Page size: 1 to 200, 50 when not said.
pub fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked {
        None => Ok(50),
        Some(n) if (1..=200).contains(&n) => Ok(n),
        Some(_) => Err(Problem::BadRequest("limit: must be from 1 to 200".to_owned())),
    }
}

/// A word or id out of the query; empty is absent (forms send `status=`).
pub fn word<T: FromStr>(name: &'static str, value: Option<&str>) -> Result<Option<T>, Problem>
where
    T::Err: std::fmt::Display,
{
    value
        .map(str::trim)
        .filter(|v| !v.is_empty())
        .map(|v| v.parse().map_err(|e| Problem::BadRequest(format!("{name}: {e}"))))
        .transpose()
}

/// A place in a list, which is opaque: any text may be sent for it, and only what was given is one.
pub fn cursor<T: FromStr>(value: Option<&str>) -> Result<Option<T>, Problem>
where
    T::Err: std::fmt::Display,
{
    let not_ours = |e: T::Err| Problem::Unprocessable(format!("after: {e}"));
    value.map(str::trim).filter(|v| !v.is_empty()).map(|v| v.parse().map_err(not_ours)).transpose()
}

/// An RFC 3339 time, in UTC, or a date, which is its midnight there.
pub fn time(name: &'static str, value: Option<&str>) -> Result<Option<OffsetDateTime>, Problem> {
    let day = format_description!("[year]-[month]-[day]");
    value
        .map(str::trim)
        .filter(|v| !v.is_empty())
        .map(|v| {
            OffsetDateTime::parse(v, &Rfc3339)
                .or_else(|_| Date::parse(v, day).map(|date| date.midnight().assume_utc()))
                .ok()
                // The last evening of the year 9999 is none of UTC's everywhere.
                .and_then(|at| at.checked_to_offset(UtcOffset::UTC))
                .ok_or_else(|| {
                    Problem::BadRequest(format!("{name}: write e.g. 2026-05-01T00:00:00Z or 2026-05-01"))
                })
        })
        .transpose()
}

/// A date.
pub fn day(name: &'static str, value: Option<&str>) -> Result<Option<Date>, Problem> {
    let form = format_description!("[year]-[month]-[day]");
    let parsed = value.map(str::trim).filter(|v| !v.is_empty()).map(|v| Date::parse(v, form)).transpose();
    parsed.map_err(|_| Problem::BadRequest(format!("{name}: write e.g. 2026-05-01")))
}

/// Tells a JSON `null` (take it away) from an absent member (leave it as it is).
pub fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(d).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_in_any_text_is_named() {
        let read = |text: &str| serde_json::from_str::<Clean<serde_json::Value>>(text).map(|_| ());
        assert!(read(r#"{"name":"Ana \\u0000 is six letters"}"#).is_ok());
        assert!(read("[null]").is_err() && read("3").is_err(), "an object, and nothing else");
        let error = read(r#"{"a":{"note":["x\u0000"]}}"#).unwrap_err().to_string();
        assert!(error.contains("note"), "{error}");
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_point() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Seen {
            version: i64,
        }
        let read = |text: &str| serde_json::from_str::<Clean<Seen>>(text).map(|clean| clean.0);
        assert_eq!(read(r#"{"version":344.0}"#).unwrap(), Seen { version: 344 });
        assert!(read(r#"{"version":344.5}"#).unwrap_err().to_string().contains("344.5"));
        assert!(read(r#"{"version":1e300}"#).is_err());
        assert!(read(r#"{"version":1,"version":2}"#).unwrap_err().to_string().contains("duplicate"));
    }

    #[test]
    fn times_are_rfc_3339_or_a_day() {
        let day = time("from", Some("2026-05-01")).unwrap().unwrap();
        assert_eq!(Some(day), time("from", Some("2026-05-01T00:00:00Z")).unwrap());
        assert_eq!(time("from", Some(" ")).unwrap(), None);
        assert!(time("from", Some("yesterday")).is_err());
        assert!(time("to", Some("9999-12-31T23:59:59-23:59")).is_err(), "there is no such time in UTC");
        let noon = time("from", Some("2026-05-01T12:00:00-05:00")).unwrap().unwrap();
        assert_eq!((noon.offset(), noon.hour()), (UtcOffset::UTC, 17));
    }

    #[test]
    fn a_page_has_one_to_two_hundred() {
        assert_eq!(limit(None).unwrap(), 50);
        assert!(limit(Some(0)).is_err() && limit(Some(201)).is_err());
    }
}
