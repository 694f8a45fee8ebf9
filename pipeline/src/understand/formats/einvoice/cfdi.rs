//! Mexico's CFDI 3.2 to 4.0 (Anexo 20 of the SAT): everything is in attributes.

use super::{
    Read,
    bill::{Bill, Item, Party, Tax, sum, text},
    decimal::Decimal,
    tree::Node,
};

/// What the CFDI says; payroll and goods in transit sum up to nothing that is owed, a receipt of payments to what was paid.
pub fn read(root: &Node) -> Read {
    let mut bill = Bill { items_add_up: true, ..Bill::default() };
    let kind = root.attribute_like("TipoDeComprobante").unwrap_or_default();
    if let Some(payments) = root.at(&["Complemento", "Pagos"]).filter(|_| kind.eq_ignore_ascii_case("P")) {
        head(root, &mut bill);
        super::payment::read(payments, &mut bill);
        return Read::Bill(Box::new(bill));
    }
    if !bill.typed("sat", kind) {
        let name = super::types::of("sat", kind).map_or(kind, |t| t.1);
        return Read::Other(format!("a CFDI of type {name}"));
    }
    head(root, &mut bill);
    bill.currency = match root.attribute_like("Moneda") {
        // Before 3.3 it was free text, and left out it was the peso.
        None => Some("MXN".to_owned()),
        code => bill.coin(code),
    };
    bill.line_sum = bill.amount("subtotal", root.attribute_like("SubTotal"));
    bill.discount = bill.amount("discount", root.attribute_like("Descuento"));
    bill.gross = bill.amount("total", root.attribute_like("Total"));
    bill.payment_terms = text(root.attribute_like("CondicionesDePago"));
    taxes(root, &mut bill);
    for line in root.child("Conceptos").into_iter().flat_map(|c| c.all("Concepto")) {
        bill.add_item(item(line));
    }
    bill.net = match (bill.line_sum, bill.discount) {
        (Some(sum), Some(discount)) => Some(sum - discount),
        (sum, _) => sum,
    };
    Read::Bill(Box::new(bill))
}

/// Who, whom, when, and under which number.
fn head(root: &Node, bill: &mut Bill) {
    let folio: Vec<&str> = ["Serie", "Folio"].iter().filter_map(|n| root.attribute_like(n)).collect();
    let stamp = root.at(&["Complemento", "TimbreFiscalDigital"]).and_then(|t| t.attribute("UUID"));
    // Serie and Folio are the issuer's own and optional; the stamp's UUID always is there.
    bill.number = if folio.is_empty() { text(stamp) } else { text(Some(&folio.join("-"))) };
    bill.issue_date = bill.day("issue date", root.attribute_like("Fecha"));
    bill.issuer = party(root.child("Emisor"));
    bill.recipient = party(root.child("Receptor"));
    if stamp.is_none() {
        bill.notes.push("it carries no stamp of the SAT".to_owned());
    }
}

fn party(node: Option<&Node>) -> Party {
    let Some(node) = node else { return Party::default() };
    Party {
        name: text(node.attribute_like("Nombre")),
        legal_name: text(node.attribute_like("Nombre")),
        tax_id: text(node.attribute_like("Rfc")),
    }
}

pub(super) fn decimal(node: &Node, name: &str) -> Option<Decimal> {
    node.attribute_like(name).and_then(Decimal::parse)
}

/// Those of the whole document; local ones are a complement and count in the total too.
fn taxes(root: &Node, bill: &mut Bill) {
    let own = root.child("Impuestos");
    let transferred = own.and_then(|i| i.attribute_like("TotalImpuestosTrasladados"));
    let kept = own.and_then(|i| i.attribute_like("TotalImpuestosRetenidos"));
    let tax = bill.amount("tax", transferred);
    let kept = bill.amount("withheld tax", kept);
    let local = root.at(&["Complemento", "ImpuestosLocales"]);
    let of_local = |name: &str| local.and_then(|l| decimal(l, name)).filter(|d| !d.is_zero());
    for t in own.and_then(|i| i.child("Traslados")).into_iter().flat_map(|t| t.all("Traslado")) {
        let rate = t.attribute_like("TasaOCuota").and_then(Decimal::parse);
        let is_rate = t.attribute_like("TipoFactor").is_none_or(|f| f.eq_ignore_ascii_case("tasa"));
        // 3.2 writes the rate in percent, later ones as a share of one.
        let old = decimal(t, "tasa");
        bill.add_tax(Tax {
            name: t.attribute_like("Impuesto").map(name_of),
            rate: rate.filter(|_| is_rate).map(Decimal::hundredfold).or(old),
            base: decimal(t, "Base"),
            amount: decimal(t, "Importe"),
            ..Tax::default()
        });
    }
    let locally = of_local("TotaldeTraslados");
    bill.add_tax(Tax { name: Some("local".to_owned()), amount: locally, ..Tax::default() });
    bill.tax = sum([tax, locally].into_iter());
    bill.withheld = sum([kept, of_local("TotaldeRetenciones")].into_iter());
}

/// By the SAT's catalogue `c_Impuesto`.
fn name_of(code: &str) -> String {
    match code {
        "001" => "ISR",
        "002" => "IVA",
        "003" => "IEPS",
        other => other,
    }
    .chars()
    .take(40)
    .collect()
}

fn item(line: &Node) -> Item {
    let taxes = line.at(&["Impuestos", "Traslados"]).into_iter().flat_map(|t| t.all("Traslado"));
    Item {
        description: text(line.attribute_like("Descripcion")),
        quantity: decimal(line, "Cantidad"),
        unit_price: decimal(line, "ValorUnitario"),
        amount: decimal(line, "Importe"),
        tax: sum(taxes.map(|t| decimal(t, "Importe"))),
        rate: None,
    }
}
