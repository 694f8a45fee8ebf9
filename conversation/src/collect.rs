//! What is owed to us: when its debtor is reminded, and which of it a receipt pays. The stages and the caps are data: lines
//! of the house's rules ([`crate::House`]), and where those say nothing the lines of `collections.tsv` beside this file.
//!
//! Amounts are whole ten-thousandths of their currency.

use std::fmt;

use acuse_pipeline::understand::sheet::fold;
use time::{Date, Duration};

use crate::house::Sum;

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
    /// It is not what is owed, or says no amount.
    Amount,
    /// It is in another currency than what is owed, or in none: what it comes to there nobody but a person says.
    Currency,
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
            Self::Currency => "currency",
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
///
/// What is owed in another currency than the slip's is found in the same ways, after what is owed in that one; it is never
/// taken without a doubt, for the figures of two currencies say nothing of each other. Where such a slip was paid to us and
/// its figures are nobody's, it may be for all that is owed. So may one that says no amount, or no currency.
#[must_use]
pub fn pays(slip: &Slip<'_>, owed: &[Owed<'_>], cap: i64) -> Paid {
    // Money that we give back pays nothing.
    if slip.amount.is_some_and(|amount| amount <= 0) {
        return Paid::default();
    }
    let mut found = named(slip, owed).or_else(|| made_up(slip, owed)).unwrap_or_default();
    if found.pays.is_empty() {
        return found;
    }
    if !slip.payee_is_ours {
        found.doubts.push(Doubt::Payee);
    }
    if !slip.reference_is_new {
        found.doubts.push(Doubt::Reference);
    }
    let is_comparable = !found.doubts.contains(&Doubt::Currency);
    if is_comparable && slip.amount.is_some_and(|amount| amount > cap) {
        found.doubts.push(Doubt::Cap);
    }
    found
}

/// What a slip pays by the numbers that it names.
fn named(slip: &Slip<'_>, owed: &[Owed<'_>]) -> Option<Paid> {
    let named = (0..owed.len()).filter(|place| names(slip.text, owed, *place));
    let (same, others): (Vec<usize>, Vec<usize>) =
        named.partition(|place| is_in_currency(slip, owed, *place));
    if !same.is_empty() {
        let sum = same.iter().filter_map(|p| owed.get(*p)).map(|o| o.left).sum::<i64>();
        let doubts = if slip.amount == Some(sum) { Vec::new() } else { vec![Doubt::Amount] };
        return Some(Paid { pays: same, doubts });
    }
    (!others.is_empty()).then(|| Paid { pays: others, doubts: vec![Doubt::Currency] })
}

/// What a slip pays by what it comes to.
fn made_up(slip: &Slip<'_>, owed: &[Owed<'_>]) -> Option<Paid> {
    let timely = (0..owed.len()).filter(|place| is_timely(slip, owed, *place));
    let (same, others): (Vec<usize>, Vec<usize>) =
        timely.partition(|place| is_in_currency(slip, owed, *place));
    let ways = |places: &[usize]| slip.amount.map_or_else(Vec::new, |amount| makes_up(places, owed, amount));
    if let Some(paid) = first_of(ways(&same), None) {
        return Some(paid);
    }
    // It was paid to us, and comes to nothing that is owed: a person knows what it is for.
    let unknown = |pays: Vec<usize>, doubt| {
        (slip.payee_is_ours && !pays.is_empty()).then(|| Paid { pays, doubts: vec![doubt] })
    };
    let reached = slip.amount.map_or_else(|| same.clone(), |amount| reached(&same, owed, amount));
    unknown(reached, Doubt::Amount)
        .or_else(|| {
            let in_one = |place: &usize| owed.get(*place).map(|one| one.currency);
            let mut currencies: Vec<&str> = others.iter().filter_map(in_one).collect();
            currencies.sort_unstable();
            currencies.dedup();
            let of = |currency: &str| {
                others.iter().copied().filter(|place| in_one(place) == Some(currency)).collect::<Vec<_>>()
            };
            let all = currencies.into_iter().flat_map(|currency| ways(&of(currency))).collect();
            first_of(all, Some(Doubt::Currency))
        })
        .or_else(|| unknown(others.clone(), Doubt::Currency))
}

/// The first of the ways in which a slip may be made up, if there is any.
fn first_of(ways: Vec<Vec<usize>>, doubt: Option<Doubt>) -> Option<Paid> {
    let is_one = ways.len() == 1;
    let pays = ways.into_iter().next()?;
    let ambiguous = (!is_one).then_some(Doubt::Ambiguous);
    Some(Paid { pays, doubts: doubt.into_iter().chain(ambiguous).collect() })
}

fn is_in_currency(slip: &Slip<'_>, owed: &[Owed<'_>], place: usize) -> bool {
    let (Some(currency), Some(one)) = (slip.currency, owed.get(place)) else { return false };
    one.currency.eq_ignore_ascii_case(currency)
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
    use crate::House;

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
        let ours = House::default().collecting();
        assert_eq!(
            ours.to_string(),
            "reminders on days -3, +0, +3 from the due day, a person on day +10; a person confirms each receipt"
        );
        assert_eq!((ours.cap("EUR"), ours.due_by(date!(2026 - 05 - 07))), (0, date!(2026 - 05 - 10)));
        let due = date!(2026 - 05 - 10);
        let next = |last, promised| ours.next(due, last, promised);
        assert_eq!(next(None, None), Next::Reminder(date!(2026 - 05 - 07)));
        assert_eq!(next(Some(date!(2026 - 05 - 07)), None), Next::Reminder(due));
        assert_eq!(next(Some(due), None), Next::Reminder(date!(2026 - 05 - 13)));
        assert_eq!(next(Some(date!(2026 - 05 - 13)), None), Next::Person(date!(2026 - 05 - 20)));
        let promised = |day| next(Some(date!(2026 - 05 - 07)), Some(day));
        assert_eq!(promised(date!(2026 - 05 - 15)), Next::Reminder(date!(2026 - 05 - 16)), "the day after");
        let kept = next(Some(due), Some(date!(2026 - 05 - 11)));
        assert_eq!(kept, Next::Reminder(date!(2026 - 05 - 13)));
        let late = next(Some(date!(2026 - 05 - 12)), None);
        assert_eq!(
            late,
            Next::Reminder(date!(2026 - 05 - 13)),
            "of what was past, nothing is said day after day"
        );
    }

    #[test]
    fn what_stands_in_flight_goes_on_by_the_stages_of_now() {
        let due = date!(2026 - 05 - 10);
        let last = Some(date!(2026 - 05 - 07));
        for (rules, next) in [
            ("collect\t-7,-3,0,3\t10", Next::Reminder(due)),
            ("collect\t-3,-1,0\t10", Next::Reminder(date!(2026 - 05 - 09))),
            ("collect\t5\t10", Next::Reminder(date!(2026 - 05 - 15))),
            ("collect\t-7\t4", Next::Person(date!(2026 - 05 - 14))),
            ("collect\t-\t1", Next::Person(date!(2026 - 05 - 11))),
            ("cap\t10 EUR", Next::Reminder(due)),
        ] {
            let rules = House::read(rules).unwrap();
            assert_eq!(rules.collecting().next(due, last, None), next, "{rules:?}");
        }
    }

    #[test]
    fn a_cap_is_of_its_currency() {
        let house = House::read("cap\t500.50 EUR\ncap\t0 USD").unwrap();
        let rules = house.collecting();
        assert_eq!((rules.cap("eur"), rules.cap("USD"), rules.cap("COP")), (5_005_000, 0, 0));
        assert!(rules.to_string().ends_with("settles by itself up to 500.50 EUR"), "{rules}");
        assert!(house.collects() && !House::default().collects());
    }

    #[test]
    fn a_slip_pays_what_it_names_or_what_it_comes_to() {
        let three = [owed("F-101", 100), owed("F-102", 150), owed("F-103", 200)];
        let table: [(Slip<'_>, &[usize], &[Doubt]); 12] = [
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

    #[test]
    fn what_is_in_another_currency_or_in_none_is_a_persons() {
        use Doubt::{Ambiguous, Amount, Currency, Payee};
        let usd = |amount, text| Slip { currency: Some("USD"), ..slip(amount, text) };
        let none = |amount, text| Slip { currency: None, ..slip(amount, text) };
        let silent = |text| Slip { amount: None, ..slip(1, text) };
        let stranger = |slip| Slip { payee_is_ours: false, ..slip };
        let mut three = [owed("F-101", 100), owed("F-102", 150), owed("F-103", 200)];
        let table: [(Slip<'_>, &[usize], &[Doubt]); 14] = [
            (usd(108, "F-101"), &[0], &[Currency]),
            (usd(100, "F-101"), &[0], &[Currency]),
            (usd(999_999, "F-101"), &[0], &[Currency]),
            (usd(100, "nada"), &[0], &[Currency]),
            (usd(108, "nada"), &[0, 1, 2], &[Currency]),
            (stranger(usd(108, "nada")), &[], &[]),
            (stranger(usd(250, "nada")), &[0, 1], &[Currency, Payee]),
            (none(100, "F-101"), &[0], &[Currency]),
            (none(450, "nada"), &[0, 1, 2], &[Currency]),
            (none(77, "nada"), &[0, 1, 2], &[Currency]),
            (stranger(none(77, "nada")), &[], &[]),
            (silent("F-102"), &[1], &[Amount]),
            (silent("nada"), &[0, 1, 2], &[Amount]),
            (stranger(silent("nada")), &[], &[]),
        ];
        for (slip, places, doubts) in table {
            let paid = pays(&slip, &three, CAP);
            assert_eq!((paid.pays.as_slice(), paid.doubts.as_slice()), (places, doubts), "{slip:?}");
        }
        let nothing = Slip { currency: None, ..silent("nada") };
        assert_eq!(pays(&nothing, &three, CAP), Paid { pays: vec![0, 1, 2], doubts: vec![Currency] });
        let gives_back = Slip { amount: Some(-1_000_000), ..usd(1, "F-101") };
        assert_eq!(pays(&gives_back, &three, CAP), Paid::default());
        // What is owed in its own currency goes before.
        three[1].currency = "USD";
        assert_eq!(pays(&usd(150, "F-101 F-102"), &three, CAP), Paid { pays: vec![1], doubts: vec![] });
        assert_eq!(pays(&usd(100, "nada"), &three, CAP), Paid { pays: vec![1], doubts: vec![Amount] });
        three[2].left = three[0].left;
        assert_eq!(pays(&none(100, "nada"), &three, CAP).doubts, [Currency, Ambiguous]);
    }

    proptest! {
        /// Whatever is owed: what is taken without a doubt adds up to what was paid, to the last place.
        #[test]
        fn what_needs_nobody_is_exact(
            lefts in prop::collection::vec(1_i64..50, 0..6),
            amount in 1_i64..200,
            payee in any::<bool>(),
            fresh in any::<bool>(),
            currency in prop::sample::select(vec![Some("EUR"), Some("USD"), None]),
        ) {
            let all: Vec<Owed<'_>> = lefts.iter().map(|left| owed("F", *left)).collect();
            let slip = Slip { payee_is_ours: payee, reference_is_new: fresh, currency, ..slip(amount, "") };
            let paid = pays(&slip, &all, CAP);
            if paid.doubts.is_empty() && !paid.pays.is_empty() {
                let sum: i64 = paid.pays.iter().map(|p| all[*p].left).sum();
                prop_assert_eq!(sum, amount * 10_000);
                prop_assert!(payee && fresh && currency == Some("EUR"));
            }
        }
    }
}
