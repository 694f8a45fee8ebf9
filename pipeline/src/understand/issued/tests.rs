//! Dates of invented documents.

use time::macros::date;

use super::*;
use crate::understand::{
    amounts::{Sums, tests::sheet},
    mrz::Zone,
    places,
};

fn with<T>(text: &str, ask: impl Fn(&Findings<'_>) -> T) -> T {
    let sheet = sheet(text);
    let place = places::place(&sheet, &[]);
    let sums = Sums::default();
    let found = Findings {
        sheet: &sheet,
        place: &place,
        zone: &Zone::None,
        ids: &[],
        sums: &sums,
        today: date!(2026 - 05 - 01),
        scorers: crate::understand::scorer::Scorers::committed(),
    };
    ask(&found)
}

fn sure(text: &str, day: Date) {
    let found = with(text, issued).expect("a date");
    assert_eq!(found.date, day, "{text}");
    assert!(found.confidence >= 0.85, "{} for {text}", found.confidence);
}

fn doubtful(text: &str) {
    let found = with(text, issued);
    assert!(found.as_ref().is_none_or(|d| d.confidence < 0.7), "{found:?} for {text}");
}

#[test]
fn the_label_says_which() {
    sure(
        "Fecha de emisión: 05/03/2024\nFecha de vencimiento: 04/04/2024\nEntrega: 28/02/2024",
        date!(2024 - 03 - 05),
    );
    sure("Kunden-Nr.: 100     Belegdatum: 26.10.22\nLieferdatum     24.10.2022", date!(2022 - 10 - 26));
    sure(
        "Date : 31/12/2018\nDate de facture associée : 30/11/2018\nDate de livraison : 28/12/2018",
        date!(2018 - 12 - 31),
    );
    sure(
        "Facture n° 5620 du 02 Juillet 2015\nDate limite de paiement le 05 Juillet 2015",
        date!(2015 - 07 - 02),
    );
    sure("2023-08-31\nRechnung # 505 von 09.05.2023\nLeistungsdatum 07.05.2023", date!(2023 - 05 - 09));
}

#[test]
fn the_label_over_its_column() {
    sure(
        "DATE           PLEASE PAY      DUE DATE\n31-12-2022     6,54,321.00     31-03-2023",
        date!(2022 - 12 - 31),
    );
    sure(
        "Termini di pagamento     Data documento     Numero\n50 GG DF                 10-02-2022         54321",
        date!(2022 - 02 - 10),
    );
}

#[test]
fn items_have_dates_of_their_own() {
    sure(
        "INVOICE DATE: 11/15/2019\nDATE     ITEM     AMOUNT\n3/4/2021     Consulting     $60.00\n3/5/2021     Fee     $30.00",
        date!(2019 - 11 - 15),
    );
}

#[test]
fn day_or_month_first_is_said_by_the_document() {
    // An address in the States, but the other date can only be day first.
    sure("New York, NY 12210\nINVOICE DATE   11/02/2019\nDUE DATE   26/02/2019", date!(2019 - 02 - 11));
    sure("Redmond, WA 98052\n6/10/2019 13:59\nTotal   $12.00", date!(2019 - 06 - 10));
    sure("DATE 03/04/2016 FRI TIME 19:19", date!(2016 - 03 - 04));
    doubtful("Date: 03/04/2024\nTotal 12.00");
}

#[test]
fn torn_between_two() {
    doubtful("Invoice date: 05.03.2024\nInvoice date: 06.03.2024");
    doubtful("13/03/2024\nThank you\n27/03/2024");
}

#[test]
fn the_head_of_a_list_says_nothing_of_the_papers_own_day() {
    let folio = "Guest     Date     17/03/2024\nDate          Service       Charges\n\
                 13/03/2024    Breakfast     67.27\n14/03/2024    Breakfast     51.07\n\
                 13/03/2024    Parking       14.90\n13/03/2024    Telephone      2.90";
    sure(folio, date!(2024 - 03 - 17));
    // One row alone is the paper's.
    sure("Number     Date          Amount\n1007       13/03/2024    67.27", date!(2024 - 03 - 13));
}

#[test]
fn only_another_date_is_no_date() {
    doubtful("Due date: 13/03/2024");
    let due = with("Invoice date 13.03.2024\nDue date 27.03.2024", |f| due(f, date!(2024 - 03 - 13)));
    assert_eq!(due.map(|d| d.date), Some(date!(2024 - 03 - 27)));
}

#[test]
fn a_folio_is_of_the_last_day_of_the_stay() {
    sure(
        "Arrival Date: 22/09/2020\nDeparture Date: 24/09/2020\n22/09/2020 Room 94.05",
        date!(2020 - 09 - 24),
    );
    sure(
        "Arrival : 22/09/2020\nDeparture : 24/09/2020\nInvoice date: 25/09/2020\n22/09/2020 Room 94.05",
        date!(2020 - 09 - 25),
    );
    // A journey is paid before it begins.
    let found = with("Departure: 24/09/2020\n22/09/2020", issued).expect("a date");
    assert_eq!(found.date, date!(2020 - 09 - 22));
}
