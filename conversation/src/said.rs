//! What a case says: how a burst is told of, and what is waited for.
//!
//! What was read off a document is a stranger's text: it is cut, and stripped of everything but plain characters.

use std::fmt::Write;

use minijinja::{Value, context};

use crate::{
    book::say,
    case::Expects,
    choice::Judged,
    language::Language,
    wording::particulars::{date_in_words, plain},
};

/// Most files that one message names.
const MOST_ITEMS: usize = 20;

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// It is filed.
    Filed,
    /// It came before.
    Same,
    /// A person looks at it.
    InReview,
    /// Another is asked for.
    Again,
    /// A person refused it.
    Rejected,
    /// It is still worked on.
    Reading,
}

impl Became {
    /// In the order in which they are told.
    const ALL: [Self; 6] =
        [Self::Filed, Self::Same, Self::InReview, Self::Again, Self::Rejected, Self::Reading];

    fn key(self) -> &'static str {
        match self {
            Self::Filed => "filed",
            Self::Same => "same",
            Self::InReview => "review",
            Self::Again => "again",
            Self::Rejected => "rejected",
            Self::Reading => "reading",
        }
    }
}

/// A file of a burst.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Which of those that were sent, from 1.
    pub number: usize,
    /// A word of `Kind` of documents: `invoice`, `receipt`, `id`, `other`.
    pub kind: String,
    /// Whom it is from, and what it comes to, as far as that may be said.
    pub particulars: Vec<String>,
    /// What became of it.
    pub became: Became,
    /// The reason, where another is asked for: a word of the closed list; or what is asked for.
    pub why: Option<String>,
    /// What is asked for is no other file in its place.
    pub is_answer: bool,
}

/// A sentence of a case.
fn sentence(key: &str, language: Language, values: Value) -> String {
    say(language, &format!("case.{key}"), values)
}

/// One that names nothing.
fn plainly(key: &str, language: Language) -> String {
    sentence(key, language, context! {})
}

/// So many files came.
#[must_use]
pub fn received(count: u32, language: Language) -> String {
    sentence("received", language, context! { n => count })
}

/// What became of the files of a burst, each in its place: what is filed, what waits, what to send again.
#[must_use]
pub fn summary(items: &[Item], language: Language) -> String {
    let mut text = sentence("summary", language, context! { n => items.len() });
    let mut named = 0;
    for became in Became::ALL {
        let of_these: Vec<&Item> = items.iter().filter(|item| item.became == became).collect();
        let fit = of_these.len().min(MOST_ITEMS.saturating_sub(named));
        let Some(shown) = of_these.get(..fit).filter(|_| !of_these.is_empty()) else { continue };
        named += fit;
        let _ = write!(text, "\n\n{}:", plainly(became.key(), language));
        for item in shown {
            let _ = write!(text, "\n{}. {}", item.number, line(item, language));
        }
        if fit < of_these.len() {
            let more = sentence("more", language, context! { n => of_these.len() - fit });
            let _ = write!(text, "\n{more}");
        }
    }
    text
}

/// What is still waited for: one sentence, or a numbered list.
#[must_use]
pub fn reminder(items: &[Item], language: Language) -> String {
    let key = if items.iter().any(|item| item.is_answer) { "reminder.answer" } else { "reminder" };
    if let [one] = items {
        return sentence(&format!("{key}.one"), language, context! { what => line(one, language) });
    }
    let mut text = plainly(key, language);
    for (n, item) in items.iter().take(MOST_ITEMS).enumerate() {
        let _ = write!(text, "\n{}. {}", n + 1, line(item, language));
    }
    text
}

/// What we need, in the sentence of its kind.
#[must_use]
pub fn needs(expects: Expects, language: Language) -> String {
    say(language, &format!("needs.{}", expects.as_str()), context! {})
}

/// A question about reading identity documents, and what is said to its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorization {
    /// Whether they agree.
    Ask,
    /// The choice that says yes.
    Yes,
    /// The choice that says no.
    No,
    /// They agreed.
    Granted,
    /// They did not.
    Refused,
    /// A document waits for it.
    Held,
}

/// What is said of the authorization to read identity documents.
#[must_use]
pub fn authorization(what: Authorization, language: Language) -> String {
    let key = match what {
        Authorization::Ask => "ask",
        Authorization::Yes => "yes",
        Authorization::No => "no",
        Authorization::Granted => "granted",
        Authorization::Refused => "refused",
        Authorization::Held => "held",
    };
    say(language, &format!("authorize.{key}"), context! {})
}

/// An answer in words or by a tap is kept.
#[must_use]
pub fn noted(language: Language) -> String {
    plainly("noted", language)
}

/// What opens a list of choices.
#[must_use]
pub fn choose(language: Language) -> String {
    plainly("choose", language)
}

/// A tap changes nothing, and why; `taken` is what the choice that was taken says. Of one that counts, nothing.
#[must_use]
pub fn tap(judged: Judged, taken: &str, language: Language) -> Option<String> {
    let key = match judged {
        Judged::Counts => return None,
        Judged::Taken(_) => "tap.taken",
        Judged::Late => "tap.late",
        Judged::Soon => "tap.soon",
        Judged::NotTheirs => "tap.not_theirs",
        Judged::Changed => "tap.changed",
        Judged::Over => "tap.over",
    };
    Some(say(language, key, context! { what => plain(taken) }))
}

/// What became of what somebody sent last, each with its day.
#[must_use]
pub fn status(items: &[(Item, time::Date)], language: Language) -> String {
    if items.is_empty() {
        return say(language, "support.none", context! {});
    }
    let mut text = say(language, "support.status", context! {});
    for (item, day) in items.iter().take(MOST_ITEMS) {
        let date = date_in_words(*day, language);
        let what = say(language, "support.of", context! { what => line(item, language), date });
        let _ = write!(text, "\n{what}: {}", plainly(item.became.key(), language));
    }
    text
}

/// What is waited for, or that nothing is.
#[must_use]
pub fn missing(items: &[Item], language: Language) -> String {
    if items.is_empty() { say(language, "support.nothing", context! {}) } else { reminder(items, language) }
}

/// How a file is sent again.
#[must_use]
pub fn send_again(language: Language) -> String {
    say(language, "support.again", context! {})
}

/// What can be asked here, to whoever was not understood.
#[must_use]
pub fn unclear(language: Language) -> String {
    say(language, "support.unclear", context! {})
}

/// What is said of an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval<'a> {
    /// It is asked for, of this.
    Ask(&'a str),
    /// The same once more.
    Reminder(&'a str),
    /// The choice that says yes.
    Approve,
    /// The choice that says no.
    Refuse,
    /// They said yes.
    Approved,
    /// They said no.
    Refused,
    /// What stands for a document that is shown at the desk alone.
    Withheld,
    /// As much of it was approved before, for another account or firm.
    OtherPayee,
    /// As much of it was approved before, in another currency.
    OtherCurrency,
}

/// What is said of an approval. Our own words, and what was read made fit for a message by whoever gives it.
#[must_use]
pub fn approval(what: Approval<'_>, language: Language) -> String {
    let (key, about) = match what {
        Approval::Ask(about) => ("ask", about),
        Approval::Reminder(about) => ("reminder", about),
        Approval::Approve => ("approve", ""),
        Approval::Refuse => ("refuse", ""),
        Approval::Approved => ("approved", ""),
        Approval::Refused => ("refused", ""),
        Approval::Withheld => ("withheld", ""),
        Approval::OtherPayee => ("other_payee", ""),
        Approval::OtherCurrency => ("other_currency", ""),
    };
    say(language, &format!("approval.{key}"), context! { what => about })
}

/// What is owed, as it is reminded of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The number of its bill.
    pub number: String,
    /// What is left of it, as a field writes amounts.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
    /// When it is or was due.
    pub due: time::Date,
    /// That day is over.
    pub is_late: bool,
}

fn due_values(due: &Due, language: Language) -> Value {
    let mark = say(language, "decimal_mark", context! {});
    context! { number => plain(&due.number), amount => due.amount.replace('.', &mark), currency => due.currency.as_str(),
    date => date_in_words(due.due, language) }
}

/// Reminds of what is owed: one sentence, or a list.
#[must_use]
pub fn owed(all: &[Due], language: Language) -> String {
    if let [one] = all {
        let key = if one.is_late { "collect.one.late" } else { "collect.one" };
        return say(language, key, due_values(one, language));
    }
    let mut text = say(language, "collect.many", context! {});
    for due in all.iter().take(MOST_ITEMS) {
        let _ = write!(text, "\n{}", say(language, "collect.line", due_values(due, language)));
    }
    if all.len() > MOST_ITEMS {
        let more = sentence("more", language, context! { n => all.len() - MOST_ITEMS });
        let _ = write!(text, "\n{more}");
    }
    text
}

/// Thanks for what was paid, by the numbers of its bills.
#[must_use]
pub fn paid(numbers: &[String], language: Language) -> String {
    let what: Vec<String> = numbers.iter().take(MOST_ITEMS).map(|number| plain(number)).collect();
    say(language, "collect.thanks", context! { what => what.join(", ") })
}

/// No more notices, as was asked.
#[must_use]
pub fn stopped(language: Language) -> String {
    plainly("stopped", language)
}

/// No more advertising, as was asked by WhatsApp's own switch; of nothing else was anything said.
#[must_use]
pub fn no_advertising(language: Language) -> String {
    plainly("stopped.marketing", language)
}

/// Notices again, as was asked.
#[must_use]
pub fn started(language: Language) -> String {
    plainly("started", language)
}

fn line(item: &Item, language: Language) -> String {
    let kind = match plainly(&item.kind, language) {
        kind if kind.is_empty() => plainly("other", language),
        kind => kind,
    };
    let particulars = item.particulars.iter().map(|text| plain(text)).filter(|text| !text.is_empty());
    let name: Vec<String> = std::iter::once(kind).chain(particulars).collect();
    let name = name.join(", ");
    let why = item.why.as_ref().map(|why| plainly(&format!("why.{why}"), language)).unwrap_or_default();
    if why.is_empty() { name } else { format!("{name} ({why})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(number: usize, became: Became) -> Item {
        let particulars = vec!["Café\nUno https://x.example".into(), "45.00 EUR".into()];
        let why = (became == Became::Again).then(|| "unreadable".to_owned());
        Item { number, kind: "receipt".into(), particulars, became, why, is_answer: false }
    }

    #[test]
    fn every_language_says_everything() {
        for became in Became::ALL {
            assert!(!plainly(became.key(), Language::Pt).is_empty());
        }
        let other = Language::choose(Some("fr"), None, None);
        assert_eq!(summary(&[], other), summary(&[], Language::Es));
    }

    #[test]
    fn a_summary_says_what_became_of_each_in_its_place() {
        let items = [
            item(1, Became::Filed),
            item(2, Became::Again),
            item(3, Became::Filed),
            item(4, Became::Reading),
        ];
        assert_eq!(
            summary(&items, Language::En),
            "This is what became of your 4 files:\n\nFiled:\n1. receipt, Café Uno, 45.00 EUR\n3. receipt, Café Uno, \
             45.00 EUR\n\nPlease send them again:\n2. receipt, Café Uno, 45.00 EUR (it is hard to read)\n\n\
             We are still reading them:\n4. receipt, Café Uno, 45.00 EUR"
        );
    }

    #[test]
    fn what_is_owed_is_a_sentence_or_a_list() {
        let due = |number: &str, is_late| Due {
            number: number.into(),
            amount: "120.00".into(),
            currency: "EUR".into(),
            due: time::macros::date!(2026 - 05 - 03),
            is_late,
        };
        let one = owed(&[due("F-7", false)], Language::Es);
        assert!(one.contains("factura F-7 por 120,00 EUR, que vence el 3 de mayo de 2026"), "{one}");
        assert!(owed(&[due("F-7", true)], Language::En).contains("was due on 3 May 2026"));
        let two = owed(&[due("F-7", false), due("F-8", true)], Language::Pt);
        assert!(
            two.ends_with("F-7: 120,00 EUR, 3 de maio de 2026\nF-8: 120,00 EUR, 3 de maio de 2026"),
            "{two}"
        );
        assert!(paid(&["F-7".into(), "F-8".into()], Language::Es).contains("F-7, F-8"));
    }

    #[test]
    fn a_long_summary_fits_a_message() {
        let items: Vec<Item> = (1..=500).map(|n| item(n, Became::Filed)).collect();
        let text = summary(&items, Language::Es);
        assert!(text.chars().count() < 4_096 && text.ends_with("y 480 más"), "{text}");
    }

    #[test]
    fn one_thing_is_a_sentence_and_more_are_a_list() {
        let one = reminder(&[item(1, Became::Again)], Language::Es);
        assert!(one.contains("tu recibo, Café Uno, 45.00 EUR (no se lee bien)."), "{one}");
        let side = Item { why: Some("side".into()), is_answer: true, ..item(1, Became::Again) };
        let one = reminder(std::slice::from_ref(&side), Language::En);
        assert!(one.contains("your answer about your receipt") && one.contains("other side"), "{one}");
        let both = reminder(&[side, item(2, Became::Again)], Language::Pt);
        assert!(both.starts_with("Ainda esperamos de você:") && both.contains("\n2. recibo"), "{both}");
        for language in [Language::Es, Language::En, Language::Pt] {
            let why = Some("authorization".to_owned());
            let held = Item { why, kind: "id".into(), is_answer: true, ..item(1, Became::Again) };
            let one = reminder(&[held], language);
            assert!(one.contains("autoriza") || one.contains("your authorization is missing"), "{one}");
        }
        let two = reminder(&[item(7, Became::Again), item(9, Became::Again)], Language::En);
        assert!(two.contains("\n1. receipt") && two.contains("\n2. receipt"), "{two}");
    }
}
