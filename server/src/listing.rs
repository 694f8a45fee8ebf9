//! A page of a list, as the API and the desk have it.

use serde::Serialize;

/// A page of a list.
#[derive(Debug, Serialize)]
pub struct Listing<T> {
    /// In order.
    pub data: Vec<T>,
    /// Pass it as `after` for the next page.
    pub next: Option<String>,
}

impl<T> Listing<T> {
    /// A page for which `most` were asked: one that is full may have another behind its last, whose place that is.
    pub fn of<P: std::fmt::Display>(data: Vec<T>, most: u32, place: impl Fn(&T) -> P) -> Self {
        let full = u32::try_from(data.len()).is_ok_and(|n| n >= most);
        let next = data.last().filter(|_| full).map(|last| place(last).to_string());
        Self { data, next }
    }
}
