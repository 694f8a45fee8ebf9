//! What is owed to us: when its debtor is reminded, and which of it a receipt pays (`slip`). The stages and the caps are
//! data: lines of the house's rules ([`crate::House`]), and where those say nothing the lines of `collections.tsv` beside
//! this file.
//!
//! Amounts are whole ten-thousandths of their currency.

mod payee;
mod slip;
#[cfg(test)]
mod tests;

use std::fmt;

use time::{Date, Duration};

use crate::house::Sum;

pub use payee::{Payee, stands_as};
pub use slip::{Doubt, Owed, Paid, Slip, pays};

/// The lines that come with Acuse, in the form of the house's rules.
pub(crate) const OURS: &str = include_str!("collections.tsv");
/// Most days before or after the due day that a stage may lie.
const MOST_DAYS: i64 = 366;

/// On which days from the one on which it is due something is reminded of, and from which on a person has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Stages {
    reminders: Vec<i64>,
    person: i64,
}

impl Stages {
    /// Out of the cells of a line; `-` for no reminder.
    pub(crate) fn read(reminders: &str, person: &str) -> Result<Self, &'static str> {
        let day = |text: &str| {
            let day = text.trim().parse::<i64>().ok().filter(|day| (-MOST_DAYS..=MOST_DAYS).contains(day));
            day.ok_or("a stage is a number of days from the due day, such as -3 or 10, a year at most")
        };
        let reminders = match reminders {
            "" | "-" => Vec::new(),
            days => days.split(',').map(day).collect::<Result<Vec<_>, _>>()?,
        };
        let person = day(person)?;
        if !reminders.windows(2).all(|pair| pair[0] < pair[1]) {
            return Err("each reminder comes on a later day than the one before");
        }
        if reminders.last().is_some_and(|last| *last >= person) {
            return Err("a person has it on a later day than the last reminder");
        }
        Ok(Self { reminders, person })
    }
}

/// How what is owed is collected, by the rules that count.
///
/// What stands in flight goes on when the rules change. Where an obligation stands is the day of its last reminder, and no
/// place in a list: whatever the stages are by then, the next one is the first that lies after that day, so none is said
/// twice and no later one is left out. What was scheduled by the rules before is scheduled anew by the next sweep. What a
/// person has is theirs, and what a receipt was proposed to pay waits for their word, whatever the cap is by then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collecting {
    stages: Stages,
    caps: Vec<Sum>,
}

/// What is next for an obligation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// A reminder, on this day.
    Reminder(Date),
    /// A person, on this day.
    Person(Date),
}

impl Next {
    /// The day.
    #[must_use]
    pub fn day(self) -> Date {
        match self {
            Self::Reminder(day) | Self::Person(day) => day,
        }
    }
}

impl Collecting {
    pub(crate) fn new(stages: Stages, caps: Vec<Sum>) -> Self {
        Self { stages, caps }
    }

    /// What is next for what is due on a day, by when its debtor was reminded of it last; a promise to pay by a later day
    /// puts it off.
    #[must_use]
    pub fn next(&self, due: Date, last: Option<Date>, promised: Option<Date>) -> Next {
        let at = |days: i64| due.saturating_add(Duration::days(days));
        // The day after what was promised, and not before.
        let held = |day: Date| promised.and_then(Date::next_day).map_or(day, |promised| day.max(promised));
        let mut stages = self.stages.reminders.iter().map(|days| at(*days));
        match stages.find(|day| last.is_none_or(|last| *day > last)) {
            Some(day) => Next::Reminder(held(day)),
            None => Next::Person(held(at(self.stages.person))),
        }
    }

    /// The last day on which something may be due that is at its first stage on this day, or was before.
    #[must_use]
    pub fn due_by(&self, today: Date) -> Date {
        let first = self.stages.reminders.first().copied().unwrap_or(self.stages.person);
        today.saturating_sub(Duration::days(first))
    }

    /// The most that a receipt in this currency settles by itself, in ten-thousandths; 0: a person confirms each.
    #[must_use]
    pub fn cap(&self, currency: &str) -> i64 {
        let cap = self.caps.iter().find(|cap| cap.currency.eq_ignore_ascii_case(currency));
        cap.map_or(0, |cap| cap.amount)
    }
}

impl fmt::Display for Collecting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days: Vec<String> = self.stages.reminders.iter().map(|day| format!("{day:+}")).collect();
        let days = if days.is_empty() { "none".to_owned() } else { days.join(", ") };
        write!(f, "reminders on days {days} from the due day, a person on day {:+}; ", self.stages.person)?;
        let caps: Vec<String> =
            self.caps.iter().filter(|cap| cap.amount > 0).map(ToString::to_string).collect();
        if caps.is_empty() {
            write!(f, "a person confirms each receipt")
        } else {
            write!(f, "a receipt settles by itself up to {}", caps.join(", "))
        }
    }
}
