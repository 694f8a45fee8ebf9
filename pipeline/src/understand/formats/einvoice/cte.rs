//! Brazil's CT-e: the carrier's bill for transport, paid by who is named as its taker (`toma`).

use super::{
    Read,
    bill::{Bill, Item, Party, Tax, at, text},
    keys,
    nfe::{identity, party},
    tree::Node,
};

/// What the CT-e says.
pub fn read(root: &Node) -> Option<Read> {
    let note = if root.child("infCte").is_some() {
        root
    } else {
        ["CTe", "CTeOS", "CTeSimp"].iter().find_map(|name| root.child(name))?
    };
    let content = note.child("infCte")?;
    let head = content.child("ide")?;
    let mut bill = Bill { items_add_up: true, currency: Some("BRL".to_owned()), ..Bill::default() };
    if !bill.typed("cte", head.text_at(&["tpCTe"]).unwrap_or("0")) {
        return Some(Read::Other("a CT-e that is no bill".to_owned()));
    }
    bill.number = text(head.text_at(&["nCT"]));
    bill.issue_date = bill.day("issue date", head.text_at(&["dhEmi"]));
    bill.issuer = party(content.child("emit"));
    bill.recipient = taker(content, head);
    identity(content, head, "CTe", root.at(&["protCTe", "infProt"]), &mut bill);
    let id = bill.recipient.tax_id.clone();
    bill.check_id("recipient", id.as_deref(), keys::brazilian);
    sums(content, &mut bill);
    let parts = content.at(&["infCTeNorm", "cobr"]).into_iter().flat_map(|c| c.all("dup"));
    bill.installments(
        parts.map(|p| (p.text_at(&["dVenc"]).and_then(super::date), at(p, &["vDup"]))).collect(),
    );
    Some(Read::Bill(Box::new(bill)))
}

/// Who takes the service and pays: one of those who send and receive, or another.
fn taker(content: &Node, head: &Node) -> Party {
    if let Some(other) = head.child("toma4").or_else(|| content.child("toma")) {
        return party(Some(other));
    }
    let role = ["toma3", "toma03"].iter().find_map(|t| head.text_at(&[t, "toma"]));
    let roles = ["rem", "exped", "receb", "dest"];
    let of = |digit: &str| digit.parse::<usize>().ok().and_then(|i| roles.get(i).copied());
    party(role.and_then(of).and_then(|role| content.child(role)))
}

fn sums(content: &Node, bill: &mut Bill) {
    let price = ["vPrest", "total"].iter().find_map(|name| content.child(name));
    let Some(price) = price else { return };
    bill.gross = bill.amount("total", price.text_at(&["vTPrest"]));
    bill.line_sum = bill.gross;
    bill.due = bill.amount("amount due", price.text_at(&["vRec"]).or_else(|| price.text_at(&["vTRec"])));
    for part in price.all("Comp") {
        bill.add_item(Item {
            description: text(part.text_at(&["xNome"])),
            amount: at(part, &["vComp"]),
            ..Item::default()
        });
    }
    // One group for each way that ICMS is counted.
    for way in content.at(&["imp", "ICMS"]).into_iter().flat_map(|i| &i.children) {
        bill.add_tax(Tax {
            name: Some("ICMS".to_owned()),
            rate: at(way, &["pICMS"]),
            base: at(way, &["vBC"]),
            amount: at(way, &["vICMS"]),
            inside: true,
        });
    }
}
