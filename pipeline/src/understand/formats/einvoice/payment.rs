//! Mexico's receipt of payments (CFDI type P with the complement Pagos 1.0 or 2.0): its own total is nothing, what was
//! paid stands in the complement.

use super::{
    bill::{Bill, Item, text},
    cfdi::decimal,
    decimal::Decimal,
    tree::Node,
};

/// Reads the payments into a bill that has its head.
pub fn read(payments: &Node, bill: &mut Bill) {
    bill.retail = true;
    let all: Vec<&Node> = payments.all("Pago").collect();
    let mut coins: Vec<&str> = all.iter().filter_map(|p| p.attribute_like("MonedaP")).collect();
    coins.dedup();
    let said = payments.at(&["Totales"]).and_then(|t| t.attribute_like("MontoTotalPagos"));
    let said = bill.amount("sum of payments", said);
    let sum: Option<Decimal> = all.iter().map(|p| decimal(p, "Monto")).sum();
    match coins.as_slice() {
        [one] => {
            bill.currency = bill.coin(Some(one));
            bill.gross = sum;
        }
        // Of several currencies the sum is told in pesos.
        _ => {
            bill.currency = said.map(|_| "MXN".to_owned());
            bill.gross = said;
        }
    }
    if let (Some(said), Some(sum), Some("MXN")) = (said, sum, bill.currency.as_deref())
        && coins.len() == 1
        && !said.near(sum, Decimal::cents(5))
    {
        bill.contradict("sum of payments = their total", &sum.to_string(), &said.to_string());
    }
    for payment in all {
        one(payment, bill);
    }
}

/// One payment and the invoices it is for.
fn one(payment: &Node, bill: &mut Bill) {
    let coin = payment.attribute_like("MonedaP");
    let mut paid = Decimal::ZERO;
    for invoice in payment.all("DoctoRelacionado") {
        let folio: Vec<&str> = ["Serie", "Folio"].iter().filter_map(|n| invoice.attribute_like(n)).collect();
        let name = if folio.is_empty() {
            invoice.attribute_like("IdDocumento").unwrap_or_default().to_owned()
        } else {
            folio.join("-")
        };
        let amount = decimal(invoice, "ImpPagado");
        let (before, after) = (decimal(invoice, "ImpSaldoAnt"), decimal(invoice, "ImpSaldoInsoluto"));
        if let (Some(before), Some(after), Some(amount)) = (before, after, amount)
            && !(before - amount).near(after, Decimal::cents(2))
        {
            let left = (before - amount).to_string();
            bill.contradict("owed before - paid = still owed", &left, &after.to_string());
        }
        if invoice.attribute_like("MonedaDR").is_none_or(|c| Some(c) == coin) {
            paid = paid + amount.unwrap_or_default();
        }
        bill.add_item(Item { description: text(Some(&name)), amount, ..Item::default() });
    }
    // Less may be told than was paid, never more.
    if let Some(amount) = decimal(payment, "Monto").filter(|amount| (*amount + Decimal::cents(5)) < paid) {
        bill.contradict("paid of invoices ≤ payment", &paid.to_string(), &amount.to_string());
    }
    if let Some(day) = payment.attribute_like("FechaPago").and_then(super::date) {
        bill.notes.push(format!("paid on {day}"));
    }
}
