//! When we work, as it is said to somebody who asks.

use std::fmt::Write;

use minijinja::context;
use time::{OffsetDateTime, Weekday};

use crate::{book::say, hours::Hours, language::Language, wording::particulars::date_in_words};

/// Days ahead whose holidays are told of.
const AHEAD: i64 = 14;

/// The hours of the week, whether we are there now, and on which of the next days we are not.
#[must_use]
pub fn opening(hours: &Hours, now: OffsetDateTime, language: Language) -> String {
    let mut text = say(language, "hours.open_at", context! {});
    for (first, last, times) in hours.week.stretches() {
        let days = days(first, last, language);
        let times: Vec<String> =
            times.iter().map(|(from, to)| format!("{}–{}", clock(*from), clock(*to))).collect();
        let line = say(language, "hours.line", context! { days, times => times.join(", ") });
        let _ = write!(text, "\n{line}");
    }
    for day in hours.holidays_from(now, AHEAD) {
        let line = say(language, "hours.holiday", context! { date => date_in_words(day, language) });
        let _ = write!(text, "\n{line}");
    }
    let there = |at: OffsetDateTime| hours.clock.there(at);
    let time = |at: OffsetDateTime| {
        let time = there(at).time();
        clock(u16::from(time.hour()) * 60 + u16::from(time.minute()))
    };
    let now_said = match (hours.open_until(now), hours.open_from(now)) {
        (Some(until), _) => say(language, "hours.now_open", context! { time => time(until) }),
        (None, Some(next)) if there(next).date() == there(now).date() => {
            say(language, "hours.opens_today", context! { time => time(next) })
        }
        (None, Some(next)) => {
            let (day, date) =
                (weekday(there(next).weekday(), language), date_in_words(there(next).date(), language));
            say(language, "hours.opens", context! { day, date, time => time(next) })
        }
        (None, None) => String::new(),
    };
    let _ = write!(text, "\n{now_said}");
    text.trim_end().to_owned()
}

fn weekday(day: Weekday, language: Language) -> String {
    say(language, &format!("weekday.{}", day.number_from_monday()), context! {})
}

fn days(first: Weekday, last: Weekday, language: Language) -> String {
    let from = weekday(first, language);
    if first == last {
        return from;
    }
    say(language, "hours.days", context! { first => from, last => weekday(last, language) })
}

fn clock(minute: u16) -> String {
    format!("{}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::house::{EXAMPLE, House};

    #[test]
    fn hours_are_told_with_what_is_true_now() {
        let house = House::read(EXAMPLE).unwrap();
        let hours = house.hours().unwrap();
        let said = |at, language| opening(hours, at, language);
        assert_eq!(
            said(datetime!(2026-12-18 09:00 UTC), Language::Es),
            "Este es nuestro horario:\nlunes a viernes: 9:00–14:00, 16:00–19:00\nsábado: 10:00–13:00\n\
             Cerramos el 25 de diciembre de 2026.\nCerramos el 1 de enero de 2027.\nAhora estamos, hasta las 14:00."
        );
        let afternoon = said(datetime!(2026-12-18 14:00 UTC), Language::En);
        assert!(afternoon.ends_with("We are back today at 16:00."), "{afternoon}");
        assert!(afternoon.contains("\nMonday to Friday: 9:00–14:00, 16:00–19:00\n"), "{afternoon}");
        let christmas = said(datetime!(2026-12-24 20:00 UTC), Language::Pt);
        assert!(christmas.ends_with("Voltamos sábado, 26 de dezembro de 2026, às 10:00."), "{christmas}");
        let summer = said(datetime!(2026-07-01 07:30 UTC), Language::En);
        assert!(summer.ends_with("We are here now, until 14:00."), "by the clock of summer: {summer}");
    }
}
