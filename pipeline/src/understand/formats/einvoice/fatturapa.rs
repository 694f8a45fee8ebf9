//! Italy's FatturaPA, ordinary (FPR12, FPA12) and simplified (FSM10); one file may hold several bodies.

use super::{
    Read,
    bill::{Bill, Item, Party, Tax, at, sum, text},
    decimal::Decimal,
    tree::Node,
};

/// What the file says.
pub fn read(root: &Node) -> Option<Read> {
    let head = root.child("FatturaElettronicaHeader")?;
    let (seller, buyer) =
        (party(head.child("CedentePrestatore")), party(head.child("CessionarioCommittente")));
    let bodies = root.all("FatturaElettronicaBody");
    super::one_or_several(bodies.filter_map(|body| bill(body, &seller, &buyer)).collect())
}

fn party(node: Option<&Node>) -> Party {
    let Some(node) = node else { return Party::default() };
    // Simplified ones have it all one level higher.
    let about = node.child("DatiAnagrafici").unwrap_or(node);
    let named = about.child("Anagrafica").or_else(|| node.child("AltriDatiIdentificativi")).unwrap_or(about);
    let person = ["Nome", "Cognome"].iter().filter_map(|n| named.text_at(&[n])).collect::<Vec<_>>().join(" ");
    let name = text(named.text_at(&["Denominazione"]).or(Some(&person)));
    let ids = about.child("IdentificativiFiscali").unwrap_or(about);
    let vat = ids.child("IdFiscaleIVA").map(|id| {
        let part = |n: &str| id.text_at(&[n]).unwrap_or_default();
        format!("{}{}", part("IdPaese"), part("IdCodice"))
    });
    let tax_id = text(vat.as_deref().or_else(|| ids.text_at(&["CodiceFiscale"])));
    Party { name: name.clone(), legal_name: name, tax_id }
}

fn bill(body: &Node, seller: &Party, buyer: &Party) -> Option<Bill> {
    let head = body.at(&["DatiGenerali", "DatiGeneraliDocumento"])?;
    let mut bill =
        Bill { items_add_up: true, issuer: seller.clone(), recipient: buyer.clone(), ..Bill::default() };
    bill.typed("fatturapa", head.text_at(&["TipoDocumento"]).unwrap_or_default());
    bill.number = text(head.text_at(&["Numero"]));
    bill.issue_date = bill.day("issue date", head.text_at(&["Data"]));
    bill.currency = bill.coin(head.text_at(&["Divisa"]));
    bill.order_number = text(body.text_at(&["DatiGenerali", "DatiOrdineAcquisto", "IdDocumento"]));
    let simple: Vec<&Node> = body.all("DatiBeniServizi").filter(|g| g.child("Importo").is_some()).collect();
    if simple.is_empty() {
        ordinary(body, head, &mut bill);
    } else {
        simplified(&simple, &mut bill);
    }
    payment(body, &mut bill);
    Some(bill)
}

fn ordinary(body: &Node, head: &Node, bill: &mut Bill) {
    let goods = body.child("DatiBeniServizi");
    let summary = || goods.into_iter().flat_map(|g| g.all("DatiRiepilogo"));
    let of_summary = |name: &'static str| sum(summary().map(|s| at(s, &[name])));
    bill.net = of_summary("ImponibileImporto");
    for part in summary() {
        bill.add_tax(Tax {
            name: Some("IVA".to_owned()),
            rate: at(part, &["AliquotaIVA"]),
            base: at(part, &["ImponibileImporto"]),
            amount: at(part, &["Imposta"]),
            inside: false,
        });
    }
    let duty = at(head, &["DatiBollo", "ImportoBollo"]);
    bill.charge = duty;
    bill.rounding = bill.amount("rounding", head.text_at(&["Arrotondamento"]));
    bill.gross = bill.amount("total", head.text_at(&["ImportoTotaleDocumento"]));
    if bill.gross.is_none() {
        // It may be left out; then nothing but the summary says it.
        let made = bill.net.map(|net| net + bill.tax_sum() + bill.rounding.unwrap_or_default());
        bill.gross = made;
    }
    let kept = head.all("DatiRitenuta").map(|r| at(r, &["ImportoRitenuta"]));
    // VAT that the state pays itself ("split payment") is kept back too.
    let split =
        summary().filter(|s| s.text_at(&["EsigibilitaIVA"]) == Some("S")).map(|s| at(s, &["Imposta"]));
    bill.withheld = sum(kept.chain(split));
    lines(goods, head, of_summary("SpeseAccessorie"), of_summary("Arrotondamento"), bill);
}

/// Lines, with the fund of a profession and what is taken off the whole, make the summary.
fn lines(
    goods: Option<&Node>,
    head: &Node,
    extra: Option<Decimal>,
    rounded: Option<Decimal>,
    bill: &mut Bill,
) {
    for line in goods.into_iter().flat_map(|g| g.all("DettaglioLinee")) {
        bill.add_item(Item {
            description: text(line.text_at(&["Descrizione"])),
            quantity: at(line, &["Quantita"]),
            unit_price: at(line, &["PrezzoUnitario"]),
            amount: at(line, &["PrezzoTotale"]),
            tax: None,
            rate: at(line, &["AliquotaIVA"]),
        });
    }
    let fund = sum(head.all("DatiCassaPrevidenziale").map(|c| at(c, &["ImportoContributoCassa"])));
    let mut off = Decimal::ZERO;
    for change in head.all("ScontoMaggiorazione") {
        let amount = at(change, &["Importo"])
            .or_else(|| at(change, &["Percentuale"]).map(|rate| bill.items_sum.percent(rate)))
            .unwrap_or_default();
        off = if change.text_at(&["Tipo"]) == Some("MG") { off - amount } else { off + amount };
    }
    let or_none = |d: Option<Decimal>| d.unwrap_or_default();
    bill.line_sum = bill.net.map(|net| net - or_none(fund) - or_none(extra) - or_none(rounded) + off);
    if !off.is_zero() && !off.is_negative() {
        bill.discount = Some(off);
    }
}

/// Amounts include their tax.
fn simplified(goods: &[&Node], bill: &mut Bill) {
    bill.gross = sum(goods.iter().map(|g| at(g, &["Importo"])));
    for part in goods {
        bill.add_tax(Tax {
            name: Some("IVA".to_owned()),
            rate: at(part, &["DatiIVA", "Aliquota"]),
            base: None,
            amount: at(part, &["DatiIVA", "Imposta"]),
            inside: true,
        });
        bill.add_item(Item {
            description: text(part.text_at(&["Descrizione"])),
            amount: at(part, &["Importo"]),
            ..Item::default()
        });
    }
}

fn payment(body: &Node, bill: &mut Bill) {
    let blocks: Vec<&Node> = body.all("DatiPagamento").collect();
    let parts: Vec<&Node> = blocks.iter().flat_map(|b| b.all("DettaglioPagamento")).collect();
    bill.installments(
        parts
            .iter()
            .map(|p| {
                (p.text_at(&["DataScadenzaPagamento"]).and_then(super::date), at(p, &["ImportoPagamento"]))
            })
            .collect(),
    );
    for part in &parts {
        bill.account(part.text_at(&["IBAN"]));
    }
    // An advance (TP03) is not all that is due; several blocks are ways to choose from.
    if let [block] = blocks.as_slice()
        && matches!(block.text_at(&["CondizioniPagamento"]), Some("TP01" | "TP02"))
    {
        bill.due = sum(parts.iter().map(|p| at(p, &["ImportoPagamento"])));
    }
}
