//! Places of invented documents.

use super::*;
use crate::understand::{amounts::tests::sheet, tax_ids};

fn of(text: &str) -> Place {
    let sheet = sheet(text);
    place(&sheet, &tax_ids::tax_ids(&sheet))
}

fn currency_of(text: &str) -> Option<(&'static str, f32)> {
    of(text).currency
}

#[test]
fn signs_beside_amounts() {
    for (text, code) in [
        ("TOTAL   12,50 €", "EUR"),
        ("Total RM9.00", "MYR"),
        ("Amount (RM)\nTotal   9.00", "MYR"),
        ("TOTAL S/ 24.50\nRUC 20100070970", "PEN"),
        ("Total R$ 24,50", "BRL"),
        ("TOTAL EUR 12,50", "EUR"),
        ("Total 1.250,00 CHF", "CHF"),
    ] {
        let (found, sure) = currency_of(text).expect(text);
        assert!(found == code && sure >= 0.9, "{found} {sure} for {text}");
    }
}

#[test]
fn a_sign_with_letters_before_it_is_another() {
    for (text, code) in [
        ("Total EG£ 225.00", "EGP"),
        ("Credit card (225.00 EG£)", "EGP"),
        ("Total E£ 225.00", "EGP"),
        ("Total CN¥ 225.00", "CNY"),
        ("PRICE£5.00\nTotal £ 5.00", "GBP"),
        ("Change£5.00", "GBP"),
        ("ΣΥΝΟΛΟ 9,75 ΕΥΡΩ", "EUR"),
        ("SYNOAO 9,75 EYPO", "EUR"),
    ] {
        assert_eq!(currency_of(text).map(|c| c.0), Some(code), "{text}");
    }
    assert_eq!(currency_of("Synoao 9,75 Eypolis"), None);
}

#[test]
fn a_month_that_stands_first_is_a_second_sign_of_the_states() {
    let sure = |text: &str| currency_of(text).filter(|c| c.0 == "USD").map(|c| c.1);
    let said = sure("Sales Tax 3.14\n11/12/2018\nTotal 41.14").expect("a guess");
    let dated = sure("Sales Tax 3.14\n11/30/2018\nTotal 41.14").expect("two signs");
    assert!(said < 0.8 && dated >= 0.9, "{said} {dated}");
    assert_eq!(currency_of("11/30/2018\nTotal 41.14"), None, "no first one");
    assert_eq!(currency_of("Sales Tax 3.14\n30/11/2018\nTotal 41.14"), None);
}

#[test]
fn letters_that_only_look_like_a_sign() {
    for text in [
        "3 Surface Pen $299.97\nRedmond, WA 98052",
        "S/O NUMBER 1000 S/B\nRoom: Rm 515\n$12.00 Salem, OR 97301",
    ] {
        assert_eq!(currency_of(text).map(|c| c.0), Some("USD"), "{text}");
    }
    assert_eq!(
        currency_of("PASAR S/B\nNO 5 JALAN BUNGA\nTAMAN DAYA SELANGOR\nTOTAL 5.00").map(|c| c.0),
        Some("MYR")
    );
}

#[test]
fn a_dollar_alone_is_not_yet_the_states() {
    let (_, sure) = currency_of("Total $12.00").expect("a guess");
    assert!(sure < 0.75, "{sure}");
    let argentine = currency_of("CUIT: 30-71234567-1\nTotal a pagar $12.000,00");
    assert_eq!(argentine.map(|c| c.0), Some("ARS"));
    let (code, sure) = currency_of("(714) 555-0100\nTAX   $4.48\nTOTAL   $60.44").expect("a guess");
    assert!(code == "USD" && sure >= 0.8);
    let canadian = currency_of("(416) 555-0100\nHST   $4.48\nTOTAL   $60.44");
    assert_eq!(canadian.map(|c| c.0), Some("CAD"));
}

#[test]
fn a_dollar_with_a_tax_of_no_other_name_is_that_of_the_states() {
    let sure = |text: &str| currency_of(text).filter(|c| c.0 == "USD").map_or(0.0, |c| c.1);
    assert!(sure("Thank you\nTAX 8.25%   .78\nAmount Due   $10.28") >= 0.75);
    assert!(sure("Sub Total   $38.60\nTaxes   $3.86\nTotal   $42.46") >= 0.75);
    for text in [
        "TAX INVOICE 4711.20\nThank you\nTotal   $10.28",
        "Thank you\nTotal   $10.28\nTax incl. 0.78",
        "Thank you\nGST   $0.78\nTax   $0.78\nTotal   $10.28",
        "Gracias por su compra\nTax   $0.78\nTotal   $10.28",
        "Thank you\nTotal   $10.28\nTax to be paid at the counter",
    ] {
        assert!(sure(text) < 0.75, "{text}");
    }
}

#[test]
fn two_currencies_are_settled_by_the_amounts() {
    let (code, _) =
        currency_of("IBAN EUR GB01\nIBAN US$ GB02\nTotal GBP 180.00\nVAT GBP 30.00\nLondon").expect("one");
    assert_eq!(code, "GBP");
}

#[test]
fn the_documents_own_dates_say_the_order() {
    let place = of("Albany, NY 12210\n26/02/2019");
    assert_eq!((place.country.map(|c| c.0), place.order), (Some("US"), Order::DayFirst));
}

#[test]
fn a_language_says_the_order_where_nothing_else_does() {
    let order = |text: &str| of(text).order;
    assert_eq!(order("Rechnung\nBetrag 9,00\nVielen Dank\n03/04/2024"), Order::DayFirst);
    assert_eq!(order("Invoice\nAmount 9.00\nThank you\n03/04/2024"), Order::Unknown);
    assert!(day_first("nl") && !day_first("en"));
}

#[test]
fn what_only_looks_like_the_states() {
    for text in [
        "Din In 33624\n12/9/2022 6:23 PM\nTotal 384.45",
        "Rue de la 71000\nTotal 12.50",
        "0090-002-1395081\nThank you for your visit\nTotal: 150.00",
        "Date 22/05/2022\nSales Tax 0.00\nTOTAL DUE 32.00",
    ] {
        assert_eq!(currency_of(text), None, "{text}");
    }
}

#[test]
fn a_silent_paper_is_in_the_currency_of_its_senders_country() {
    let sent = |text: &str, sender: &str| {
        let sheet = sheet(text);
        let mut place = place(&sheet, &tax_ids::tax_ids(&sheet));
        take_for_senders(&mut place, &sheet, sender);
        place.currency.map(|c| c.0)
    };
    let silent = "Castro Pizza\n22/05/2022\nTotal 150.00";
    assert_eq!(sent(silent, "EG"), Some("EGP"));
    assert_eq!(sent(silent, "US"), None, "its day stands first");
    assert_eq!(sent(silent, "XX"), None);
    assert_eq!(sent("Castro Pizza\nTotal $150.00", "EG"), Some("USD"), "it has a sign, which is not Egypt's");
    assert_eq!(sent("Castro Pizza\nTotal € 150.00", "EG"), Some("EUR"));
    assert_eq!(sent("Gasthaus\nRechnung\nSumme 150,00\nVielen Dank", "EG"), Some("EUR"), "it speaks German");
    assert_eq!(country_called("201115686000"), Some("EG"));
    assert_eq!(country_called("17145550100"), None, "countries share the code");
}

proptest::proptest! {
    #[test]
    fn never_panics(text in "[ -~€ñß₹\n]{0,200}") {
        if !text.trim().is_empty() {
            let _ = of(&text);
        }
    }
}

#[test]
fn a_code_that_stands_beside_amounts_twice_is_meant() {
    let swedish = "Hotel GmbH, Berlin, Germany\nTotal incl. Vat 9,190.00 SEK\nTotal Vat 984.64 SEK";
    assert_eq!(currency_of(swedish).map(|c| c.0), Some("SEK"));
    assert_ne!(
        currency_of("Hotel GmbH, Berlin, Germany\nDauer 12.5 SEK\nSumme 9.00").map(|c| c.0),
        Some("SEK")
    );
}

#[test]
fn an_american_telephone_says_the_currency_that_no_one_prints() {
    let slip = "Creamery Hill\n415-555-0134\nThank you for the visit\nYour total amount 12.70\nTax 1.08\nTOTAL 13.78";
    let (code, sure) = currency_of(slip).expect("a currency");
    assert!(code == "USD" && (0.7..0.9).contains(&sure), "{code} {sure}");
    assert_eq!(currency_of(&slip.replace("Tax", "GST")), None);
}
