//! Dates in the forms people and machines write them, and what is none.

use super::*;

fn read(text: &str, order: Order) -> Vec<String> {
    dates(&crate::understand::sheet::fold(text), order).into_iter().map(|f| iso(f.date)).collect()
}

#[test]
fn the_forms_of_a_date() {
    for text in [
        "31/12/2024",
        "31-12-24",
        "31.12.2024",
        "2024-12-31",
        "31 de diciembre de 2024",
        "Dec 31, 2024",
        "31-Dec-2024",
        "31. Dezember 2024",
        "31 dez. 2024",
        "December 31st, 2024",
        "20241231",
        "12/31/2024",
        "12/31/2C24",
        "31/12/2024 13:59",
        "Fecha:31/12/20248:13:39 PM",
        "31.12.2420:47",
        "12/31/2409:03 AM",
        "2024-12-3115:52",
        "2024-12-319:52",
        "REG #2-31/12/2024 14:48:31",
    ] {
        assert_eq!(read(text, Order::Unknown), ["2024-12-31"], "{text}");
    }
}

#[test]
fn day_and_month_by_evidence() {
    assert_eq!(read("03/04/2024", Order::DayFirst), ["2024-04-03"]);
    assert_eq!(read("03/04/2024", Order::MonthFirst), ["2024-03-04"]);
    assert!(dates("03/04/2024", Order::Unknown)[0].other.is_some());
    assert!(dates("13/04/2024", Order::Unknown)[0].other.is_none());
}

#[test]
fn a_letter_is_a_nought_only_among_figures() {
    for (read, meant) in [
        ("12/31/2c24", "12/31/2024"),
        ("c12/31/2o24", "c12/31/2024"),
        ("12/c/2o24", "12/c/2024"),
        ("nc12/31/2024", "nc12/31/2024"),
    ] {
        assert_eq!(mended(read), meant);
    }
}

#[test]
fn dutch_march() {
    assert_eq!(read("29 maart 2014", Order::Unknown), ["2014-03-29"]);
}

#[test]
fn months_in_figures_of_rome() {
    for text in ["12. XI. 2024", "12/xi/2024", "12-XI-2024", "12 XI 2024"] {
        assert_eq!(read(&text.to_lowercase(), Order::Unknown), ["2024-11-12"], "{text}");
    }
    assert_eq!(read("3.x.2024", Order::Unknown), ["2024-10-03"]);
    for text in ["3 x 2024 mm", "12 xi 24", "art. 5 v 1.200,50"] {
        assert!(read(text, Order::Unknown).is_empty(), "{text}");
    }
}

#[test]
fn the_documents_own_order() {
    assert_eq!(orders("11/02/2019 due 26/02/2019"), (1, 0));
    assert_eq!(orders("12/30/2016 fri"), (0, 1));
    assert_eq!(orders("01/02/2019, 99/99/2019, 2019-02-26"), (0, 0));
}

#[test]
fn what_ocr_does_to_dates() {
    assert_eq!(read("2o/o3/2018", Order::DayFirst), ["2018-03-20"]);
    assert_eq!(read("0l-04-2018 10:30", Order::DayFirst), ["2018-04-01"]);
    assert_eq!(read("0044 25032018 13:11:54", Order::DayFirst), ["2018-03-25"]);
    assert_eq!(read("23 0ct'21 07:00 AM", Order::DayFirst), ["2021-10-23"]);
    assert_eq!(read("10/12/1998:13", Order::DayFirst), ["1998-12-10"]);
    assert!(read("0044 25032018", Order::DayFirst).is_empty());
    assert!(read("01/13/20 9 15:54", Order::MonthFirst).is_empty(), "the year lost a figure");
    assert_eq!(read("01/13/20 9:54", Order::MonthFirst), ["2020-01-13"]);
}

#[test]
fn not_dates() {
    for text in
        ["re-20170509/505", "1.2.3.4.5", "99/99/2024", "12-34", "tel 07-826-3254", "1/2", "marriott 5 2024"]
    {
        assert!(read(text, Order::DayFirst).is_empty(), "{text}: {:?}", read(text, Order::DayFirst));
    }
}

#[test]
fn clocks() {
    assert_eq!(clock("25/12/2018 8:13:39 pm").as_deref(), Some("20:13"));
    assert_eq!(clock("13:59").as_deref(), Some("13:59"));
    assert_eq!(clock("99:99"), None);
    assert_eq!(clock("start 2023-01-12t12:04:55-000z"), None);
    assert_eq!(clock("ende: 2023-11-08t19:17:20.000z"), None);
    assert_eq!(clock("2023-01-12t12:04:55"), Some("12:04".to_owned()));
}

proptest::proptest! {
    #[test]
    fn never_panics(text in "\\PC{0,60}") {
        let folded = crate::understand::sheet::fold(&text);
        let _ = (dates(&folded, Order::Unknown), clock(&folded), orders(&folded));
    }
}

#[test]
fn months_of_many_languages() {
    for text in [
        "12 marca 2024",
        "12. března 2024",
        "12. ožujka 2024.",
        "2024 m. kovo 12 d.",
        "2024. március 12.",
        "12. maaliskuuta 2024",
        "den 12 mars 2024",
        "12. marts 2024",
        "12 de març de 2024",
        "12 Mart 2024",
        "12 martie 2024",
        "12 Maret 2024",
    ] {
        assert_eq!(read(text, Order::Unknown), ["2024-03-12"], "{text}");
    }
    assert!(read("12. listopada 2024", Order::Unknown).is_empty(), "October or November");
    for text in ["12 d'octubre de 2024", "12 d’octubre de 2024", "12 d’oct. de 2024"] {
        assert_eq!(read(text, Order::Unknown), ["2024-10-12"], "{text}");
    }
}
