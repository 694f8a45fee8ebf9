//! What is owed to us: when its debtor is reminded, and which of it a receipt pays. The stages and the cap are data.
//!
//! Amounts are whole ten-thousandths of their currency.

use acuse_pipeline::{knowledge, understand::sheet::fold};
use time::{Date, Duration};

const OURS: &str = include_str!("collections.tsv");

/// How obligations are collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collecting {
    /// Days after the due date (before: negative) of each reminder, in order.
    pub stages: Vec<i64>,
    /// The day on which a person has it.
    pub person: i64,
    /// The most that a receipt settles by itself.
    pub cap: i64,
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
    /// Acuse's own; `None` when the data is not whole, which a test sees to.
    #[must_use]
    pub fn ours() -> Option<Self> {
        Self::read(OURS)
    }

    /// Out of a file.
    #[must_use]
    pub fn read(data: &'static str) -> Option<Self> {
        let cells = |key: &str| {
            knowledge::lines(data).find_map(|line| {
                let mut cells = line.split('\t');
                (cells.next() == Some(key)).then(|| cells.collect::<Vec<_>>())
            })
        };
        let stages = cells("stages")?;
        let [days, person] = stages.as_slice() else { return None };
        let stages: Vec<i64> = days.split(',').map(|day| day.parse().ok()).collect::<Option<_>>()?;
        let person = person.parse().ok()?;
        let cap = cells("cap")?.first()?.parse::<i64>().ok()?.checked_mul(10_000)?;
        let rising = stages.windows(2).all(|pair| pair[0] < pair[1]);
        (rising && stages.last().is_none_or(|last| *last < person)).then_some(Self { stages, person, cap })
    }

    /// What is next for what is due on a day, after so many reminders; a promise to pay by a later day puts it off.
    #[must_use]
    pub fn next(&self, due: Date, said: u32, promised: Option<Date>) -> Next {
        let at = |days: i64| due.saturating_add(Duration::days(days));
        // The day after what was promised, and not before.
        let held = |day: Date| promised.and_then(Date::next_day).map_or(day, |promised| day.max(promised));
        match usize::try_from(said).ok().and_then(|said| self.stages.get(said)) {
            Some(days) => Next::Reminder(held(at(*days))),
            None => Next::Person(held(at(self.person))),
        }
    }

    /// How many reminders are past already on a day, so that what comes in late is not told of day after day: the latest
    /// of them is still to be said.
    #[must_use]
    pub fn said_by(&self, due: Date, today: Date) -> u32 {
        let past =
            self.stages.iter().filter(|days| due.saturating_add(Duration::days(**days)) <= today).count();
        u32::try_from(past.saturating_sub(1)).unwrap_or_default()
    }
}

/// A receipt or slip, as far as it was read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Slip<'a> {
    /// What was paid.
    pub amount: Option<i64>,
    /// In which currency.
    pub currency: Option<&'a str>,
    /// All its words.
    pub text: &'a str,
    /// When.
    pub day: Option<Date>,
    /// It went to an account or a tax id of ours.
    pub payee_is_ours: bool,
    /// Its operation has a reference, and nobody has used that before.
    pub reference_is_new: bool,
}

/// What is owed.
#[derive(Debug, Clone, Copy)]
pub struct Owed<'a> {
    /// The number of its bill.
    pub number: &'a str,
    /// What is left of it.
    pub left: i64,
    /// In which currency.
    pub currency: &'a str,
    /// When it is due.
    pub due: Date,
}

/// Why a person must look before a receipt settles anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It was not paid to us, as far as it says.
    Payee,
    /// Its reference is missing, or was used.
    Reference,
    /// It is not what is owed.
    Amount,
    /// It may be for another one.
    Ambiguous,
    /// It is more than may be settled by itself.
    Cap,
}

impl Doubt {
    /// As it is told.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Payee => "payee",
            Self::Reference => "reference",
            Self::Amount => "amount",
            Self::Ambiguous => "ambiguous",
            Self::Cap => "cap",
        }
    }
}

/// What a receipt pays: places in the list of what is owed, and what speaks against taking it so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paid {
    /// Which.
    pub pays: Vec<usize>,
    /// Why a person looks; without any, nobody need.
    pub doubts: Vec<Doubt>,
}

/// How far from the due date a payment without a number may be.
const BEFORE: Duration = Duration::days(60);
const AFTER: Duration = Duration::days(365);

/// Which of what is owed a slip pays. By the numbers that it names, else by what it comes to: one of them, all of them, or
/// the only two or three that make it up. What was paid to us and is none of these may be for the first that are due.
#[must_use]
pub fn pays(slip: &Slip<'_>, owed: &[Owed<'_>], cap: i64) -> Paid {
    let (Some(amount), Some(currency)) = (slip.amount.filter(|a| *a > 0), slip.currency) else {
        return Paid::default();
    };
    let same: Vec<usize> = (0..owed.len())
        .filter(|place| owed.get(*place).is_some_and(|o| o.currency.eq_ignore_ascii_case(currency)))
        .collect();
    let sum = |places: &[usize]| places.iter().filter_map(|p| owed.get(*p)).map(|o| o.left).sum::<i64>();
    let named: Vec<usize> = same.iter().copied().filter(|p| names(slip.text, owed, *p)).collect();
    let mut found = Paid::default();
    if !named.is_empty() {
        if sum(&named) != amount {
            found.doubts.push(Doubt::Amount);
        }
        found.pays = named;
    } else {
        let timely: Vec<usize> = same.into_iter().filter(|p| is_timely(slip, owed, *p)).collect();
        let ways = makes_up(&timely, owed, amount);
        match ways.as_slice() {
            // It was paid to us, and comes to nothing that is owed: a person knows what it is for.
            [] if slip.payee_is_ours => {
                found.pays = reached(&timely, owed, amount);
                if found.pays.is_empty() {
                    return found;
                }
                found.doubts.push(Doubt::Amount);
            }
            [] => return Paid::default(),
            [one] => found.pays.clone_from(one),
            [first, ..] => {
                found.pays.clone_from(first);
                found.doubts.push(Doubt::Ambiguous);
            }
        }
    }
    if !slip.payee_is_ours {
        found.doubts.push(Doubt::Payee);
    }
    if !slip.reference_is_new {
        found.doubts.push(Doubt::Reference);
    }
    if amount > cap {
        found.doubts.push(Doubt::Cap);
    }
    found
}

fn names(text: &str, owed: &[Owed<'_>], place: usize) -> bool {
    let plain = |text: &str| {
        fold(text).chars().filter(|c| c.is_alphanumeric() || c.is_whitespace()).collect::<String>()
    };
    let Some(number) = owed.get(place).map(|o| plain(o.number).split_whitespace().collect::<String>()) else {
        return false;
    };
    // A number of two figures stands in too many papers.
    number.len() >= 3 && plain(text).split_whitespace().any(|word| word == number)
}

fn is_timely(slip: &Slip<'_>, owed: &[Owed<'_>], place: usize) -> bool {
    let (Some(day), Some(one)) = (slip.day, owed.get(place)) else { return true };
    day >= one.due.saturating_sub(BEFORE) && day <= one.due.saturating_add(AFTER)
}

/// The first of what is owed, as far as an amount reaches.
fn reached(places: &[usize], owed: &[Owed<'_>], amount: i64) -> Vec<usize> {
    let mut left = amount;
    let reaches = |place: &usize| {
        let is_left = left > 0;
        left = left.saturating_sub(owed.get(*place).map_or(0, |one| one.left));
        is_left
    };
    places.iter().copied().take_while(reaches).collect()
}

/// Every way in which an amount is made up of one, of all, or else of two or three.
fn makes_up(places: &[usize], owed: &[Owed<'_>], amount: i64) -> Vec<Vec<usize>> {
    let left = |place: &usize| owed.get(*place).map_or(0, |o| o.left);
    let ones: Vec<Vec<usize>> = places.iter().filter(|p| left(p) == amount).map(|p| vec![*p]).collect();
    if !ones.is_empty() {
        return ones;
    }
    if places.iter().map(left).sum::<i64>() == amount {
        return vec![places.to_vec()];
    }
    let mut ways = Vec::new();
    for (n, a) in places.iter().enumerate() {
        for (m, b) in places.iter().enumerate().skip(n + 1) {
            if left(a) + left(b) == amount {
                ways.push(vec![*a, *b]);
            }
            for c in places.iter().skip(m + 1).filter(|c| left(a) + left(b) + left(c) == amount) {
                ways.push(vec![*a, *b, *c]);
            }
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::date;

    use super::*;

    const CAP: i64 = 10_000_000;

    fn owed(number: &'static str, left: i64) -> Owed<'static> {
        Owed { number, left: left * 10_000, currency: "EUR", due: date!(2026 - 05 - 03) }
    }

    fn slip(amount: i64, text: &str) -> Slip<'_> {
        Slip {
            amount: Some(amount * 10_000),
            currency: Some("EUR"),
            text,
            day: Some(date!(2026 - 05 - 04)),
            payee_is_ours: true,
            reference_is_new: true,
        }
    }

    #[test]
    fn reminders_come_by_stages_and_then_a_person() {
        let ours = Collecting::ours().unwrap();
        assert_eq!((ours.stages.as_slice(), ours.person, ours.cap), (&[-3, 0, 3][..], 10, 0));
        let due = date!(2026 - 05 - 10);
        let next = |said, promised| ours.next(due, said, promised);
        assert_eq!(next(0, None), Next::Reminder(date!(2026 - 05 - 07)));
        assert_eq!(next(2, None), Next::Reminder(date!(2026 - 05 - 13)));
        assert_eq!(next(3, None), Next::Person(date!(2026 - 05 - 20)));
        assert_eq!(
            next(1, Some(date!(2026 - 05 - 15))),
            Next::Reminder(date!(2026 - 05 - 16)),
            "the day after"
        );
        assert_eq!(next(2, Some(date!(2026 - 05 - 11))), Next::Reminder(date!(2026 - 05 - 13)));
        assert_eq!(ours.said_by(due, date!(2026 - 05 - 01)), 0);
        assert_eq!(ours.said_by(due, date!(2026 - 05 - 11)), 1, "of two that are past, the later is said");
    }

    #[test]
    fn a_slip_pays_what_it_names_or_what_it_comes_to() {
        let three = [owed("F-101", 100), owed("F-102", 150), owed("F-103", 200)];
        let table: [(Slip<'_>, &[usize], &[Doubt]); 13] = [
            (slip(100, "Pago F-101"), &[0], &[]),
            (slip(100, "nada"), &[0], &[]),
            (slip(450, "nada"), &[0, 1, 2], &[]),
            (slip(250, "nada"), &[0, 1], &[]),
            (slip(250, "facturas F101 y f-102"), &[0, 1], &[]),
            (slip(90, "Pago F-101"), &[0], &[Doubt::Amount]),
            (slip(77, "nada"), &[0], &[Doubt::Amount]),
            (slip(120, "nada"), &[0, 1], &[Doubt::Amount]),
            (Slip { payee_is_ours: false, ..slip(77, "nada") }, &[], &[]),
            (Slip { payee_is_ours: false, ..slip(100, "F-101") }, &[0], &[Doubt::Payee]),
            (Slip { reference_is_new: false, ..slip(100, "F-101") }, &[0], &[Doubt::Reference]),
            (Slip { currency: Some("USD"), ..slip(100, "F-101") }, &[], &[]),
            (Slip { day: Some(date!(2025 - 01 - 01)), ..slip(100, "nada") }, &[], &[]),
        ];
        for (slip, places, doubts) in table {
            let paid = pays(&slip, &three, CAP);
            assert_eq!((paid.pays.as_slice(), paid.doubts.as_slice()), (places, doubts), "{slip:?}");
        }
        let alike = [owed("F-101", 100), owed("F-102", 100)];
        assert_eq!(pays(&slip(100, "nada"), &alike, CAP).doubts, [Doubt::Ambiguous]);
        assert_eq!(pays(&slip(100, "F-102"), &alike, CAP), Paid { pays: vec![1], doubts: vec![] });
        assert_eq!(pays(&slip(100, "F-101"), &three, 0).doubts, [Doubt::Cap], "by default a person confirms");
        assert_eq!(pays(&slip(0, "F-101"), &three, CAP), Paid::default());
    }

    proptest! {
        /// Whatever is owed: what is taken without a doubt adds up to what was paid, to the last place.
        #[test]
        fn what_needs_nobody_is_exact(
            lefts in prop::collection::vec(1_i64..50, 0..6),
            amount in 1_i64..200,
            payee in any::<bool>(),
            fresh in any::<bool>(),
        ) {
            let all: Vec<Owed<'_>> = lefts.iter().map(|left| owed("F", *left)).collect();
            let paid = pays(&Slip { payee_is_ours: payee, reference_is_new: fresh, ..slip(amount, "") }, &all, CAP);
            if paid.doubts.is_empty() && !paid.pays.is_empty() {
                let sum: i64 = paid.pays.iter().map(|p| all[*p].left).sum();
                prop_assert_eq!(sum, amount * 10_000);
                prop_assert!(payee && fresh);
            }
        }
    }
}
