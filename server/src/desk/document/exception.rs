//! What is known at once of a document that nothing can be read of, that is over or that is several, and the one right thing
//! to do about it.

use acuse_conversation::{Expects, TRIED, asks_of};
use acuse_pipeline::reason::{Reason, ReasonCode};
use serde_json::Value;
use time::{Date, macros::format_description};

use super::super::labels;

/// Why what carries malware is rejected, with the word of its button: no key of a list has it, for it has its own card.
pub const MALWARE: (&str, &str) = ("malware", "It carries malware");

/// The one right thing to do about a reason.
pub struct Act {
    pub label: &'static str,
    /// What its button decides; empty where it opens something.
    pub action: &'static str,
    /// What its button opens: a panel, or the form of the parts.
    pub opens: &'static str,
    /// Whether it has the key: the first of a page does.
    pub has_key: bool,
}

/// A document that a file seems to hold.
pub struct Piece {
    pub kind: &'static str,
    pub first_page: u64,
    pub last_page: u64,
    /// The number that it prints.
    pub number: String,
    /// What speaks for it.
    pub why: String,
}

impl Piece {
    fn of(said: &Value) -> Option<Self> {
        let text = |key: &str| said.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let page = |key: &str| said.get(key).and_then(Value::as_u64);
        let first_page = page("first_page")?;
        Some(Self {
            kind: labels::kind(text("kind").parse().ok()),
            first_page,
            last_page: page("last_page").unwrap_or(first_page),
            number: text("number"),
            why: text("why"),
        })
    }
}

/// The documents that a file seems to hold, with their pages.
#[must_use]
pub fn pieces(reason: &Reason) -> Vec<Piece> {
    let listed = reason.detail.get("documents").and_then(Value::as_array).into_iter().flatten();
    if reason.code == ReasonCode::MultipleDocuments {
        listed.filter_map(Piece::of).collect()
    } else {
        Vec::new()
    }
}

/// What is known beside what the reason itself says, as sentences with their values in them.
#[must_use]
pub fn known(reason: &Reason, today: Date) -> Vec<String> {
    let text = |key: &str| reason.detail.get(key).and_then(Value::as_str);
    match reason.code {
        ReasonCode::Malware => {
            text("signature").map(|name| format!("What was found in it: {name}.")).into_iter().collect()
        }
        ReasonCode::Encrypted if reason.detail.get(TRIED).is_some_and(|tried| tried == true) => {
            vec!["A password came, and did not open it.".to_owned()]
        }
        ReasonCode::Expired => text("expiry_date").and_then(|date| since(date, today)).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// How long ago a day was.
fn since(date: &str, today: Date) -> Option<String> {
    let day = Date::parse(date, format_description!("[year]-[month]-[day]")).ok()?;
    match (today - day).whole_days() {
        ..1 => None,
        1 => Some("That was yesterday.".to_owned()),
        days => Some(format!("That was {days} days ago.")),
    }
}

/// What of a reason's particulars these sentences say in its place.
#[must_use]
pub fn is_said(code: ReasonCode, particular: &str) -> bool {
    matches!(
        (code, particular),
        (ReasonCode::Malware, "signature")
            | (ReasonCode::Encrypted, "asks" | "password_tried")
            | (ReasonCode::Expired, "expiry_date" | "today")
    )
}

/// Whether its sender can be asked for a password that opens it.
#[must_use]
pub fn has_password(reason: &Reason) -> bool {
    reason.code == ReasonCode::Encrypted && asks_of(reason) == Some(Expects::Password)
}

/// The one right thing to do about a reason; none where a person has to look.
#[must_use]
pub fn act(reason: &Reason, by_whatsapp: bool) -> Option<Act> {
    let (label, action, opens) = match reason.code {
        ReasonCode::Malware => ("Reject it", "reject:malware", ""),
        ReasonCode::Encrypted if by_whatsapp && has_password(reason) => {
            ("Ask the sender for the password", "ask_password", "")
        }
        ReasonCode::Encrypted => ("Ask for it without its password", "", "ask"),
        ReasonCode::Expired => ("Ask for a valid one", "", "ask"),
        ReasonCode::MultipleDocuments => ("Look through the parts and split it", "", "parts"),
        _ => return None,
    };
    Some(Act { label, action, opens, has_key: false })
}

/// What usually helps.
#[must_use]
pub fn advice(reason: &Reason) -> &'static str {
    use ReasonCode::{
        ActiveContent, Corrupt, DecompressionBomb, Encrypted, Expired, Malware, MediaUnavailable,
        MultipleDocuments, NotADocument, RetriesExhausted, TooLarge, TypeMismatch, Unreadable,
        UnsupportedType,
    };
    match reason.code {
        Encrypted if has_password(reason) => {
            "It is asked for in the chat, kept sealed until it has opened the file, and stands nowhere afterwards."
        }
        Encrypted => "Ask for it without its password.",
        Malware => "Nobody opens it. Reject it; only an operator can have the original.",
        Expired => "Ask for a valid one, or accept it on purpose.",
        MultipleDocuments => "Say which pages are which document, and split it.",
        MediaUnavailable | RetriesExhausted => "What failed may work by now: try again.",
        Unreadable => "Ask for a better picture, or type what you can read.",
        NotADocument => "Reject it, or say what it is.",
        UnsupportedType | TypeMismatch | Corrupt | TooLarge | DecompressionBomb | ActiveContent => {
            "Ask for another file."
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use acuse_conversation::ASKS;
    use acuse_pipeline::document::Kind;
    use serde_json::json;
    use time::macros::date;

    use super::*;
    use crate::tongue::Tongue;

    fn reason(code: ReasonCode) -> Reason {
        Reason::new(code, "x")
    }

    #[test]
    fn a_card_says_what_is_known_of_it() {
        let today = date!(2026 - 05 - 14);
        let infected = reason(ReasonCode::Malware).with("signature", "Eicar-Test-Signature");
        assert_eq!(known(&infected, today), ["What was found in it: Eicar-Test-Signature."]);
        let over = |day: &str| known(&reason(ReasonCode::Expired).with("expiry_date", day), today);
        assert_eq!(over("2026-05-04"), ["That was 10 days ago."]);
        assert_eq!(over("2026-05-13"), ["That was yesterday."]);
        for none in ["2026-05-14", "2027-01-01", "soon", ""] {
            assert!(over(none).is_empty(), "{none}");
        }
        let tried = reason(ReasonCode::Encrypted).with(TRIED, true);
        assert_eq!(known(&tried, today).len(), 1);
        assert!(known(&reason(ReasonCode::Encrypted), today).is_empty());
        let parts = json!([{ "kind": "invoice", "first_page": 1, "last_page": 2, "number": "F-7" },
            { "kind": "receipt", "first_page": 3, "last_page": 3, "why": "a new total" }, "nonsense"]);
        let found = pieces(&reason(ReasonCode::MultipleDocuments).with("documents", parts));
        let said: Vec<_> =
            found.iter().map(|p| (p.kind, p.first_page, p.last_page, p.number.as_str())).collect();
        let kind = |kind| labels::kind(Some(kind));
        assert_eq!(said, [(kind(Kind::Invoice), 1, 2, "F-7"), (kind(Kind::Receipt), 3, 3, "")]);
        assert!(pieces(&reason(ReasonCode::MultipleDocuments).with("documents", 2)).is_empty());
    }

    #[test]
    fn each_has_the_one_right_thing_to_do() {
        let does = |reason: &Reason, by_whatsapp| act(reason, by_whatsapp).map(|act| (act.action, act.opens));
        let locked = reason(ReasonCode::Encrypted).with(ASKS, "password");
        assert_eq!(does(&locked, true), Some(("ask_password", "")));
        assert_eq!(does(&locked, false), Some(("", "ask")), "nobody answers over the API");
        assert_eq!(does(&reason(ReasonCode::Encrypted), true), Some(("", "ask")));
        assert_eq!(does(&reason(ReasonCode::Malware), true), Some(("reject:malware", "")));
        assert_eq!(does(&reason(ReasonCode::Expired), true), Some(("", "ask")));
        assert_eq!(does(&reason(ReasonCode::MultipleDocuments), true), Some(("", "parts")));
        assert_eq!(does(&reason(ReasonCode::LowConfidence), true), None);
    }

    #[test]
    fn all_of_it_is_said_in_every_language() {
        let locked = reason(ReasonCode::Encrypted).with(ASKS, "password").with(TRIED, true);
        let over = reason(ReasonCode::Expired).with("expiry_date", "2026-05-04");
        let infected = reason(ReasonCode::Malware).with("signature", "Eicar");
        let plain = ReasonCode::ALL.iter().map(|code| reason(*code));
        for reason in plain.chain([locked, over, infected]) {
            for tongue in [Tongue::Es, Tongue::Pt] {
                let labels = [true, false].into_iter().filter_map(|by| Some(act(&reason, by)?.label));
                for text in labels.chain([advice(&reason), MALWARE.1]).filter(|text| !text.is_empty()) {
                    assert!(tongue.knows(text), "{tongue:?}: {text}");
                }
                for text in known(&reason, date!(2026 - 05 - 14)) {
                    assert_ne!(tongue.say(&text), text);
                }
            }
        }
    }
}
