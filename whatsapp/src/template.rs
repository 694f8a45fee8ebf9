//! What a template takes in its header, its body and its buttons, as Meta tells of it, and whether what somebody gives it
//! fits: Meta says so only once it is sent, and then shuts nothing but the message.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thiserror::Error;

/// Longest text of a place in a body, characters; what is longer is cut.
const PARAMETER_CHARS: usize = 900;
/// Longest header, characters.
const HEADER_CHARS: usize = 60;
/// Longest end of a link, payload of a quick reply, and code (Meta).
const LINK_CHARS: usize = 2_000;
const PAYLOAD_CHARS: usize = 128;
const CODE_CHARS: usize = 15;
/// Longest name of a place that is looked at, characters.
const NAME_CHARS: usize = 64;

/// What the header of a template takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Header {
    /// Words in its one place, which has this name (`1` where it has a number).
    Text(String),
    /// A picture.
    Image,
    /// A video.
    Video,
    /// A file.
    Document,
}

/// What a button of a template takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Button {
    /// Nothing.
    Nothing,
    /// What comes back when it is tapped; its title, where nobody says.
    Reply,
    /// The end of its link.
    Link,
    /// The code that it copies.
    Code,
}

/// What a template takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Takes {
    /// Its header; none: there is none, or it takes nothing.
    #[serde(default)]
    pub header: Option<Header>,
    /// Names of the places of its body in the order in which they are given; `1`, `2`… where they have numbers.
    #[serde(default)]
    pub body: Vec<String>,
    /// Its buttons, in their order.
    #[serde(default)]
    pub buttons: Vec<Button>,
    /// It has a part that nothing here sends: a place on a map, cards, products, an offer that ends.
    #[serde(default)]
    pub is_beyond: bool,
}

/// A file that was uploaded for the header of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderFile<'a> {
    /// Meta's id of it.
    pub media_id: &'a str,
    /// What a document is called on their telephone.
    pub filename: Option<&'a str>,
}

impl HeaderFile<'static> {
    /// One that is yet to be uploaded: to see whether it fits.
    pub const YET: Self = Self { media_id: "0", filename: None };
}

/// What somebody gives a template.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Given<'a> {
    /// The words of its header; or a link (https) to its file, or Meta's id of one.
    pub header: Option<&'a str>,
    /// A file that was uploaded for its header.
    pub file: Option<HeaderFile<'a>>,
    /// What stands in the places of its body.
    pub body: &'a [String],
    /// What each of its buttons takes, in their order; empty where one takes nothing.
    pub buttons: &'a [String],
}

/// What stands in a template, in the parts in which Meta takes it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Filled(Vec<Value>);

impl std::fmt::Debug for Filled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Words to a person belong in no log.
        write!(f, "Filled({} parts)", self.0.len())
    }
}

/// Why what was given does not fit a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unfit {
    /// Its body has so many places, and was given others.
    #[error("params: that template takes {0}, one for each place in its body")]
    Body(usize),
    /// Its header takes words, and there are none.
    #[error("header: that template has a place in its header, and nothing stands there")]
    HeaderWords,
    /// Its header is a file, and there is none.
    #[error(
        "header: that template begins with {0}: say the id of a document of ours, its link (https) or Meta's id of it"
    )]
    HeaderFile(&'static str),
    /// Of the document that was named nothing may stand there.
    #[error(
        "header: of that document nothing is sent as {0}: there is none, it is not for everybody's eyes, or it is no such file"
    )]
    NoDocument(&'static str),
    /// Its header takes nothing, and was given something.
    #[error("header: that template takes nothing there")]
    NoHeader,
    /// Its header would be too long.
    #[error("header: at most 60 characters")]
    HeaderLong,
    /// It has so many buttons, and was given more.
    #[error("buttons: that template has {0}")]
    Buttons(usize),
    /// That button takes something, and was given nothing.
    #[error("buttons: button {0} of that template takes {1}, and nothing was given")]
    ButtonEmpty(usize, &'static str),
    /// That button takes nothing, and was given something.
    #[error("buttons: button {0} of that template takes nothing")]
    ButtonFull(usize),
    /// What was given for that button cannot be sent.
    #[error("buttons: button {0} takes {1}")]
    ButtonWrong(usize, &'static str),
    /// It has a part that nothing here sends.
    #[error(
        "template: it has a part that is not sent from here (a place on a map, cards, products or an offer)"
    )]
    Beyond,
    /// Meta has not told yet what it takes.
    #[error("template: what its header and its buttons take is not known yet; ask again in an hour")]
    NotKnown,
}

impl Header {
    /// What a header is that is a file, in words; none where it is words.
    #[must_use]
    pub fn as_file(&self) -> Option<&'static str> {
        self.file().map(|(_, said)| said)
    }

    fn file(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Text(_) => None,
            Self::Image => Some(("image", "a picture")),
            Self::Video => Some(("video", "a video")),
            Self::Document => Some(("document", "a file")),
        }
    }
}

impl Takes {
    /// What a template takes by its components; none where they do not say.
    #[must_use]
    pub fn of(components: &Value) -> Option<Self> {
        let mut takes = Self::default();
        let mut has_body = false;
        for component in components.as_array()? {
            match word(component, "type").as_str() {
                "BODY" => {
                    has_body = true;
                    takes.body = places(text(component, "text"));
                }
                "HEADER" => match word(component, "format").as_str() {
                    "" | "TEXT" => {
                        takes.header = places(text(component, "text")).into_iter().next().map(Header::Text);
                    }
                    "IMAGE" => takes.header = Some(Header::Image),
                    "VIDEO" => takes.header = Some(Header::Video),
                    "DOCUMENT" => takes.header = Some(Header::Document),
                    _ => takes.is_beyond = true,
                },
                "BUTTONS" => takes.add_buttons(component),
                "FOOTER" => {}
                _ => takes.is_beyond = true,
            }
        }
        has_body.then_some(takes)
    }

    fn add_buttons(&mut self, component: &Value) {
        for button in component.get("buttons").and_then(Value::as_array).into_iter().flatten() {
            self.buttons.push(match word(button, "type").as_str() {
                "QUICK_REPLY" => Button::Reply,
                "URL" if !text(button, "url").contains("{{") => Button::Nothing,
                "URL" | "OTP" => Button::Link,
                "COPY_CODE" => Button::Code,
                "MPM" | "SPM" | "ORDER_DETAILS" => {
                    self.is_beyond = true;
                    Button::Nothing
                }
                _ => Button::Nothing,
            });
        }
    }

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

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn word(value: &Value, key: &str) -> String {
    text(value, key).to_ascii_uppercase()
}

/// The names of the places in a text (`{{1}}`, `{{name}}`), each once: by their numbers, or as they stand.
#[must_use]
pub fn places(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for rest in text.split("{{").skip(1) {
        let Some((name, _)) = rest.split_once("}}") else { continue };
        let name = name.trim();
        let is_name = (1..=NAME_CHARS).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if is_name && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    let numbers: Option<Vec<u32>> = names.iter().map(|name| name.parse().ok()).collect();
    if let Some(mut numbers) = numbers {
        numbers.sort_unstable();
        return numbers.iter().map(ToString::to_string).collect();
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(components: Value) -> Takes {
        Takes::of(&components).unwrap()
    }

    #[test]
    fn the_places_of_a_text_are_counted() {
        for (text, names) in [
            ("Hola {{1}}, tu pedido {{2}} salió, {{1}}.", vec!["1", "2"]),
            ("{{2}} y {{1}}", vec!["1", "2"]),
            ("Hola {{name}}, {{ order_id }}", vec!["name", "order_id"]),
            ("Hola {{}} {{a b}} {{1", Vec::new()),
        ] {
            assert_eq!(places(text), names, "{text}");
        }
        assert_eq!(Takes::of(&json!([{"type": "FOOTER", "text": "a"}])), None, "nobody said what it takes");
        assert_eq!(Takes::of(&Value::Null), None);
    }

    #[test]
    fn what_each_part_takes_is_known_and_what_does_not_fit_says_so() {
        let order = takes(json!([
            {"type": "HEADER", "format": "TEXT", "text": "Pedido {{1}}"},
            {"type": "BODY", "text": "Hola {{1}}."},
            {"type": "FOOTER", "text": "Ferretería Sur"},
            {"type": "BUTTONS", "buttons": [
                {"type": "QUICK_REPLY", "text": "Gracias"},
                {"type": "URL", "text": "Ver", "url": "https://example.com/{{1}}"},
                {"type": "URL", "text": "Casa", "url": "https://example.com/"},
                {"type": "COPY_CODE", "text": "Copiar"}]},
        ]));
        let owned = |all: &[&str]| all.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        let (body, buttons) = (owned(&["Ana"]), owned(&["", "o/77", "", "VERANO"]));
        let whole = Given { header: Some("77"), file: None, body: &body, buttons: &buttons };
        let filled = order.fill(whole).unwrap();
        assert_eq!(
            filled.parts(),
            [
                json!({"type": "header", "parameters": [{"type": "text", "text": "77"}]}),
                json!({"type": "body", "parameters": [{"type": "text", "text": "Ana"}]}),
                json!({"type": "button", "sub_type": "url", "index": "1",
                    "parameters": [{"type": "text", "text": "o/77"}]}),
                json!({"type": "button", "sub_type": "copy_code", "index": "3",
                    "parameters": [{"type": "coupon_code", "coupon_code": "VERANO"}]}),
            ]
        );
        assert!(!format!("{filled:?}").contains("Ana"));
        let none: Vec<String> = Vec::new();
        let long = "x".repeat(61);
        let (no_link, no_code) = (owned(&["ok"]), owned(&["", "o/77"]));
        let (full, more) = (owned(&["", "o/77", "a", "V"]), owned(&["", "a", "", "V", "b"]));
        let (spaces, wordy) = (owned(&["", "o 77", "", "V"]), owned(&["", "a", "", "MORE-THAN-FIFTEEN"]));
        for (given, why) in [
            (Given { header: None, ..whole }, Unfit::HeaderWords),
            (Given { header: None, file: Some(HeaderFile::YET), ..whole }, Unfit::HeaderWords),
            (Given { header: Some(&long), ..whole }, Unfit::HeaderLong),
            (Given { body: &none, ..whole }, Unfit::Body(1)),
            (Given { buttons: &no_link, ..whole }, Unfit::ButtonEmpty(2, "what its link ends in")),
            (Given { buttons: &no_code, ..whole }, Unfit::ButtonEmpty(4, "the code that it copies")),
            (Given { buttons: &full, ..whole }, Unfit::ButtonFull(3)),
            (Given { buttons: &more, ..whole }, Unfit::Buttons(4)),
            (Given { buttons: &spaces, ..whole }, Unfit::ButtonWrong(2, "the end of a link, without spaces")),
            (Given { buttons: &wordy, ..whole }, Unfit::ButtonWrong(4, "a code of at most 15 characters")),
        ] {
            assert_eq!(order.fill(given), Err(why));
        }
        let plain = takes(json!([{"type": "BODY", "text": "Hola."}]));
        assert_eq!(plain.fill(Given { header: Some("a"), ..Given::default() }), Err(Unfit::NoHeader));
        let file = Given { file: Some(HeaderFile::YET), ..Given::default() };
        assert_eq!(plain.fill(file), Err(Unfit::NoHeader), "no file is left out in silence");
    }

    #[test]
    fn a_payload_that_is_too_long_is_an_error_and_no_empty_template() {
        let (body, most) = (["Hola".to_owned()], "x".repeat(PAYLOAD_CHARS));
        let fits = Filled::plain(&body, std::slice::from_ref(&most)).unwrap();
        assert_eq!(fits.parts()[1]["parameters"][0]["payload"], most.as_str());
        let wrong = Unfit::ButtonWrong(2, "at most 128 characters");
        assert_eq!(Filled::plain(&body, &[most.clone(), format!("{most}x")]), Err(wrong));
    }

    #[test]
    fn a_header_that_is_a_file_takes_a_link_or_an_id() {
        let bill =
            takes(json!([{"type": "HEADER", "format": "DOCUMENT"}, {"type": "BODY", "text": "Hola."}]));
        let with = |header: Option<&str>| bill.fill(Given { header, ..Given::default() });
        let of = |filled: Filled| filled.parts()[0]["parameters"][0].clone();
        assert_eq!(
            of(with(Some("https://example.com/a.pdf")).unwrap()),
            json!({"type": "document", "document": {"link": "https://example.com/a.pdf"}})
        );
        assert_eq!(of(with(Some("1689556900000001")).unwrap())["document"]["id"], "1689556900000001");
        for wrong in [None, Some("http://example.com/a.pdf"), Some("a.pdf"), Some("https://")] {
            assert_eq!(with(wrong), Err(Unfit::HeaderFile("a file")), "{wrong:?}");
        }
        let uploaded = HeaderFile { media_id: "77", filename: Some("factura.pdf") };
        let of_ours =
            |takes: &Takes| of(takes.fill(Given { file: Some(uploaded), ..Given::default() }).unwrap());
        assert_eq!(of_ours(&bill)["document"], json!({"id": "77", "filename": "factura.pdf"}));
        let picture =
            takes(json!([{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "Hola."}]));
        assert_eq!(of_ours(&picture)["image"], json!({"id": "77"}), "a picture has no name there");
    }

    #[test]
    fn places_with_names_are_sent_by_them_and_what_is_not_sent_from_here_is_refused() {
        let named = takes(json!([{"type": "BODY", "text": "Hola {{name}}."}]));
        let body = ["Ana  Ruiz\n".to_owned()];
        let filled = named.fill(Given { body: &body, ..Given::default() }).unwrap();
        let stands = &filled.parts()[0]["parameters"][0];
        assert_eq!(stands, &json!({"type": "text", "parameter_name": "name", "text": "Ana Ruiz"}));
        for part in [
            json!({"type": "HEADER", "format": "LOCATION"}),
            json!({"type": "CAROUSEL", "cards": []}),
            json!({"type": "BUTTONS", "buttons": [{"type": "MPM", "text": "a"}]}),
        ] {
            let beyond = takes(json!([{"type": "BODY", "text": "Hola."}, part]));
            assert_eq!(beyond.fill(Given::default()), Err(Unfit::Beyond));
        }
    }
}
