//! From a row to its types, where an impossible value names its table and column; and back.

use std::str::FromStr;

use acuse_pipeline::document::{Sha256, UnknownWord};
use serde::Serialize;
use time::OffsetDateTime;

use crate::error::CatalogError;

/// A time out of a row.
pub(crate) fn at(
    table: &'static str,
    column: &'static str,
    micros: i64,
) -> Result<OffsetDateTime, CatalogError> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000)
        .map_err(|error| CatalogError::ImpossibleRow { table, column, why: error.to_string() })
}

/// An optional time out of a row.
pub(crate) fn maybe_at(
    table: &'static str,
    column: &'static str,
    micros: Option<i64>,
) -> Result<Option<OffsetDateTime>, CatalogError> {
    micros.map(|m| at(table, column, m)).transpose()
}

/// A word of a closed list out of a row.
pub(crate) fn word<T: FromStr<Err = UnknownWord>>(
    table: &'static str,
    column: &'static str,
    text: &str,
) -> Result<T, CatalogError> {
    text.parse().map_err(|error: UnknownWord| CatalogError::ImpossibleRow {
        table,
        column,
        why: error.to_string(),
    })
}

/// JSON out of a row.
pub(crate) fn json<T: serde::de::DeserializeOwned>(
    table: &'static str,
    column: &'static str,
    text: &str,
) -> Result<T, CatalogError> {
    serde_json::from_str(text).map_err(|error| CatalogError::ImpossibleRow {
        table,
        column,
        why: error.to_string(),
    })
}

/// A count or size out of a row.
pub(crate) fn number<T: TryFrom<i64>>(
    table: &'static str,
    column: &'static str,
    value: i64,
) -> Result<T, CatalogError> {
    T::try_from(value).map_err(|_| CatalogError::ImpossibleRow {
        table,
        column,
        why: format!("{value} is out of range"),
    })
}

/// A hash out of a row.
pub(crate) fn sha256(
    table: &'static str,
    column: &'static str,
    bytes: &[u8],
) -> Result<Sha256, CatalogError> {
    bytes.try_into().map(Sha256).map_err(|_| CatalogError::ImpossibleRow {
        table,
        column,
        why: format!("{} bytes are no SHA-256", bytes.len()),
    })
}

/// A value of ours as JSON text for a row.
pub(crate) fn to_json<T: Serialize + ?Sized>(what: &'static str, value: &T) -> Result<String, CatalogError> {
    serde_json::to_string(value).map_err(|source| CatalogError::Encode { what, source })
}

/// Text from outside, made fit for a row: PostgreSQL refuses NUL in text.
pub(crate) fn clean(text: &str) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text.to_owned() }
}

/// [`clean`] for what may be absent.
pub(crate) fn clean_maybe(text: Option<&str>) -> Option<String> {
    text.map(clean)
}

/// At most `most` characters of `text`.
pub(crate) fn cut(text: &str, most: usize) -> String {
    clean(&text.chars().take(most).collect::<String>())
}
