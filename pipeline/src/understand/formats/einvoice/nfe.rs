//! Brazil's NF-e (model 55) and NFC-e (model 65), versions 3.10 and 4.00.
//!
//! ICMS, PIS and COFINS are in the prices, IPI and the substitute's ICMS come on top; `vTotTrib` is an estimate for the
//! consumer and no tax of this bill.

use super::{
    Read,
    bill::{Bill, Item, Party, Tax, at, sum, text},
    decimal::Decimal,
    keys,
    tree::Node,
};

/// What the NF-e says; a batch may hold several.
pub fn read(root: &Node) -> Option<Read> {
    let notes: Vec<&Node> = if root.name == "NFe" { vec![root] } else { root.all("NFe").collect() };
    let answer = root.at(&["protNFe", "infProt"]);
    let bills: Vec<Bill> = notes.into_iter().filter_map(|note| bill(note.child("infNFe")?, answer)).collect();
    super::one_or_several(bills)
}

fn bill(note: &Node, answer: Option<&Node>) -> Option<Bill> {
    let head = note.child("ide")?;
    let mut bill = Bill { items_add_up: true, currency: Some("BRL".to_owned()), ..Bill::default() };
    let purpose = head.text_at(&["finNFe"]).unwrap_or("1");
    bill.typed("nfe", purpose);
    bill.retail = head.text_at(&["mod"]) == Some("65");
    bill.number = text(head.text_at(&["nNF"]));
    let issued = head.text_at(&["dhEmi"]).or_else(|| head.text_at(&["dEmi"]));
    bill.issue_date = bill.day("issue date", issued);
    bill.issuer = party(note.child("emit"));
    bill.recipient = party(note.child("dest"));
    let order = note.text_at(&["compra", "xPed"]);
    bill.order_number =
        text(order.or_else(|| note.all("det").find_map(|line| line.text_at(&["prod", "xPed"]))));
    identity(note, head, "NFe", answer, &mut bill);
    let taker = bill.recipient.tax_id.clone();
    bill.check_id(
        "recipient",
        taker.as_deref().filter(|_| note.at(&["dest", "idEstrangeiro"]).is_none()),
        keys::brazilian,
    );
    for line in note.all("det") {
        item(line, &mut bill);
    }
    totals(note, &mut bill);
    payment(note, head, &mut bill);
    Some(bill)
}

pub(super) fn party(node: Option<&Node>) -> Party {
    let Some(node) = node else { return Party::default() };
    let id = ["CNPJ", "CPF", "NIF", "idEstrangeiro"].iter().find_map(|id| node.text_at(&[id]));
    let name = text(node.text_at(&["xNome"]));
    Party { name: name.clone(), legal_name: name, tax_id: text(id) }
}

/// The access key against what the document says itself, and what the tax office answered.
pub(super) fn identity(note: &Node, head: &Node, prefix: &str, answer: Option<&Node>, bill: &mut Bill) {
    let issuer = bill.issuer.tax_id.clone();
    bill.check_id("issuer", issuer.as_deref(), keys::brazilian);
    if let Some(id) = note.attribute("Id") {
        let key = id.strip_prefix(prefix).unwrap_or(id);
        match keys::chave(key) {
            None => bill.contradict("check digit of the access key", key, "a key of 44 signs"),
            Some(chave) => {
                // Someone of the office or with a CPF alone has another number there, filled up with zeros.
                if issuer.as_deref().is_some_and(|id| id.len() == 14) && !chave.cnpj.starts_with("000") {
                    bill.same("issuer of the access key = issuer", Some(&chave.cnpj), issuer.as_deref());
                }
                let number = bill.number.clone();
                let plain = number.as_deref().map(|n| n.trim_start_matches('0'));
                bill.same("number of the access key = number", Some(&chave.number), plain);
                bill.same("model of the access key = model", Some(&chave.model), head.text_at(&["mod"]));
                let month = bill
                    .issue_date
                    .as_deref()
                    .and_then(|d| Some(format!("{}{}", d.get(2..4)?, d.get(5..7)?)));
                bill.same("month of the access key = issue date", Some(&chave.month), month.as_deref());
            }
        }
        let stamped = answer.and_then(|a| a.text_at(&["chNFe"]).or_else(|| a.text_at(&["chCTe"])));
        bill.same("access key of the answer = access key", stamped, Some(key));
    }
    if head.text_at(&["tpAmb"]) == Some("2") {
        bill.contradict("made in earnest", "tpAmb 2: sem valor fiscal", "tpAmb 1");
    }
    match answer.and_then(|a| a.text_at(&["cStat"])) {
        Some("100" | "150") => bill.notes.push("the tax office let it pass (cStat 100)".to_owned()),
        Some(other) => bill.contradict("authorised by the tax office", other, "100"),
        None => bill.notes.push("it carries no answer of the tax office".to_owned()),
    }
}

fn item(line: &Node, bill: &mut Bill) {
    let Some(product) = line.child("prod") else { return };
    let tax = line.child("imposto");
    // What is not in the total says so.
    bill.items_add_up &=
        product.text_at(&["indTot"]) != Some("0") && tax.is_none_or(|t| t.child("ISSQN").is_none());
    let on_it = tax.map(|tax| {
        let of = |path: &[&str]| tax.at(path).into_iter().flat_map(|n| &n.children);
        let amounts = [("ICMS", "vICMS"), ("PIS", "vPIS"), ("COFINS", "vCOFINS")]
            .iter()
            .flat_map(|(group, amount)| of(&[group]).filter_map(move |kind| at(kind, &[amount])))
            .map(Some);
        let more = [at(tax, &["IPI", "IPITrib", "vIPI"]), at(tax, &["ISSQN", "vISSQN"])];
        sum(amounts.chain(more))
    });
    bill.add_item(Item {
        description: text(product.text_at(&["xProd"])),
        quantity: at(product, &["qCom"]),
        unit_price: at(product, &["vUnCom"]),
        amount: at(product, &["vProd"]),
        tax: on_it.flatten(),
        rate: None,
    });
}

fn totals(note: &Node, bill: &mut Bill) {
    let Some(all) = note.child("total") else { return };
    let Some(sums) = all.child("ICMSTot") else { return };
    let services = all.child("ISSQNtot");
    let mut money = |name: &str| bill.amount(name, sums.text_at(&[name]));
    let [goods, discount, total] = ["vProd", "vDesc", "vNF"].map(&mut money);
    let charges = ["vFrete", "vSeg", "vOutro"].map(&mut money);
    bill.line_sum = goods;
    let served = services.and_then(|s| at(s, &["vServ"]));
    bill.net = sum([goods, served].into_iter());
    bill.charge = sum(charges.into_iter());
    bill.gross = total;
    // Relief that is taken off the price, where it is.
    let relief = sums.text_at(&["vICMSDeson"]).and_then(Decimal::parse).filter(|d| !d.is_zero());
    bill.discount = discount.filter(|d| !d.is_zero());
    if let (Some(relief), Some(total)) = (relief, total) {
        let with = |off: Decimal| {
            bill.net.unwrap_or_default() + bill.charge.unwrap_or_default()
                - discount.unwrap_or_default()
                - off
        };
        let on_top: Decimal = ON_TOP.iter().filter_map(|(tag, _)| at(sums, &[tag])).sum();
        if (with(relief) + on_top).near(total, Decimal::cents(5)) {
            bill.discount = Some(discount.unwrap_or_default() + relief);
        }
    }
    for (tag, name) in ON_TOP {
        put(sums, tag, name, None, false, bill);
    }
    let base = at(sums, &["vBC"]);
    put(sums, "vICMS", "ICMS", base, true, bill);
    for (tag, name) in [("vFCP", "FCP"), ("vPIS", "PIS"), ("vCOFINS", "COFINS")] {
        put(sums, tag, name, None, true, bill);
    }
    if let Some(services) = services {
        put(services, "vISS", "ISS", at(services, &["vBC"]), true, bill);
        for (tag, name) in [("vPIS", "PIS"), ("vCOFINS", "COFINS")] {
            put(services, tag, name, None, true, bill);
        }
    }
    // From 2027 IBS and CBS come on top; until then they are told and not charged.
    let with_reform = at(all, &["IBSCBSTot", "vNFTot"]).or_else(|| at(all, &["vNFTot"]));
    if let (Some(whole), Some(total)) = (with_reform, total)
        && !whole.is_zero()
        && !whole.near(total, Decimal::cents(1))
    {
        bill.contradict("total with IBS and CBS = total", &whole.to_string(), &total.to_string());
    }
    let kept = ["vRetPIS", "vRetCOFINS", "vRetCSLL", "vIRRF", "vRetPrev"];
    bill.withheld = sum(kept.iter().map(|tag| all.child("retTrib").and_then(|r| at(r, &[tag]))));
}

/// What comes on top of the prices.
const ON_TOP: &[(&str, &str)] = &[
    ("vIPI", "IPI"),
    ("vIPIDevol", "IPI given back"),
    ("vST", "ICMS-ST"),
    ("vFCPST", "FCP-ST"),
    ("vII", "II"),
    ("vICMSMonoReten", "ICMS monofásico"),
];

fn put(sums: &Node, tag: &str, name: &str, base: Option<Decimal>, inside: bool, bill: &mut Bill) {
    let amount = at(sums, &[tag]).filter(|a| !a.is_zero());
    bill.add_tax(Tax { name: Some(name.to_owned()), base, amount, inside, rate: None });
}

/// 90 of `tPag`: nothing is paid for it.
const UNPAID: &str = "90";

fn payment(note: &Node, head: &Node, bill: &mut Bill) {
    let parts = note.at(&["cobr"]).into_iter().flat_map(|c| c.all("dup"));
    bill.installments(
        parts.map(|p| (p.text_at(&["dVenc"]).and_then(super::date), at(p, &["vDup"]))).collect(),
    );
    let ways: Vec<&str> = note
        .child("pag")
        .into_iter()
        .flat_map(|p| p.children.iter())
        .filter_map(|p| if p.name == "tPag" { Some(p.text.as_str()) } else { p.text_at(&["tPag"]) })
        .collect();
    let sale = head.text_at(&["finNFe"]).is_none_or(|f| f == "1");
    let comes_in = head.text_at(&["tpNF"]) == Some("0");
    // Some write 90 and bill it all the same.
    let billed = note.at(&["cobr"]).is_some_and(|c| c.child("dup").is_some() || c.child("fat").is_some());
    let unpaid = !billed && !ways.is_empty() && ways.iter().all(|w| *w == UNPAID);
    let named = head.text_at(&["natOp"]).unwrap_or_default();
    if sale && (comes_in || unpaid) {
        let named: String = named.chars().take(60).collect();
        bill.type_doubt = Some(format!("goods move and nothing is paid for them ({named})"));
    }
}
