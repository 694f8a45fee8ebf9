//! Which of what is owed a receipt pays, and what speaks against taking it so without a person.

use acuse_pipeline::understand::sheet::fold;
use time::{Date, Duration};

use super::payee::Payee;

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
    /// To whom it went.
    pub payee: Payee,
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
/// the only two or three that make it up. What was paid to us, perhaps, and is none of these may be for the first that are
/// due.
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
    if slip.payee != Payee::Ours {
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
    // It was paid to us, as far as can be told, and comes to nothing that is owed: a person knows what it is for.
    let unknown = |pays: Vec<usize>, doubt| {
        (slip.payee != Payee::Others && !pays.is_empty()).then(|| Paid { pays, doubts: vec![doubt] })
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
