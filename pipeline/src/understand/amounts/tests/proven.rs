//! Totals and taxes that no word names, or that arithmetic proves, of invented documents.

use super::{read, sheet, sums, sure};

fn tax_of(text: &str) -> Option<String> {
    let tax = sums(&sheet(text), 2).tax?;
    (tax.confidence >= 0.9).then(|| tax.amount.to_decimal())
}

#[test]
fn payment_and_change_say_a_total_that_no_word_names() {
    let slip = "ABCD 1,10\nEFGH 16,20\nQWXYZ 17,30\nVBNM 20,00\nPLKJ 2,70";
    let (total, confidence, sums) = read(slip);
    assert!(total == "17.30" && confidence >= 0.8, "{total} {confidence}");
    assert_eq!(sums.because, ["payment - change = total"]);
    // The lines do not make it, and nothing else agrees.
    let (total, confidence, _) = read(&slip.replace("16,20", "11,20"));
    assert!(total == "17.30" && (0.6..0.8).contains(&confidence), "{total} {confidence}");
    // What is left is the tax, not the change.
    let (total, confidence, _) = read("ABCD 100,00\nQWXYZ 100,00\nVBNM 121,00\nPLKJ 21,00");
    assert!(total == "121.00" && confidence <= 0.5, "{total} {confidence}");
    let (total, confidence, _) = read("ABCD 17,30\nVBNM 20,00\nPLKJ 2,75");
    assert!(total == "20.00" && confidence <= 0.5, "{total} {confidence}");
}

#[test]
fn lines_rates_and_currencies_say_a_total_that_no_word_names() {
    let (total, confidence, _) =
        read("ABCD 15.00\nEFGH 32.00\nIJKL 49.00\nMNPQ 20.00\n: 116.00\n800150,1000\u{a5} 120.00");
    assert!(total == "116.00" && confidence >= 0.7, "{total} {confidence}");
    let (total, _, sums) = read("ABCD 999.60\n18% 152.48\nEFGH 1000.00");
    assert_eq!(
        (total.as_str(), sums.tax.map(|t| t.amount.to_decimal())),
        ("999.60", Some("152.48".to_owned()))
    );
    let (total, confidence, _) = read("ZUIDERPAD 09.00-28.08 89.88-22.80\nKAARTJE EUR 22,95");
    assert!(total == "22.95" && confidence <= 0.6, "{total} {confidence}");
    assert_eq!(read("ABCD 12.00\nEFGH 11.00\nIJKL $1.00").0, "12.00", "a rebate next time");
    assert_eq!(
        read("DAGKAART\n187231051 jpb031 916028 $7.50").0,
        "7.50",
        "a currency is of the number it touches"
    );
}

#[test]
fn words_of_other_letters_as_our_reader_sees_them() {
    let slip = "XNI6 75,95\nCYMA 260,00\nNAB A 20,00% 43,33\nCOTIBKA 300,00\nPEWTA 40,00";
    sure(slip, "260.00");
    assert_eq!(tax_of(slip).as_deref(), Some("43.33"));
    sure("KAPPA 7,55\nETA 2,20\nEYNONO 9,75 EYPO\nMETPHTA 10,00\nPEETA 0,25", "9.75");
}

#[test]
fn a_net_and_its_tax_make_a_total_that_no_word_names() {
    let slip = "1 BURGER     119.00\n12.75 Moms 12%     119.00\nNet TTL     106.25\nKORT     119.00";
    let (total, confidence, _) = read(slip);
    assert!(total == "119.00" && confidence >= 0.8, "{total} {confidence}");
    assert_eq!(tax_of(slip).as_deref(), Some("12.75"), "printed before its name");
    let table = "KARTICE     394,00\n13,00+0,00     278,76     36,24\n25,00+0,00     20,00     5,00\n\
                 25,00+3,00     42,19     11,81\n";
    assert_eq!(read(table).0, "394.00");
    assert_eq!(tax_of(table).as_deref(), Some("53.05"));
}

#[test]
fn a_tax_is_proven() {
    for (text, tax) in [
        // What was bought stands above it without a word.
        ("Walk     66.90\nTAX     4.67\nTOTAL     71.57", Some("4.67")),
        ("Walk     65.90\nTAX     4.67\nTOTAL     71.57", None),
        // It is in the total at a usual rate.
        ("Totaal     16,00\nBtw laag     1,32\nContant     16,00", Some("1.32")),
        ("Totaal     16,00\nBtw laag     1,38\nContant     16,00", None),
        ("Fahrkarte 1   64,00 €   64,00 €   10,22 €\nSumme   64,50 €   64,50 €   10,30 €", Some("10.30")),
        // A tip on top of what it is a part of.
        (
            "Sub Total     17.53\nSales Tax     1.47\nOrder Total     19.00\nTip amount     1.90\n\
             Authorized amount     20.90",
            Some("1.47"),
        ),
        // Printed twice.
        (
            "S-Total     20,67 $\nT.P.S     1,03 $\nT.V.Q     2,06 $\nTOTAL     23,76 $\nTPS: 1,03 $ TVQ: 2,06 $",
            Some("3.09"),
        ),
        ("Sub Total     10.00\nTax     0.00\nGrand Total     10.00", Some("0.00")),
        // What was sold at each rate, tax included.
        (
            "SPRZEDAZ OPODATKOWANA A     24,93\nSPRZEDAZ OPODATKOWANA D     4,19\nPTU A 23%     4,66\n\
             PTU D 0%     0,00\nSUMA PTU     4,66\nSUMA PLN     29,12",
            Some("4.66"),
        ),
        ("Sprzedaż opodatk. A     0,99\nKwota PTU A 23 %     0,19\nSuma PLN     0,99", Some("0.19")),
        // Rows without tax, and rows that share what they are on.
        ("TOTAL     8.11\nA 0% 4.27 0.00\nB 20% 3.84 0.64", Some("0.64")),
        (
            "Ukupno     75,00\nPDV 25%     25,00     19,53     4,88\nPP 3%     3,00     19,53     0,59\n\
             PDV 13%     13,00     44,25     5,75",
            Some("11.22"),
        ),
    ] {
        assert_eq!(tax_of(text).as_deref(), tax, "{text}");
    }
}

#[test]
fn labels_far_from_their_amounts() {
    assert_eq!(read("Horas     10.00     150.50     1505.00\nImporte Total: $     3170").0, "3170.00");
    let boxes =
        "Frete     Desconto     Valor Total da Nota\n0,00      0,00                              7.095.51";
    assert_eq!(read(boxes).0, "7095.51");
}

#[test]
fn what_is_not_the_bills_total() {
    let freight = "PRODUTO     VALOR TOTAL DA CARGA R$ 1.000,00\nVALOR TOTAL DO SERVIÇO\nR$ 47,00\n\
                   VALOR TOTAL A RECEBER\nR$ 47,00\nValor aprox. trib. R$ 300,00";
    assert_eq!(read(freight).0, "47.00");
    let bottles = "SUMA PLN     221,41\nOPAKOWANIA ZWROTNE SUMA     0,50\nDO ZAPKATY\n          221,91 PLN\n\
                   KARTA PŁATNICZA     221,91 PLN";
    assert_eq!(read(bottles).0, "221.91");
    assert_eq!(read("Kaffee 3,50\nKuchen 4,00\nInsgesamt bezahlt 7,50 €").0, "7.50");
}
