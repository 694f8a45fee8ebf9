//! Chile's DTE of the SII: alone or several in their envelope, each with the stamp (TED) that its paper shows as PDF417.

use super::{
    Read,
    bill::{Bill, Item, Party, Tax, at, sum, text},
    decimal::Decimal,
    keys,
    tree::Node,
};

/// Codes of `ImptoReten` that the buyer keeps back; the others come on top.
const KEPT: &[&str] =
    &["15", "30", "31", "32", "33", "34", "36", "37", "38", "39", "41", "46", "47", "48", "49"];

/// What the envelope or the document says.
pub fn read(root: &Node) -> Option<Read> {
    let notes = if root.name == "DTE" { vec![root] } else { root.deep("DTE") };
    let contents: Vec<&Node> = notes
        .into_iter()
        .filter_map(|n| ["Documento", "Exportaciones", "Liquidacion"].iter().find_map(|name| n.child(name)))
        .collect();
    let mut other = None;
    let mut bills = Vec::new();
    for content in contents {
        match bill(content) {
            Some(Ok(bill)) => bills.push(bill),
            Some(Err(name)) => other = Some(Read::Other(name)),
            None => {}
        }
    }
    super::one_or_several(bills).or(other)
}

/// `Err` with its name where it is no bill.
fn bill(content: &Node) -> Option<Result<Bill, String>> {
    let head = content.child("Encabezado")?;
    let id = head.child("IdDoc")?;
    let mut bill = Bill { items_add_up: true, ..Bill::default() };
    let kind = id.text_at(&["TipoDTE"]).unwrap_or_default();
    if !bill.typed("sii", kind) {
        return Some(Err(super::types::of("sii", kind).map_or(kind, |t| t.1).to_owned()));
    }
    bill.retail = matches!(kind, "39" | "41");
    bill.number = text(id.text_at(&["Folio"]));
    bill.issue_date = bill.day("issue date", id.text_at(&["FchEmis"]));
    bill.due_date = bill.day("due date", id.text_at(&["FchVenc"]));
    bill.payment_terms = text(id.text_at(&["TermPagoGlosa"]));
    bill.issuer = party(head.child("Emisor"), &["RznSoc", "RznSocEmisor"], "RUTEmisor");
    bill.recipient = party(head.child("Receptor"), &["RznSocRecep"], "RUTRecep");
    let (seller, buyer) = (bill.issuer.tax_id.clone(), bill.recipient.tax_id.clone());
    bill.check_id("issuer", seller.as_deref(), keys::rut);
    bill.check_id("recipient", buyer.as_deref(), keys::rut);
    let order = content.all("Referencia").find(|r| r.text_at(&["TpoDocRef"]) == Some("801"));
    bill.order_number = text(order.and_then(|r| r.text_at(&["FolioRef"])));
    let abroad = head.text_at(&["Totales", "TpoMoneda"]);
    bill.currency = match abroad {
        None => Some("CLP".to_owned()),
        Some(name) => coin(&mut bill, name),
    };
    sums(head.child("Totales"), &mut bill);
    lines(content, id, &mut bill);
    stamp(content.at(&["TED", "DD"]), kind, &mut bill);
    Some(Ok(bill))
}

/// Exports name their coin in words.
fn coin(bill: &mut Bill, name: &str) -> Option<String> {
    let code = match name.trim().to_uppercase().as_str() {
        "PESO CL" => "CLP",
        "DOLAR USA" => "USD",
        "EURO" => "EUR",
        _ => return bill.coin(Some(name)),
    };
    Some(code.to_owned())
}

fn party(node: Option<&Node>, names: &[&str], id: &str) -> Party {
    let Some(node) = node else { return Party::default() };
    let name = text(names.iter().find_map(|n| node.text_at(&[n])));
    Party { name: name.clone(), legal_name: name, tax_id: text(node.text_at(&[id])) }
}

fn sums(sums: Option<&Node>, bill: &mut Bill) {
    let Some(sums) = sums else { return };
    let net = bill.amount("net", sums.text_at(&["MntNeto"]));
    let exempt = bill.amount("exempt", sums.text_at(&["MntExe"]));
    bill.net = sum([net, exempt].into_iter());
    bill.gross = bill.amount("total", sums.text_at(&["MntTotal"]));
    let vat = bill.amount("tax", sums.text_at(&["IVA"])).filter(|v| !v.is_zero());
    bill.add_tax(Tax {
        name: Some("IVA".to_owned()),
        rate: at(sums, &["TasaIVA"]),
        base: net,
        amount: vat,
        inside: false,
    });
    let mut kept = Vec::new();
    for more in sums.all("ImptoReten") {
        let (code, amount) = (more.text_at(&["TipoImp"]).unwrap_or_default(), at(more, &["MontoImp"]));
        if KEPT.contains(&code) {
            kept.push(amount);
        } else {
            let (name, rate) = (
                Some(format!("impuesto {}", code.chars().take(6).collect::<String>())),
                at(more, &["TasaImp"]),
            );
            bill.add_tax(Tax { name, rate, amount, ..Tax::default() });
        }
    }
    bill.withheld = sum(kept.into_iter());
    // Credit of builders, and deposits on containers.
    bill.discount = at(sums, &["CredEC"]);
    bill.charge = at(sums, &["GrntDep"]).or_else(|| at(sums, &["MntGrnt"]));
    let owed_before = at(sums, &["SaldoAnterior"]).filter(|d| !d.is_zero());
    if owed_before.is_none() && at(sums, &["MontoNF"]).is_none_or(Decimal::is_zero) {
        bill.due = bill.amount("amount due", sums.text_at(&["VlrPagar"]));
    }
}

/// Lines are before tax; of slips and where `MntBruto` says so, with it.
fn lines(content: &Node, id: &Node, bill: &mut Bill) {
    let with_tax = bill.retail || id.text_at(&["MntBruto"]) == Some("1");
    bill.line_sum = if with_tax { None } else { bill.net };
    bill.items_add_up &= !with_tax && content.child("DscRcgGlobal").is_none();
    for line in content.all("Detalle") {
        // What is not billed stands among what is.
        bill.items_add_up &= !matches!(line.text_at(&["IndExe"]), Some("2" | "6"));
        bill.add_item(Item {
            description: text(line.text_at(&["NmbItem"])),
            quantity: at(line, &["QtyItem"]),
            unit_price: at(line, &["PrcItem"]),
            amount: at(line, &["MontoItem"]),
            tax: None,
            rate: None,
        });
    }
    let whole = content.all("Detalle").all(|l| l.child("IndExe").is_none_or(|i| i.text == "1"));
    if with_tax && whole && content.child("DscRcgGlobal").is_none() && !bill.items.is_empty() {
        let made = bill.items_sum;
        if let Some(gross) = bill.gross.filter(|g| !g.near(made, Decimal::whole(3))) {
            bill.contradict("sum of lines = total", &made.to_string(), &gross.to_string());
        }
    }
}

/// The stamp repeats the document: what differs was changed behind it.
fn stamp(stamp: Option<&Node>, kind: &str, bill: &mut Bill) {
    let Some(stamp) = stamp else { return };
    let said = |name: &str| stamp.text_at(&[name]);
    let (issuer, recipient) = (bill.issuer.tax_id.clone(), bill.recipient.tax_id.clone());
    let (number, day) = (bill.number.clone(), bill.issue_date.clone());
    bill.same("type of the stamp = type", said("TD"), Some(kind));
    bill.same("number of the stamp = number", said("F"), number.as_deref());
    bill.same("date of the stamp = issue date", said("FE"), day.as_deref());
    bill.same("issuer of the stamp = issuer", said("RE"), issuer.as_deref());
    bill.same("recipient of the stamp = recipient", said("RR"), recipient.as_deref());
    let (stamped, total) = (said("MNT").and_then(Decimal::parse), bill.gross);
    if let (Some(stamped), Some(total)) = (stamped, total)
        && !stamped.near(total, Decimal::cents(50))
    {
        bill.contradict("total of the stamp = total", &stamped.to_string(), &total.to_string());
    }
}
