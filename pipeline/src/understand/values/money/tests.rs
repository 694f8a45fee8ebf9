//! Amounts in every form, and what is none.

use super::*;

fn read(text: &str, style: Style) -> Vec<String> {
    amounts(text, style).iter().map(|s| s.amount.to_decimal()).collect()
}

#[test]
fn numbers_of_both_styles() {
    assert_eq!(read("Total 1.234,56 €", Style::Unknown), ["1234.56"]);
    assert_eq!(read("Total $1,234.56", Style::Unknown), ["1234.56"]);
    assert_eq!(read("$ 1.234.567", Style::Unknown), ["1234567.00"]);
    assert_eq!(read("RM9.00", Style::Point), ["9.00"]);
    assert_eq!(read("12 .50", Style::Point), ["12.50"]);
    assert_eq!(read("1'234.50 CHF", Style::Point), ["1234.50"]);
    assert_eq!(read("2.500", Style::Comma), ["2500.00"]);
    assert_eq!(read("2,500 kg", Style::Comma), ["2.500"]);
    assert_eq!(read("$ 6,54,321.00", Style::Point), ["654321.00"]);
}

#[test]
fn one_number_that_lost_a_digit_is_no_style() {
    assert_eq!(style_of("82,00 61,000 51,000 194,000 174,600"), Style::Unknown);
    assert_eq!(style_of("82.00 61.000 51.000 194.000 174.600"), Style::Unknown);
    assert_eq!(style_of("82,00 61,50 1,000 2,000 1,500 3,250"), Style::Comma);
    assert_eq!(style_of("82,00 1,000 2,000"), Style::Comma);
}

#[test]
fn a_comma_that_was_read_as_a_point() {
    assert_eq!(read("7.095.51", Style::Unknown), ["7095.51"]);
    assert_eq!(read("1.234.567.89", Style::Unknown), ["1234567.89"]);
    for other in ["081.375.54", "79.201.13-8", "12.03.20", "1.2345.67"] {
        let none = read(other, Style::Unknown).iter().all(|amount| amount.len() < 8);
        assert!(none, "{other}");
    }
}

#[test]
fn a_currency_is_of_the_number_it_touches() {
    let signed = |text: &str| amounts(text, Style::Point).iter().map(|s| s.signed).collect::<Vec<_>>();
    assert_eq!(signed("2 $5.00"), [false, true]);
    assert_eq!(signed("2 $ 5.00"), [true, true]);
    assert_eq!(signed("7.00 eur"), [true]);
}

#[test]
fn stars_fill_an_amount_and_hide_a_card() {
    assert_eq!(read("EURO *59,50 und ***7,10", Style::Comma), ["59.50", "7.10"]);
    assert!(read("VISA ************2825", Style::Point).is_empty());
}

#[test]
fn what_ocr_does_to_numbers() {
    assert_eq!(read("RMO.65", Style::Point), ["0.65"]);
    assert_eq!(read("rm1.5O and 2.o5", Style::Point), ["1.50", "2.05"]);
    assert_eq!(read("CHANGE RM .40", Style::Point), ["0.40"]);
    assert_eq!(mend("5o piso, no.12 O.C. JUMBO"), "5o piso, no.12 O.C. JUMBO");
}

#[test]
fn a_sign_may_stand_in_the_place_of_the_mark() {
    assert_eq!(mend("total 12€50"), "total 12,50");
    assert_eq!(mend("1.250$00"), "1.250,00");
    assert_eq!(mend("3$45 2 €20.00 2€20.00 7€500"), "3$45 2 €20.00 2€20.00 7€500");
}

#[test]
fn what_may_be_meant_for_a_minus_is_no_plain_amount() {
    for text in [
        "[250,00] €",
        "<250,00> €",
        "250,00 € (-)",
        "250,00 haber",
        "250,00 € haben",
        "\u{0}250,00 €",
        "\u{fffd} 250,00 €",
        "total: \u{fffd} € 250,00",
        "\u{e02d}€250,00",
        "€ \u{f0021}250,00",
        "250,00\u{fffd}",
        "250,00 € \u{0}",
        "\u{25a1}250,00 eur",
        "total \u{fffd}eur 250,00",
        "\u{fffd}1250 €",
        "– 250,00 €",
    ] {
        let seen = amounts(&mend(text), Style::Comma);
        assert!(seen.iter().all(|s| s.minus == Minus::Doubtful) && seen.len() == 1, "{text}: {seen:?}");
    }
    for text in
        ["[1] 250,00", "total – 250,00 €", "a<b 250,00", "factur\u{fffd} 250,00 €", "\u{fffd} total 250,00"]
    {
        let seen = amounts(&mend(text), Style::Comma);
        assert!(seen.iter().all(|s| s.minus == Minus::No), "{text}: {seen:?}");
    }
}

#[test]
fn thousands_parted_by_spaces() {
    let join = |text: &str| join_thousands(text, Spaces { sure: true, digits: 2 }, |rate| rate == "20");
    assert_eq!(join("total ht 1 892,16 €"), "total ht 1892,16 €");
    assert_eq!(join("1 234 567,00"), "1234567,00");
    assert_eq!(join("tva 20 315,36"), "tva 20 315,36");
    assert_eq!(join("12 34,50 tel 01 234 567"), "12 34,50 tel 01 234 567");
    assert_eq!(join("1 892,16 315,36"), "1892,16 315,36");
    assert_eq!(join("kaffe 1 150,00 150,00"), "kaffe 1 150,00 150,00", "one piece, its price and its sum");
}

#[test]
fn gaps_that_a_sign_vouches_for() {
    let join = |text: &str| join_thousands(text, Spaces { sure: false, digits: 2 }, |_| false);
    assert_eq!(join("total ₡12 500,00"), "total ₡12500,00");
    assert_eq!(join("osszesen 12 500 ft"), "osszesen 12500 ft");
    assert_eq!(join("1 234 567.00"), "1234567.00");
    assert_eq!(join("total 3 122.40"), "total 3 122.40");
    assert_eq!(join("2 500"), "2 500");
    let dinar = |text: &str| join_thousands(text, Spaces { sure: true, digits: 3 }, |_| false);
    assert_eq!(dinar("1 234,500 tnd"), "1234,500 tnd");
}

/// Every minus × every way to write the number and its currency.
#[test]
fn a_minus_in_every_form() {
    for number in ["120,00", "1.120,00", "120.00", "1'120.00", "1’120.00"] {
        let want = if number.len() > 6 { "-1120.00" } else { "-120.00" };
        for text in [
            format!("-{number}"),
            format!("\u{2212}{number}"),
            format!("\u{2013}{number}"),
            format!("total \u{2212}{number} €"),
            format!("total: -{number}"),
            format!("{number}-"),
            format!("{number}\u{2212}"),
            format!("{number}- eur"),
            format!("({number})"),
            format!("(€ {number})"),
            format!("({number} €)"),
            format!("total: ({number})"),
            format!("-€{number}"),
            format!("-€ {number}"),
            format!("\u{2212}$ {number}"),
            format!("€-{number}"),
            format!("€ -{number}"),
            format!("r$ -{number}"),
            format!("rd$-{number}"),
            format!("{number} cr"),
            format!("{number}cr"),
        ] {
            assert_eq!(read(&text, Style::Unknown), [want], "{text}");
        }
        for text in [
            number.to_owned(),
            format!("total ---- {number}"),
            format!("total ...... {number}"),
            format!("{number} dr"),
            format!("a-{number}"),
        ] {
            assert!(!read(&text, Style::Unknown)[0].starts_with('-'), "{text}");
        }
        let doubtful = |text: &str| amounts(text, Style::Unknown)[0].minus;
        for text in [format!("total - {number}"), format!("total ({number})"), format!("{number} h")] {
            assert_eq!(doubtful(&text), Minus::Doubtful, "{text}");
        }
    }
}

#[test]
fn separators_of_every_country() {
    for (text, want) in [
        ("42’987.56", "42987.56"),
        ("42'987.56", "42987.56"),
        ("42ʼ987.56", "42987.56"),
        ("₹ 1,23,456.78", "123456.78"),
        ("₹ 1,23,456", "123456.00"),
        ("12,34,56,789", "123456789.00"),
        ("Q1,250.00", "1250.00"),
        ("B/.1,250.00", "1250.00"),
        ("0,500", "0.500"),
        ("1.234,567", "1234.567"),
    ] {
        assert_eq!(read(&text.to_lowercase(), Style::Unknown), [want], "{text}");
    }
}

#[test]
fn three_places_where_the_currency_has_them() {
    let of = |text: &str| {
        let style = style_in(text, 3);
        amounts_in(text, style, 3).iter().map(|s| (s.amount.to_decimal(), s.ambiguous)).collect::<Vec<_>>()
    };
    assert_eq!(of("450,000"), [("450.000".to_owned(), true)]);
    assert_eq!(of("450,000 0,600"), [("450.000".to_owned(), false), ("0.600".to_owned(), false)]);
    assert_eq!(of("1.250 1,234.500"), [("1.250".to_owned(), false), ("1234.500".to_owned(), false)]);
}

#[test]
fn not_amounts() {
    assert!(read("13:59:10", Style::Point).is_empty());
    assert!(read("25/12/2018", Style::Point).is_empty());
    assert!(read("A03066", Style::Point).is_empty());
    assert!(read("1.2.3.4", Style::Point).is_empty());
    assert!(read("****1234", Style::Point).is_empty());
}

#[test]
fn plain_decimals() {
    assert_eq!(plain("1234.5").map(Amount::to_decimal).as_deref(), Some("1234.50"));
    assert_eq!(plain("-3").map(Amount::to_decimal).as_deref(), Some("-3.00"));
    assert_eq!(plain("100.0000").map(Amount::to_decimal).as_deref(), Some("100.00"));
    assert!(plain("1e9").is_none());
    assert!(plain("").is_none());
}

#[test]
fn letters_that_shrink_and_letters_that_grow() {
    assert!(amounts("\u{a7dc}0\u{10b00}\u{23a}", Style::Unknown).len() <= 1);
}

proptest::proptest! {
    #[test]
    fn never_panics(text in "\\PC{0,60}") {
        let _ = amounts(&text, style_of(&text));
        let _ = join_thousands(&text, Spaces { sure: text.len() % 2 == 0, digits: 3 }, |_| false);
        proptest::prop_assert_eq!(mend(&mend(&text)), mend(&text));
        let _ = plain(&text);
    }
}
