//! What a template takes, read off its components as Meta tells of them.

use serde_json::Value;

use super::{Button, Header, Takes};

/// Longest name of a place that is looked at, characters.
const NAME_CHARS: usize = 64;

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
