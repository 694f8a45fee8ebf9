//! How a receipt was paid: by card or in cash, by the words beside the amounts handed over.

use super::{
    amounts::{plain, stands},
    money::{Style, amounts},
    sheet::{Row, Sheet},
};

/// Words of a card, plain and parted by semicolons.
const CARD: &str = "visa; mastercard; master card; amex; american express; maestro; tarjeta; card; credit card; debit \
                    card; credit; debit; debito; credito; cartao; carte bancaire; carte; cb; karte; kartenzahlung; \
                    girocard; carta; bancomat; nets; bankcard; mydebit; pin; pagamento elettronico; contactless; \
                    sin contacto; elo; discover";

/// Words of cash.
const CASH: &str = "cash; efectivo; dinheiro; especes; contanti; contante; contant; bar; bargeld; contado; tunai; \
                    cash received; cash tendered; metalico; numerario";

/// Words of money given back.
const CHANGE: &str =
    "change; cambio; troco; vuelto; ruckgeld; rendu; resto; baki; wechselgeld; monnaie; wisselgeld; zuruck";

/// Where such a word speaks of something else.
const NOT: &str = "cash bill; cash sale; cash sales; cash inv; cash invoice; cash memo; cash only; no cash refund; \
                   cash refund; member card; loyalty card; gift card; reward card; credit note; credit term; credit \
                   terms; credit limit; bar code; no cash; points card; card savings; exchange; a la carte; tipo de \
                   cambio; no se admiten cambios; id card; business card";

/// What was found.
#[derive(Debug, Clone, Copy)]
pub struct Paid<'a> {
    /// `card` or `cash`.
    pub how: &'static str,
    /// Probability that it is right.
    pub confidence: f32,
    /// Where it is said best.
    pub row: &'a Row,
}

/// Reads how a receipt was paid.
#[must_use]
pub fn paid(sheet: &Sheet) -> Option<Paid<'_>> {
    let best = |points: &dyn Fn(&Row) -> u32| {
        let rows = sheet.rows.iter().map(|r| (points(r), r)).filter(|(n, _)| *n > 0);
        rows.rev().max_by_key(|(n, _)| *n)
    };
    let card = best(&card_points);
    let cash = best(&cash_points);
    let points = |found: &Option<(u32, &Row)>| found.map_or(0, |(n, _)| n);
    let (how, (mine, row), other) = match points(&card).cmp(&points(&cash)) {
        std::cmp::Ordering::Greater => ("card", card?, points(&cash)),
        std::cmp::Ordering::Less => ("cash", cash?, points(&card)),
        std::cmp::Ordering::Equal => return None,
    };
    let confidence = match (mine, other) {
        (3.., 0) => 0.94,
        (3.., 1) => 0.88,
        (_, 0) => 0.75,
        _ => 0.6,
    };
    Some(Paid { how, confidence, row })
}

fn says(label: &str, phrases: &str) -> bool {
    phrases.split("; ").any(|p| stands(label, p).is_some())
}

/// 3 beside an amount, behind "payment by" or beside a masked number, 1 alone.
fn points(row: &Row, words: &str) -> u32 {
    let label = plain(&row.folded);
    if !says(&label, words) || says(&label, NOT) {
        return 0;
    }
    let asked = says(
        &label,
        "payment; payment type; payment method; payment mode; paid by; forma de pago; medio de pago; forma de pagamento; zahlungsart; zahlung; mode de paiement; reglement; pago con; pagamento",
    );
    if asked || amount(row) { 3 } else { 1 }
}

fn amount(row: &Row) -> bool {
    let seen = amounts(&row.folded, Style::Unknown);
    seen.iter().any(|s| !s.percent && s.amount.mantissa != 0 && (s.decimals || s.signed || s.grouped))
}

fn card_points(row: &Row) -> u32 {
    let masked = ["***", "xxxx", "####"].iter().any(|m| row.folded.contains(m))
        && row.folded.chars().filter(char::is_ascii_digit).count() >= 3;
    let own = points(row, CARD);
    if own > 0 && masked { own + 1 } else { own.max(2 * u32::from(masked)) }
}

fn cash_points(row: &Row) -> u32 {
    let label = plain(&row.folded);
    let back = says(&label, CHANGE) && !says(&label, NOT) && amount(row);
    points(row, CASH).max(3 * u32::from(back))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::amounts::tests::sheet;

    fn how(text: &str) -> Option<&'static str> {
        paid(&sheet(text)).map(|p| p.how)
    }

    #[test]
    fn by_the_words_beside_the_amount() {
        for (text, wanted) in [
            ("CASH BILL\nTOTAL   12.00\nMASTER CARD   12.00", Some("card")),
            ("Member card 1234\nTotal   12.00\nCash   20.00\nChange   8.00", Some("cash")),
            ("TOTAL   24,50\nTarjeta débito   24,50\n**** **** **** 7579", Some("card")),
            ("Total   24,50\nEntregado   30,00\nCambio   5,50", Some("cash")),
            ("Forma de pago: efectivo\nTotal   24,50", Some("cash")),
            ("Total   24,50", None),
            ("STRICTLY NO CASH REFUND\nTotal   24,50\nVISA ****1234", Some("card")),
        ] {
            assert_eq!(how(text), wanted, "{text}");
        }
    }
}
