//! Numbers of bills, by their labels.

use super::*;
use crate::understand::sheet::drawn;

fn of(lines: &[&[(f32, &str)]]) -> Option<String> {
    invoice(&drawn(lines)).map(|n| n.value)
}

#[test]
fn beside_below_and_behind() {
    assert_eq!(of(&[&[(0.5, "Invoice Number"), (0.8, "INV-3300")]]).as_deref(), Some("INV-3300"));
    let table: &[&[(f32, &str)]] = &[
        &[(0.1, "Klant"), (0.3, "Factuur datum"), (0.6, "Factuur"), (0.8, "Vervaldatum")],
        &[(0.1, "SC000111"), (0.3, "8-9-2022"), (0.6, "VF1005190000"), (0.8, "22-9-2022")],
    ];
    assert_eq!(of(table).as_deref(), Some("VF1005190000"));
    assert_eq!(of(&[&[(0.1, "Rechnung # RE-2017/505 von 09.05.2017")]]).as_deref(), Some("RE-2017/505"));
}

#[test]
fn other_numbers_are_left() {
    let page: &[&[(f32, &str)]] = &[
        &[(0.1, "Customer number 4711"), (0.6, "Order No: 99887")],
        &[(0.1, "N° de facture associée : F20180003")],
        &[(0.1, "Invoice date: 12/03/2024")],
        &[(0.6, "INVOICE: INV-100")],
    ];
    assert_eq!(of(page).as_deref(), Some("INV-100"));
    assert_eq!(of(&page[..3]).as_deref(), Some("99887"));
    assert!(invoice(&drawn(&page[..3])).unwrap().confidence < 0.5);
}

#[test]
fn an_argentine_number_has_its_point_of_sale() {
    let page: &[&[(f32, &str)]] =
        &[&[(0.1, "FACTURA")], &[(0.5, "Punto de Venta: 00003 Comp. Nro: 00001475")]];
    assert_eq!(of(page).as_deref(), Some("00003-00001475"));
}

#[test]
fn a_label_shared_with_the_date_in_a_cell_of_its_own() {
    let page: &[&[(f32, &str)]] = &[&[(0.1, "Rechnungsnr./-datum"), (0.6, "6001215715 / 30.07.2022")]];
    assert_eq!(of(page).as_deref(), Some("6001215715"));
    let page: &[&[(f32, &str)]] =
        &[&[(0.1, "7:23 PM Ticket: 20015")], &[(0.1, "Invoice: 240521-02-20015")], &[(0.1, "20015")]];
    assert_eq!(of(page).as_deref(), Some("240521-02-20015"));
}

#[test]
fn the_order_it_is_of() {
    let of = |text: &str| order(&drawn(&[&[(0.1, text)]])).map(|r| r.value);
    assert_eq!(of("Order No: 99887").as_deref(), Some("99887"));
    assert_eq!(of("Invoice No: 99887"), None);
}

#[test]
fn a_mark_under_the_title() {
    let page: &[&[(f32, &str)]] = &[&[(0.1, "Nube Roja"), (0.7, "INVOICE")], &[(0.75, "# 23413000D")]];
    let number = invoice(&drawn(page)).unwrap();
    assert_eq!(number.value, "23413000D");
    assert!(number.confidence > 0.8);
}

#[test]
fn a_label_in_two_lines_a_colon_and_a_short_number_are_plain() {
    fn sure(lines: &[&[(f32, &str)]]) -> Option<(String, bool)> {
        receipt(&drawn(lines)).map(|n| (n.value, n.confidence > 0.94))
    }
    let slip: &[&[(f32, &str)]] = &[&[(0.1, "RECHNUNG")], &[(0.1, "Nr.: 30734 25.10.2018")]];
    assert_eq!(sure(slip), Some(("30734".to_owned(), true)));
    assert_eq!(sure(&[&[(0.1, "Invoice: 240521-02-20015")]]), Some(("240521-02-20015".to_owned(), true)));
    assert_eq!(sure(&[&[(0.1, "Rechnung Nr. 79")]]), Some(("79".to_owned(), true)));
    // A bare mark without its title, a title without a mark.
    assert_eq!(sure(&slip[1..]), Some(("30734".to_owned(), false)));
    assert_eq!(sure(&[&[(0.1, "Invoice 211127")]]), Some(("211127".to_owned(), false)));
}
