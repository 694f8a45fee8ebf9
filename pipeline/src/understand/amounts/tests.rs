//! Sums of invented documents of the shapes people send.

use super::*;
use crate::{
    fields::Source,
    reading::{Evidence, Line, PageText, Word},
};

mod proven;

/// A page in a fixed pitch: where there is more than a space between words, a column begins.
pub(in crate::understand) fn sheet(text: &str) -> Sheet {
    let (wide, high) = (0.01, 0.02);
    let lines = text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()).map(|(n, line)| {
        let y = 0.02 + n as f32 * 0.025;
        let mut words = Vec::new();
        let mut at = 0;
        for piece in line.split(' ') {
            let width = piece.chars().count();
            if width > 0 {
                let bbox = [at as f32 * wide, y, (at + width) as f32 * wide, y + high];
                words.push(Word { text: piece.to_owned(), bbox, confidence: 0.99, doubtful: Vec::new() });
            }
            at += width + 1;
        }
        let text = words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
        let bbox = [words[0].bbox[0], y, words[words.len() - 1].bbox[2], y + high];
        Line { text, bbox, confidence: 0.99, words }
    });
    let page = PageText {
        number: 1,
        source: Source::Ocr,
        aspect: 1.0,
        lines: lines.collect(),
        quarter_turns: 0,
        sharpness: None,
    };
    Sheet::of(&Evidence { pages: vec![page], ..Evidence::default() })
}

fn read(text: &str) -> (String, f32, Sums) {
    let sums = sums(&sheet(text), 2);
    let total = sums.total.expect("a total");
    (total.amount.to_decimal(), total.confidence, sums)
}

fn sure(text: &str, wanted: &str) -> Sums {
    let (total, confidence, sums) = read(text);
    assert_eq!(total, wanted, "{text}");
    assert!(confidence >= 0.9, "{confidence} for {text}");
    assert_eq!(sums.contradiction, None, "{text}");
    sums
}

#[test]
fn the_table_of_tax_below_is_no_total() {
    sure(
        "Pencil box          2   10.60   21.20\n\
         Total Qty:          2           21.20\n\
         Total Sales (Excluding GST) :   20.00\n\
         Total GST:                       1.20\n\
         Rounding                         0.00\n\
         Total Sales (Inclusive of GST) : 21.20\n\
         CASH :                          50.00\n\
         Change :                        28.80\n\
         GST SUMMARY\n\
         Tax Code    %    Amt (RM)    Tax(RM)\n\
         SR          6    20.00       1.20\n\
         Total :          20.00       1.20",
        "21.20",
    );
}

#[test]
fn what_is_paid_after_rounding() {
    let rounded = "SOAP   1 X 8.11   8.11\n\
         TOTAL INCL. GST          RM 8.11\n\
         ROUNDING ADJUSTMENT     -RM 0.01\n\
         TOTAL ROUNDED            RM 8.10\n\
         CASH                    RM 50.00\n\
         CHANGE                  RM 41.90";
    sure(rounded, "8.10");
    let unnamed = "SUBTOTAL (QTY 4)   RM41.43\n\
         ROUNDING                  RM0.02\n\
         SUBTOTAL (QTY 4)         RM41.45\n\
         CASH                     RM51.50\n\
         CHANGE CASH              RM10.05";
    sure(unnamed, "41.45");
}

#[test]
fn totals_of_parts_are_not_the_total() {
    sure(
        "White bread    2.13   2    4.26\n\
         Brown bread    2.78   3    8.34\n\
         Total 0% supplies:        12.60\n\
         Cake           3.72   2    7.44\n\
         Total 6% supplies (excl. GST):   7.44\n\
         GST:                       0.45\n\
         Total 6% supplies (Inc. GST):    7.89\n\
         Total 0% supplies:        12.60\n\
         Total Payable:            20.49",
        "20.49",
    );
}

#[test]
fn taken_back_goods_make_a_part_negative() {
    sure(
        "Total 0% supplies:        -7.43\n\
         Roll           7.20  2    14.40\n\
         Bun            13.92 1    13.92\n\
         Total 6% supplies (excl. GST):  28.32\n\
         GST:                       1.69\n\
         Total 6% supplies (Inc. GST):   30.01\n\
         Total 0% supplies:        -7.43\n\
         Total Payable:            22.58",
        "22.58",
    );
}

#[test]
fn subtotal_and_cash_where_no_total_is_named() {
    sure(
        "NOODLES            RM11.60 S\n\
         SOUP               RM42.00 S\n\
         SUBTOTAL           RM53.60\n\
         CASH              RM100.00\n\
         CHANGE             RM46.40\n\
         TAXABLE AMOUNT     RM50.57\n\
         6% GST              RM3.03",
        "53.60",
    );
}

#[test]
fn tip_service_delivery_and_discount_belong_to_the_sum() {
    let tip = sure(
        "Hot dog            $27.80\n\
         Burger             $20.88\n\
         Subtotal           $48.68\n\
         Delivery fee        $1.50\n\
         Service fee         $2.00\n\
         Tax                 $4.80\n\
         Tip                 $4.50\n\
         Total              $61.48",
        "61.48",
    );
    assert_eq!(tip.subtotal.map(|s| s.amount.to_decimal()).as_deref(), Some("48.68"));
    assert_eq!(tip.tax.map(|s| s.amount.to_decimal()).as_deref(), Some("4.80"));
    sure(
        "Subtotal: $22,379.39\nDiscounts (21%): $4,699.67\nTax (10%): $1,767.97\nShipping: $199.99\nTotal: $19,647.68",
        "19647.68",
    );
}

#[test]
fn a_table_of_tips_is_not_what_was_paid() {
    let slip = "Reference No. 514967687210\nAmount: $5.76\nGratuity: 15% 18% 20%\n+Amount: 0.86 1.04 1.15\n\
                =Total: 6.62 6.80 6.91";
    assert_eq!(read(slip).0, "5.76");
}

#[test]
fn several_rates_and_a_retention() {
    let rates = sure(
        "Nettobetrag:    496,00 €\n\
         USt. Satz    Nettopreis    Ust.-Betrag\n\
         7%       160,00 €     11,20 €\n\
         19%      336,00 €     63,84 €\n\
         USt. Gesamt:    75,04 €\n\
         Gesamtbetrag:  571,04 €",
        "571.04",
    );
    assert_eq!(rates.tax.map(|s| s.amount.to_decimal()).as_deref(), Some("75.04"));
    sure(
        "Base imponible    1.000,00 €\nIVA 21%    210,00 €\nRetención IRPF 15%    -150,00 €\nTotal factura    1.060,00 €",
        "1060.00",
    );
    sure("Subtotal    408,60\nIVA 22%    32,64\nIVA 10%    18,08\nTotale    459,32 €", "459.32");
}

#[test]
fn the_sum_not_what_is_left_to_pay() {
    sure(
        "SUBTOTAL                     $100.00\n\
         SALES TAX                     $10.00\n\
         TOTAL                        $110.00\n\
         PREVIOUS UNPAID BALANCE      $500.00\n\
         AMOUNT DUE                   $610.00",
        "110.00",
    );
    sure(
        "TOTAL HT       TOTAL TVA      TOTAL TTC\n\
         100,00         10,00          110,00\n\
         Acompte :                      10,00\n\
         NET A PAYER                100,00 EUR",
        "110.00",
    );
}

#[test]
fn a_total_before_tax_is_part_of_the_larger_one() {
    sure("Silla   60,00\nMesa   40,00\nTotal   100,00\nIVA 21%   21,00\nTotal a pagar   121,00", "121.00");
    sure("Pizza   50.00\nTotal   50.00\nTip   5.00\nTotal   55.00", "55.00");
}

#[test]
fn the_sum_of_a_part_does_not_outdo_a_better_label() {
    let (_, confidence, _) = read(
        "Total 6% supplies (excl. GST):  69.36\nGST:   4.16\nTotal 6% supplies (Inc. GST):   73.52\nTotal Payable:   194.19",
    );
    assert!(confidence < 0.75, "{confidence}");
}

#[test]
fn thousands_parted_by_spaces_are_one_amount() {
    sure("Total HT         3 122,40 €\nTVA 20%            624,48 €\nNet à payer      3 746,88 €", "3746.88");
}

#[test]
fn a_point_misread_needs_a_witness() {
    sure(
        "SUB-TOTAL      27.27\nGST             1.64\nROUNDING       -0.01\nTOTAL          28-90\nCASH           28.90\nCHANGE          0.00",
        "28.90",
    );
    let (total, confidence, _) = read("Bread 3.10\nTOTAL   28-90");
    assert_eq!(total, "28.90");
    assert!(confidence < 0.8, "{confidence}");
}

#[test]
fn a_total_alone_is_fairly_sure_and_rivals_make_it_doubtful() {
    let (total, alone, _) = read("Coffee   2.20\nSUM OF IT\nTOTAL   9.40");
    assert_eq!(total, "9.40");
    assert!((0.8..0.95).contains(&alone), "{alone}");
    let (_, torn, _) = read("Total   125.00\nGrand total   135.00");
    assert!(torn < 0.8, "{torn}");
}

#[test]
fn a_contradiction_is_said_only_when_nothing_is_missing() {
    let (_, _, wrong) = read("SUBTOTAL   100,00€\nTOTAL IVA   8,00€\nTOTAL A PAGAR   110,00€");
    let (_, left, right) = wrong.contradiction.expect("a contradiction");
    assert_eq!((left.as_str(), right.as_str()), ("100.00 + 8.00", "110.00"));
    for open in [
        "SUBTOTAL   100,00€\nIVA   8,00€\nServicio\nTOTAL   110,00€",
        "SUBTOTAL   100,00€\nIVA   8,00€\nPropina 1___   2\nTOTAL   110,00€",
        "SUBTOTAL   100,00€\nIVA   8,00€\nBolsa   2,00€\nTOTAL   110,00€",
        "SUBTOTAL   759\nSUBTOTAL LESS DISCOUNT\nTAX RATE   3.00%\nTOTAL TAX   22.17\nBALANCE DUE   $761.17",
        "SUBTOTAL   110,00€\nIVA incluido   10,00€\nTOTAL   110,00€",
    ] {
        let (_, _, sums) = read(open);
        assert_eq!(sums.contradiction, None, "{open}");
    }
}

#[test]
fn sums_without_decimals() {
    let sums = sure(
        "Pan 1 x 12.990   $ 12.990\nLeche   $ 5.000\nNETO   $ 15.118\nIVA 19%   $ 2.872\nTOTAL   $ 17.990",
        "17990.00",
    );
    assert!(sums.tax.is_some());
}

#[test]
fn a_page_of_nothing_but_totals_ends() {
    let line = |n: usize| {
        let role =
            ["Total", "Tax", "Subtotal", "Service", "Discount", "Cash", "Change", "IRPF", "Rounding"][n % 9];
        format!("{role}   {}.{:02}   {n}.50\n", n * 7 % 977, n % 100)
    };
    let text: String = (0..3_000).map(line).collect();
    let started = std::time::Instant::now();
    let _ = sums(&sheet(&text), 2);
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

#[test]
fn the_only_amount_under_a_head() {
    let (total, confidence, _) = read(
        "Invoice Number    Invoice Date    Charges       VAT ID\n\n\
         34270000          6/18/2017          $56,651.49    PT\n",
    );
    assert!(total == "56651.49" && confidence > 0.8, "{total} {confidence}");
}

#[test]
fn a_subtotal_is_no_rival_of_the_total() {
    let (total, confidence, _) = read(
        "Soup        9.50\nSub-Total   11.70\nTax          1.17\nTip         $1263___\nTotal       14.50\n",
    );
    assert!(total == "14.50" && confidence > 0.79, "{total} {confidence}");
}

fn unsure(text: &str) {
    let (total, confidence, _) = read(text);
    assert!(confidence < 0.8, "{total} at {confidence} for {text}");
}

#[test]
fn a_subtotal_alone_is_no_total() {
    unsure(
        "1 Soup             7.50\n1 Bread            4.20\nSub-Total         11.70\nTax                1.17\n",
    );
}

#[test]
fn a_net_amount_over_its_tax_is_no_total() {
    unsure(
        "Repair   2   40.00   80.00\nPaint    1   15.00   15.00\nNet amount          95.00\nVAT 20%             19.00\n",
    );
}

#[test]
fn a_total_that_could_not_be_read_keeps_its_place() {
    unsure(
        "Loaves 3   2.10   6.30\n\
         Total before tax   6.30\n\
         Tax                0.38\n\
         Total incl tax     6.68\n\
         Stamps             4.00\n\
         Total Payable:    10.6g\n",
    );
}

#[test]
fn totals_of_parts_are_no_total() {
    unsure(
        "White loaf    3   2.13    6.39\n\
         Total 0% supplies: 6.39\n\
         Chocolate roll 11  0.72   7.92\n\
         Total 6% supplies (excl. GST): 7.92\n\
         GST: 0.48\n\
         Total 6% supplies (Inc. GST): 8.40\n\
         Total 0% supplies: 6.39\n",
    );
}

#[test]
fn the_tax_of_several_rates_is_their_sum_or_none() {
    let tax = |text: &str| sums(&sheet(text), 2).tax.map(|t| t.amount.units() / CENT);
    let three = "Base imponible 21%     100,00\nIVA 21%     21,00\nBase imponible 10%     50,00\nIVA 10%     5,00\n\
                 Base imponible 4%     25,00\nIVA 4%     1,00\nTOTAL     202,00 €\n";
    assert_eq!(tax(three), Some(2_700));
    assert_eq!(tax(&three.replace("50,00", "55,00")), None, "they do not make the total");
    assert_eq!(tax("IVA 21%     21,00\nIVA 10%     5,00\nTOTAL     202,00 €\n"), None);
}

#[test]
fn one_unsure_digit_makes_a_total_unsure_unless_arithmetic_vouches_for_it() {
    let misread = |text: &str| {
        let mut sheet = sheet(text);
        let row = sheet.rows.iter_mut().find(|r| r.folded.contains("total")).expect("a total");
        row.words.last_mut().expect("words").confidence = 0.8;
        sums(&sheet, 2).total.expect("a total").confidence
    };
    assert!(misread("Tea                3.10\nTotal             8.35\n") < 0.7);
    assert!(
        misread(
            "Net               8.00\nTax               0.35\nTotal             8.35\nCash  10.00\nChange  1.65\n"
        ) > 0.9
    );
}

proptest::proptest! {
    #[test]
    fn never_panics(text in "[ -~€ñáO\n]{0,300}", sums_of in "((total|iva|net|cash|change|paid) {1,3}[0-9.,]{1,20}\n){0,9}") {
        for text in [text, sums_of] {
            if !text.trim().is_empty() {
                let _ = sums(&sheet(&text), 2);
            }
        }
    }

    #[test]
    fn a_proven_total_is_found(net in 100_i64..900_000, rate in 1_i64..30) {
        let tax = net * rate / 100;
        proptest::prop_assume!(tax > 0);
        let print = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
        let text = format!("Subtotal   {}\nTax {rate}%   {}\nTotal   {}", print(net), print(tax), print(net + tax));
        let total = sums(&sheet(&text), 2).total.expect("a total");
        proptest::prop_assert_eq!(total.amount.to_decimal(), print(net + tax));
    }
}

#[test]
fn a_table_of_rates_says_the_tax_in_any_language() {
    for (text, tax) in [
        // One row that is the total.
        ("WRAP 5,74\nKOKKU 5,74\nKM% NETO KM BRUTO\n20% 4,78 0,96 5,74", "0.96"),
        // Rows that make it, without a word that we know.
        ("Sweets 14,50\nCake 12,90\nTotal 27,40\nXQ 14,50 2,71 11,79\nXR 12,90 0,96 11,94", "3.67"),
        // A rate without tax among them.
        ("Total 16,00\nA 0,00% 5,00 0,00 5,00\nB 10,00% 10,00 1,00 11,00", "1.00"),
        // A second tax on the base of another row.
        (
            "Total 135,50\nA 13% 10,00 1,30 11,30\nB 25% 90,00 22,50 112,50\nC 3% 0,00 2,70 2,70\nD 9,00 0,00 9,00",
            "26.50",
        ),
    ] {
        let found = sums(&sheet(text), 2);
        assert_eq!(found.tax.map(|t| t.amount.to_decimal()).as_deref(), Some(tax), "{text}");
        assert!(found.tax.unwrap().confidence > 0.96, "{text}");
    }
    // Rows that do not make it prove nothing.
    let found = sums(&sheet("Total 99,00\nXQ 14,50 2,71 11,79\nXR 12,90 0,96 11,94"), 2);
    assert!(found.tax.is_none_or(|t| t.confidence < 0.96));
}

#[test]
fn a_table_of_rates_says_a_total_without_a_label() {
    // No label at all.
    let found = sums(&sheet("WRAP 2,89\nCAKE 2,85\nXY 5,74\n20% 4,78 0,96 5,74"), 2);
    assert_eq!(found.total.map(|t| t.amount.to_decimal()).as_deref(), Some("5.74"));
    assert_eq!(found.tax.map(|t| t.amount.to_decimal()).as_deref(), Some("0.96"));
}

#[test]
fn the_largest_amounts_overflow_nothing() {
    let row = "19% 840336134453,78 159663865546,21 999999999999,99\n99999999999,00% 999999999999,99 0,01\n";
    let found = sums(&sheet(&format!("Total 999999999999,99\n{}", row.repeat(1200))), 2);
    assert_eq!(found.total.unwrap().amount.to_decimal(), "999999999999.99");
}

#[test]
fn a_ticket_without_a_word_for_its_price_has_the_tax_in_it() {
    let (total, confidence, sums) = read("Einzelfahrt 2. Klasse\nWagen 3\n€ 7,20 inkl. 10% USt € 0,65");
    assert_eq!((total.as_str(), sums.tax.map(|t| t.amount.to_decimal())), ("7.20", Some("0.65".to_owned())));
    assert!(confidence >= 0.8, "{confidence}");
    let (total, confidence, _) = read("Enkelbiljett\nSEK 312,00\nInkl 6% moms 17,66");
    assert!(total == "312.00" && confidence >= 0.8, "{total} {confidence}");
    let (_, confidence, sums) = read("Einzelfahrt 2. Klasse\nWagen 3\n€ 7,20 inkl. 10% USt € 0,80");
    assert!(confidence <= 0.3 && sums.because.is_empty(), "the rate comes to another tax: {confidence}");
}

#[test]
fn a_sum_with_its_tax_behind_it_is_the_total() {
    let ticket = "Fahrkarte     1   64,00 €   64,00 €   10,22 €\n\
         Entgelt       1    0,50 €    0,50 €    0,08 €\n\
         Summe             64,50 €   64,50 €   10,30 €";
    assert_eq!(read(ticket).0, "64.50");
}

#[test]
fn a_tax_below_that_is_in_the_sum_at_its_rate_is_not_added_to_it() {
    let slip = |tax: &str| {
        let (total, confidence, _) =
            read(&format!("Counter total (incl tax)   57.00\nCASH   57.00\nTAX OF 14.00%   {tax}"));
        assert_eq!(total, "57.00");
        confidence
    };
    assert!(slip("7.00") >= 0.8, "{}", slip("7.00"));
    assert!(slip("7.98") <= 0.6, "14 % on it: {}", slip("7.98"));
}

#[test]
fn rates_on_lines_of_their_own_make_the_total() {
    let made = |text: &str| {
        let found = figures(&sheet(text), 2);
        rates::table(&rates::rows(&found), 3160 * CENT).map(|t| (t.net / CENT, t.tax / CENT))
    };
    let slip = "Umsatz 10% inkl.   22,00\nUSt 10%   2,00\nUmsatz 20% inkl.   9,60\nUSt 20%   1,60";
    assert_eq!(made(slip), Some((2800, 360)));
    let net = "Netto 10%   20,00\nUSt 10%   2,00\nNetto 20%   8,00\nUSt 20%   1,60";
    assert_eq!(made(net), Some((2800, 360)));
    let thrice = "Umsatz 10%   22,00\nUSt 10%   2,00\nNetto 10%   20,00\n\
         Umsatz 20%   9,60\nUSt 20%   1,60\nNetto 20%   8,00";
    assert_eq!(made(thrice), Some((2800, 360)), "both say the same");
    assert_eq!(made(&slip.replace("1,60", "1,50")), None, "one of them is no tax at its rate");
    assert_eq!(made(&slip.replace("9,60", "19,20")), None);
    assert_eq!(made(&net.replace("8,00", "9,60")), None, "one before tax, and one with it");
    assert_eq!(made("Umsatz   22,00\nUSt   2,00\nUmsatz   9,60\nUSt   1,60"), None, "no rate is printed");
}
