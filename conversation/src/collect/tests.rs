use proptest::prelude::*;
use time::macros::date;

use super::{Doubt, Next, Owed, Paid, Payee, Slip, pays};
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
        payee: Payee::Ours,
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
    let table: [(Slip<'_>, &[usize], &[Doubt]); 14] = [
        (slip(100, "Pago F-101"), &[0], &[]),
        (slip(100, "nada"), &[0], &[]),
        (slip(450, "nada"), &[0, 1, 2], &[]),
        (slip(250, "nada"), &[0, 1], &[]),
        (slip(250, "facturas F101 y f-102"), &[0, 1], &[]),
        (slip(90, "Pago F-101"), &[0], &[Doubt::Amount]),
        (slip(77, "nada"), &[0], &[Doubt::Amount]),
        (slip(120, "nada"), &[0, 1], &[Doubt::Amount]),
        (Slip { payee: Payee::Others, ..slip(77, "nada") }, &[], &[]),
        (Slip { payee: Payee::Others, ..slip(100, "F-101") }, &[0], &[Doubt::Payee]),
        (Slip { payee: Payee::Unclear, ..slip(77, "nada") }, &[0], &[Doubt::Amount, Doubt::Payee]),
        (Slip { payee: Payee::Unclear, ..slip(100, "F-101") }, &[0], &[Doubt::Payee]),
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
    let stranger = |slip| Slip { payee: super::Payee::Others, ..slip };
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
        payee in prop::sample::select(vec![Payee::Ours, Payee::Unclear, Payee::Others]),
        fresh in any::<bool>(),
        currency in prop::sample::select(vec![Some("EUR"), Some("USD"), None]),
    ) {
        let all: Vec<Owed<'_>> = lefts.iter().map(|left| owed("F", *left)).collect();
        let slip = Slip { payee, reference_is_new: fresh, currency, ..slip(amount, "") };
        let paid = pays(&slip, &all, CAP);
        if paid.doubts.is_empty() && !paid.pays.is_empty() {
            let sum: i64 = paid.pays.iter().map(|p| all[*p].left).sum();
            prop_assert_eq!(sum, amount * 10_000);
            prop_assert!(payee == Payee::Ours && fresh && currency == Some("EUR"));
        }
    }
}
