//! What the desk's form asks for: which decision, by which button, and what goes with it.

use acuse_conversation::Clock;
use acuse_pipeline::document::Kind;
use acuse_storage::{CustomerId, Document, DocumentId};
use time::{Date, Duration, OffsetDateTime, macros::format_description};

use crate::{
    desk::{document, split_form, typed::Typed},
    extract::word,
    problem::Problem,
    review::{Ask, Refusal, Verdict, Whose},
};

/// When a morning begins, minutes after midnight.
const MORNING: u16 = 6 * 60;

/// `1d`, `3d`, `7d`, or the morning of a day, by this clock.
pub(super) fn until(typed: &Typed, now: OffsetDateTime, clock: &Clock) -> Option<OffsetDateTime> {
    if let Some(day) = typed.get("until_day").filter(|day| !day.is_empty()) {
        let date = Date::parse(day, format_description!("[year]-[month]-[day]")).ok()?;
        return Some(clock.moment(date, MORNING));
    }
    let days: i64 = typed.get("until")?.strip_suffix('d')?.parse().ok()?;
    now.checked_add(Duration::days(days.clamp(0, 366)))
}

/// What was written beside a decision, whichever box it stands in, after what the button says.
fn beside(button: Option<String>, boxes: &[&str], typed: &Typed) -> Option<String> {
    let said = boxes.iter().filter_map(|name| typed.get(name)).filter(|said| !said.is_empty());
    let all: Vec<String> = button.into_iter().chain(said.map(str::to_owned)).collect();
    (!all.is_empty()).then(|| all.join(": "))
}

/// Why it is rejected: the reason that the button names, and what was written beside it.
fn why(typed: &Typed) -> Option<String> {
    beside(rejection(typed), &["reject_note", "note", "memo"], typed)
}

/// What the sender is told, word for word: where the box was emptied the sentence that stood there, and never a note beside
/// it, which is ours.
fn message(typed: &Typed) -> Option<String> {
    let said = |name: &str| typed.get(name).filter(|said| !said.is_empty()).map(str::to_owned);
    said("ask_text").or_else(|| said("ask_default"))
}

/// A verdict, and what it is because of where the button says.
pub(super) fn verdict(action: &str) -> Result<Verdict, Problem> {
    Ok(match action.split(':').next().unwrap_or_default() {
        "retry" => Verdict::Retry,
        "duplicate" => Verdict::Duplicate,
        "approve" => Verdict::Approve,
        "correct" => Verdict::Correct,
        "reject" => Verdict::Reject,
        "ask_again" => Verdict::AskAgain,
        "split" => Verdict::Split,
        _ => return Err(Problem::BadRequest("choose what to do with it".to_owned())),
    })
}

/// Every decision names the version that it is about.
pub(super) fn seen(typed: &Typed) -> Result<i64, Problem> {
    typed
        .number("version")
        .ok_or_else(|| Problem::BadRequest("version: say which version you looked at".to_owned()))
}

pub(super) fn asked(verdict: Verdict, document: &Document, typed: &Typed) -> Result<Ask, Refusal> {
    let deciding = matches!(verdict, Verdict::Approve | Verdict::Correct);
    let kind = word::<Kind>("kind", typed.get("kind"))?.filter(|_| deciding);
    let said = |name: &str| typed.get(name).filter(|n| !n.is_empty()).map(str::to_owned);
    Ok(Ask {
        verdict,
        kind,
        fields: kind.map(|kind| typed.changes(kind, document)).unwrap_or_default(),
        whose: match typed.get("customer_id").filter(|_| deciding) {
            None => Whose::Keep,
            Some("") => Whose::Nobody,
            Some(id) => word::<CustomerId>("customer", Some(id))?.map_or(Whose::Keep, Whose::Customer),
        },
        parts: if verdict == Verdict::Split {
            Some(split_form::said(typed.get("parts").unwrap_or_default())?)
        } else {
            None
        },
        note: match verdict {
            Verdict::Reject => why(typed),
            Verdict::AskAgain => {
                let own = typed.get("ask_text").filter(|text| Some(*text) != typed.get("ask_default"));
                said("note").or_else(|| own.filter(|text| !text.is_empty()).map(str::to_owned))
            }
            _ => beside(None, &["note", "memo"], typed),
        },
        message: (verdict == Verdict::AskAgain).then(|| message(typed)).flatten(),
        duplicate_of: match verdict {
            Verdict::Duplicate => {
                let typed_in = || typed.get("duplicate_of").map(id_in);
                word::<DocumentId>("duplicate_of", named(typed, "duplicate:").or_else(typed_in))?
            }
            _ => None,
        },
        because: said("because"),
        against: Some(typed.all("warned").map(str::to_owned).collect()),
        seen_version: Some(seen(typed)?),
        fence: typed.number("fence"),
        held_until: None,
    })
}

/// What the button names behind its action.
fn named<'a>(typed: &'a Typed, action: &str) -> Option<&'a str> {
    typed.get("action")?.strip_prefix(action)
}

/// The id in a document's address, which is what one copies; else the text itself.
fn id_in(text: &str) -> &str {
    let path = text.split(['?', '#']).next().unwrap_or(text);
    path.rsplit('/').find(|part| !part.is_empty()).unwrap_or(path)
}

/// The reason that the button names.
fn rejection(typed: &Typed) -> Option<String> {
    document::why_rejected(named(typed, "reject:")?).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn an_address_names_its_document() {
        for text in
            ["01", "/documents/01", "https://desk.example/documents/01/?reason=malware#page-1", "01#x"]
        {
            assert_eq!(id_in(text), "01", "{text}");
        }
        assert_eq!(id_in(""), "");
    }

    #[test]
    fn a_day_begins_with_its_morning_where_we_are() {
        let typed = |name: &str, value: &str| Typed(vec![(name.to_owned(), value.to_owned())]);
        let now = datetime!(2026-10-01 12:00 UTC);
        for (zone, morning) in [
            ("America/Bogota", datetime!(2026-10-02 11:00 UTC)),
            ("Europe/Madrid", datetime!(2026-10-02 4:00 UTC)),
        ] {
            let clock = Clock::of_zone(zone).unwrap();
            assert_eq!(until(&typed("until_day", "2026-10-02"), now, &clock), Some(morning), "{zone}");
            assert_eq!(until(&typed("until", "3d"), now, &clock), Some(now + Duration::days(3)), "{zone}");
        }
        assert_eq!(until(&typed("until_day", "someday"), now, &Clock::default()), None);
    }

    #[test]
    fn a_note_of_ours_is_nothing_that_the_sender_is_told() {
        let told = |ask_text: &str| {
            let form = [("note", "he lies"), ("ask_default", "Send it again."), ("ask_text", ask_text)];
            message(&Typed(form.map(|(name, value)| (name.to_owned(), value.to_owned())).into()))
        };
        assert_eq!(told("Only page 2, please.").as_deref(), Some("Only page 2, please."));
        assert_eq!(told(" ").as_deref(), Some("Send it again."));
        assert_eq!(message(&Typed::default()), None, "where nothing was asked in a box");
    }

    #[test]
    fn what_is_written_beside_a_reason_of_the_list_is_kept_with_it() {
        let said = |said: &[(&str, &str)]| {
            let form = said.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            why(&Typed(form.collect()))
        };
        let (code, words) = document::rejections()[0];
        let listed = format!("reject:{code}");
        assert_eq!(said(&[("action", listed.as_str())]).as_deref(), Some(words));
        let both = said(&[("action", listed.as_str()), ("reject_note", ""), ("note", "page 3 is Ana's")]);
        assert_eq!(both, Some(format!("{words}: page 3 is Ana's")));
        assert_eq!(said(&[("action", "reject"), ("note", "not ours")]).as_deref(), Some("not ours"));
        assert_eq!(said(&[("action", "reject")]), None);
        let noted = Typed(vec![("memo".to_owned(), "ask Ana".to_owned())]);
        assert_eq!(
            beside(None, &["note", "memo"], &noted).as_deref(),
            Some("ask Ana"),
            "not kept by itself yet"
        );
    }
}
