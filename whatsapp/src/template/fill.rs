//! What somebody gives a template, put into the parts in which Meta takes it, or why it does not fit.

use serde_json::{Value, json};

use super::{Button, Filled, Given, Header, HeaderFile, Takes, Unfit};

/// Longest text of a place in a body, characters; what is longer is cut.
const PARAMETER_CHARS: usize = 900;
/// Longest header, characters.
const HEADER_CHARS: usize = 60;
/// Longest end of a link, payload of a quick reply, and code (Meta).
const LINK_CHARS: usize = 2_000;
pub(super) const PAYLOAD_CHARS: usize = 128;
const CODE_CHARS: usize = 15;

impl Takes {
    /// What was given, as Meta takes it.
    ///
    /// # Errors
    /// What is missing, too much or wrong.
    pub fn fill(&self, given: Given<'_>) -> Result<Filled, Unfit> {
        if self.is_beyond {
            return Err(Unfit::Beyond);
        }
        let mut parts = Vec::new();
        parts.extend(self.head(given.header, given.file)?);
        if given.body.len() != self.body.len() {
            return Err(Unfit::Body(self.body.len()));
        }
        let places = self.body.iter().zip(given.body).map(|(name, text)| parameter(name, text));
        let places: Vec<Value> = places.collect();
        if !places.is_empty() {
            parts.push(json!({"type": "body", "parameters": places}));
        }
        if given.buttons.len() > self.buttons.len() {
            return Err(Unfit::Buttons(self.buttons.len()));
        }
        for (index, button) in self.buttons.iter().enumerate() {
            let given = given.buttons.get(index).map(|text| text.trim()).filter(|text| !text.is_empty());
            parts.extend(button.pressed(index, given)?);
        }
        Ok(Filled(parts))
    }

    fn head(&self, given: Option<&str>, uploaded: Option<HeaderFile<'_>>) -> Result<Option<Value>, Unfit> {
        let given = given.map(str::trim).filter(|text| !text.is_empty());
        let Some(header) = &self.header else {
            return if given.is_some() || uploaded.is_some() { Err(Unfit::NoHeader) } else { Ok(None) };
        };
        let head = |value: Value| Some(json!({"type": "header", "parameters": [value]}));
        match (header.file(), header, given) {
            (None, Header::Text(name), Some(words)) if words.chars().count() <= HEADER_CHARS => {
                Ok(head(parameter(name, words)))
            }
            (None, _, Some(_)) => Err(Unfit::HeaderLong),
            (None, _, None) => Err(Unfit::HeaderWords),
            (Some((kind, said)), header, given) => {
                let file = match uploaded {
                    Some(uploaded) => uploaded.as_sent(header),
                    None => given.and_then(file).ok_or(Unfit::HeaderFile(said))?,
                };
                Ok(head(json!({"type": kind, kind: file})))
            }
        }
    }
}

impl HeaderFile<'_> {
    fn as_sent(self, header: &Header) -> Value {
        let mut file = json!({"id": self.media_id});
        if let Some(name) = self.filename.filter(|_| *header == Header::Document) {
            file["filename"] = name.into();
        }
        file
    }
}

impl Button {
    fn pressed(self, index: usize, given: Option<&str>) -> Result<Option<Value>, Unfit> {
        let place = index + 1;
        let part = |kind: &str, parameter: Value| {
            Ok(Some(json!({"type": "button", "sub_type": kind, "index": index.to_string(),
                "parameters": [parameter]})))
        };
        let fits = |text: &str, most: usize| text.chars().count() <= most;
        match (self, given) {
            (Self::Nothing | Self::Reply, None) => Ok(None),
            (Self::Nothing, Some(_)) => Err(Unfit::ButtonFull(place)),
            (Self::Reply, Some(payload)) if fits(payload, PAYLOAD_CHARS) => {
                part("quick_reply", json!({"type": "payload", "payload": payload}))
            }
            (Self::Reply, Some(_)) => Err(Unfit::ButtonWrong(place, "at most 128 characters")),
            (Self::Link, None) => Err(Unfit::ButtonEmpty(place, "what its link ends in")),
            (Self::Link, Some(end)) if fits(end, LINK_CHARS) && !end.contains(char::is_whitespace) => {
                part("url", json!({"type": "text", "text": end}))
            }
            (Self::Link, Some(_)) => Err(Unfit::ButtonWrong(place, "the end of a link, without spaces")),
            (Self::Code, None) => Err(Unfit::ButtonEmpty(place, "the code that it copies")),
            (Self::Code, Some(code)) if fits(code, CODE_CHARS) => {
                part("copy_code", json!({"type": "coupon_code", "coupon_code": code}))
            }
            (Self::Code, Some(_)) => Err(Unfit::ButtonWrong(place, "a code of at most 15 characters")),
        }
    }
}

impl Filled {
    /// These words in a body, and these payloads on quick replies, of a template of which nothing more is known.
    ///
    /// # Errors
    /// Where a payload is longer than Meta takes.
    pub fn plain(body: &[String], replies: &[String]) -> Result<Self, Unfit> {
        let numbered: Vec<String> = (1..=body.len()).map(|n| n.to_string()).collect();
        let takes = Takes {
            header: None,
            body: numbered,
            buttons: replies.iter().map(|_| Button::Reply).collect(),
            is_beyond: false,
        };
        takes.fill(Given { body, buttons: replies, ..Given::default() })
    }

    /// As Meta takes it.
    pub(crate) fn parts(&self) -> &[Value] {
        &self.0
    }
}

/// A file by its link, or by Meta's id of it.
fn file(given: &str) -> Option<Value> {
    let is_id = given.len() <= 32 && given.bytes().all(|b| b.is_ascii_digit());
    let is_link =
        given.starts_with("https://") && url::Url::parse(given).is_ok_and(|url| url.host().is_some());
    if is_id { Some(json!({"id": given})) } else { is_link.then(|| json!({"link": given})) }
}

/// Words in a place. Line breaks and runs of spaces, which Meta refuses there, become one space; what is too long is cut.
fn parameter(name: &str, text: &str) -> Value {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text: String = words.join(" ").chars().take(PARAMETER_CHARS).collect();
    let is_numbered = name.bytes().all(|b| b.is_ascii_digit());
    if is_numbered {
        json!({"type": "text", "text": text})
    } else {
        json!({"type": "text", "parameter_name": name, "text": text})
    }
}
