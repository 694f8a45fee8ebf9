//! Ecuador's comprobantes of the SRI, bare or in the authorisation that wraps them as text.

use super::{
    Read,
    bill::{Bill, Item, Party, Tax, at, sum, text},
    keys,
    tree::{self, Node},
};

/// What the comprobante says. An envelope in an envelope is nobody's.
pub fn read(root: &Node) -> Option<Read> {
    let wrapped = if root.name == "autorizacion" { vec![root] } else { root.deep("autorizacion") };
    if wrapped.is_empty() {
        return document(root);
    }
    let mut bills = Vec::new();
    let mut other = None;
    for one in wrapped {
        match authorised(one) {
            Some(Read::Bill(bill)) => bills.push(*bill),
            found => other = other.or(found),
        }
    }
    super::one_or_several(bills).or(other)
}

/// The document in its envelope, as text (CDATA or escaped) or as elements.
fn authorised(envelope: &Node) -> Option<Read> {
    let holder = envelope.child("comprobante")?;
    let parsed = tree::parse(&holder.text).ok();
    let inner = parsed.as_ref().or_else(|| holder.children.first())?;
    let mut read = document(inner)?;
    if let Read::Bill(bill) = &mut read {
        let state = envelope.text_at(&["estado"]).unwrap_or_default();
        if !state.eq_ignore_ascii_case("AUTORIZADO") {
            bill.contradict("authorised by the SRI", state, "AUTORIZADO");
        }
        // Before the scheme "offline" the office gave a number of its own, of 37 digits.
        let given = envelope.text_at(&["numeroAutorizacion"]).filter(|n| n.len() == 49);
        let key = inner.text_at(&["infoTributaria", "claveAcceso"]);
        bill.same("number of the authorisation = access key", given, key);
    }
    Some(read)
}

/// Where each kind keeps its sums: root, type code, element, total.
const KINDS: &[(&str, &str, &str, &str)] = &[
    ("factura", "01", "infoFactura", "importeTotal"),
    ("liquidacionCompra", "03", "infoLiquidacionCompra", "importeTotal"),
    ("notaCredito", "04", "infoNotaCredito", "valorModificacion"),
    ("notaDebito", "05", "infoNotaDebito", "valorTotal"),
];

fn document(root: &Node) -> Option<Read> {
    let head = root.child("infoTributaria")?;
    let code = head.text_at(&["codDoc"]).unwrap_or_default();
    let Some((_, own, about, total)) = KINDS.iter().find(|k| k.0 == root.name) else {
        let name = super::types::of("sri", code).map_or("a comprobante that is no bill", |t| t.1);
        return Some(Read::Other(name.to_owned()));
    };
    let about = root.child(about)?;
    let mut bill = Bill { items_add_up: true, ..Bill::default() };
    bill.typed("sri", own);
    bill.same("type of the document = its code", Some(own), Some(code).filter(|c| !c.is_empty()));
    let part = |name: &str| head.text_at(&[name]).unwrap_or_default();
    bill.number = text(Some(&format!("{}-{}-{}", part("estab"), part("ptoEmi"), part("secuencial"))));
    bill.issue_date = about.text_at(&["fechaEmision"]).and_then(|said| day(said, &mut bill));
    parties(root, head, about, &mut bill);
    bill.currency = match about.text_at(&["moneda"]).map(|m| m.trim().to_uppercase()) {
        None => Some("USD".to_owned()),
        Some(name) if name.starts_with("DOL") || name.starts_with("DÓL") => Some("USD".to_owned()),
        Some(name) => bill.coin(Some(&name)),
    };
    sums(about, total, &mut bill);
    lines(root, &mut bill);
    key(head, &mut bill);
    Some(Read::Bill(Box::new(bill)))
}

/// `21/10/2012`.
fn day(said: &str, bill: &mut Bill) -> Option<String> {
    let parts: Vec<&str> = said.trim().split('/').collect();
    let turned = match parts.as_slice() {
        [d, m, y] => format!("{y}-{m:0>2}-{d:0>2}"),
        _ => said.to_owned(),
    };
    bill.day("issue date", Some(&turned))
}

/// A purchase settled by the buyer names who sells beside who writes it.
fn parties(root: &Node, head: &Node, about: &Node, bill: &mut Bill) {
    let writer = Party {
        name: text(head.text_at(&["nombreComercial"]).or_else(|| head.text_at(&["razonSocial"]))),
        legal_name: text(head.text_at(&["razonSocial"])),
        tax_id: text(head.text_at(&["ruc"])),
    };
    let named = |name: &str, id: &str| {
        let name = text(about.text_at(&[name]));
        Party { name: name.clone(), legal_name: name, tax_id: text(about.text_at(&[id])) }
    };
    if root.name == "liquidacionCompra" {
        bill.issuer = named("razonSocialProveedor", "identificacionProveedor");
        bill.recipient = writer;
    } else {
        bill.issuer = writer;
        bill.recipient = named("razonSocialComprador", "identificacionComprador");
    }
    // 9999999999999 is whoever buys.
    bill.recipient.tax_id = bill.recipient.tax_id.take().filter(|id| !id.bytes().all(|b| b == b'9'));
}

fn sums(about: &Node, total: &str, bill: &mut Bill) {
    bill.net = bill.amount("subtotal", about.text_at(&["totalSinImpuestos"]));
    bill.gross = bill.amount("total", about.text_at(&[total]));
    // It is off the lines already.
    let tip = bill.amount("tip", about.text_at(&["propina"]));
    let others = about.at(&["otrosRubrosTerceros"]).into_iter().flat_map(|o| o.all("rubro"));
    bill.charge = sum(others.map(|r| at(r, &["total"])).chain([tip]));
    let relief = about.child("compensaciones").into_iter().flat_map(|c| c.all("compensacion"));
    bill.discount = sum(relief.map(|r| at(r, &["valor"])));
    bill.withheld = sum([at(about, &["valorRetIva"]), at(about, &["valorRetRenta"])].into_iter());
    let groups = [("totalConImpuestos", "totalImpuesto"), ("impuestos", "impuesto")];
    for (group, one) in groups {
        for tax in about.child(group).into_iter().flat_map(|g| g.all(one)) {
            let name = match tax.text_at(&["codigo"]) {
                Some("2") => "IVA",
                Some("3") => "ICE",
                Some("5") => "IRBPNR",
                _ => "impuesto",
            };
            bill.add_tax(Tax {
                name: Some(name.to_owned()),
                rate: at(tax, &["tarifa"]),
                base: at(tax, &["baseImponible"]),
                amount: at(tax, &["valor"]),
                inside: false,
            });
        }
    }
    let terms = about.child("pagos").into_iter().flat_map(|p| p.all("pago")).find_map(|p| {
        let days = p
            .text_at(&["plazo"])
            .filter(|d| at(p, &["plazo"]).is_some_and(|d| !d.is_zero()) && !d.is_empty())?;
        Some(format!("{days} {}", p.text_at(&["unidadTiempo"]).unwrap_or_default()))
    });
    bill.payment_terms = text(terms.as_deref());
}

fn lines(root: &Node, bill: &mut Bill) {
    bill.line_sum = bill.net;
    for line in root.child("detalles").into_iter().flat_map(|d| d.all("detalle")) {
        let taxes = line.child("impuestos").into_iter().flat_map(|t| t.all("impuesto"));
        bill.add_item(Item {
            description: text(line.text_at(&["descripcion"])),
            quantity: at(line, &["cantidad"]),
            unit_price: at(line, &["precioUnitario"]),
            amount: at(line, &["precioTotalSinImpuesto"]),
            tax: sum(taxes.map(|t| at(t, &["valor"]))),
            rate: None,
        });
    }
    for reason in root.child("motivos").into_iter().flat_map(|m| m.all("motivo")) {
        bill.add_item(Item {
            description: text(reason.text_at(&["razon"])),
            amount: at(reason, &["valor"]),
            ..Item::default()
        });
    }
}

/// The access key against the document it is of.
fn key(head: &Node, bill: &mut Bill) {
    if head.text_at(&["ambiente"]) == Some("1") {
        bill.contradict("made in earnest", "ambiente 1: pruebas", "ambiente 2");
    }
    let Some(said) = head.text_at(&["claveAcceso"]) else { return };
    let Some(key) = keys::clave(said) else {
        bill.contradict("check digit of the access key", said, "a key of 49 digits");
        return;
    };
    let (number, day) = (bill.number.clone(), bill.issue_date.clone());
    bill.same("number of the access key = number", Some(&key.number), number.as_deref());
    bill.same("date of the access key = issue date", Some(&key.day), day.as_deref());
    bill.same("issuer of the access key = issuer", Some(&key.ruc), head.text_at(&["ruc"]));
    bill.same("type of the access key = type", Some(&key.document), head.text_at(&["codDoc"]));
    bill.same(
        "environment of the access key = environment",
        Some(&key.environment),
        head.text_at(&["ambiente"]),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_turned() {
        let mut bill = Bill::default();
        assert_eq!(day("21/10/2012", &mut bill).as_deref(), Some("2012-10-21"));
        assert_eq!(day("1/2/2024", &mut bill).as_deref(), Some("2024-02-01"));
        assert_eq!((day("31/02/2024", &mut bill), bill.broken.len()), (None, 1));
    }
}
