//! Brazil's service notes: the national layout (DPS in a NFS-e) and ABRASF's, in the answers of town halls.
//!
//! Total is what is to be paid: the services less discounts and the taxes that the taker keeps back.

use super::{
    Read,
    bill::{Bill, Item, Party, Tax, at, sum, text},
    decimal::Decimal,
    keys,
    nfe::party,
    tree::Node,
};

/// What the note says; town halls answer with lists.
pub fn read(root: &Node) -> Option<Read> {
    let national: Vec<&Node> = root.all("infNFSe").collect();
    let bills: Vec<Bill> = if national.is_empty() {
        let notes = match root.name.as_str() {
            "CompNfse" | "Nfse" => vec![root],
            _ => {
                let wrapped = root.deep("CompNfse");
                if wrapped.is_empty() { root.deep("Nfse") } else { wrapped }
            }
        };
        notes.into_iter().filter_map(municipal).collect()
    } else {
        national.into_iter().filter_map(of_the_nation).collect()
    };
    super::one_or_several(bills)
}

fn started() -> Bill {
    Bill { items_add_up: true, currency: Some("BRL".to_owned()), ..Bill::default() }
}

/// `infNFSe` with the taxpayer's declaration (DPS) in it.
fn of_the_nation(note: &Node) -> Option<Bill> {
    let declared = note.at(&["DPS", "infDPS"])?;
    let mut bill = started();
    bill.number = text(note.text_at(&["nNFSe"]));
    bill.issue_date =
        bill.day("issue date", declared.text_at(&["dhEmi"]).or_else(|| note.text_at(&["dhProc"])));
    bill.issuer = party(note.child("emit").or_else(|| declared.child("prest")));
    bill.recipient = party(declared.child("toma"));
    let served = declared.child("valores");
    let money = |path: &[&str]| served.and_then(|v| at(v, path));
    let gross = money(&["vServPrest", "vServ"]);
    bill.line_sum = gross;
    bill.discount =
        sum([money(&["vDescCondIncond", "vDescIncond"]), money(&["vDescCondIncond", "vDescCond"])]
            .into_iter());
    let counted = note.child("valores");
    let counted_money = |name: &str| counted.and_then(|v| at(v, &[name]));
    let federal = served.and_then(|v| v.at(&["trib", "tribFed"]));
    let of_federal = |path: &[&str]| federal.and_then(|f| at(f, path));
    let iss = counted_money("vISSQN");
    let kept_by_taker = served.and_then(|v| v.text_at(&["trib", "tribMun", "tpRetISSQN"]));
    let kept = [
        iss.filter(|_| matches!(kept_by_taker, Some("2" | "3"))),
        of_federal(&["vRetCP"]),
        of_federal(&["vRetIRRF"]),
        of_federal(&["vRetCSLL"]),
    ];
    bill.withheld = counted_money("vTotalRet").or_else(|| sum(kept.into_iter()));
    tax(&mut bill, "ISS", counted_money("pAliqAplic"), counted_money("vBC"), iss);
    for (name, path) in [("PIS", ["piscofins", "vPis"]), ("COFINS", ["piscofins", "vCofins"])] {
        tax(&mut bill, name, None, None, of_federal(&path));
    }
    let liquid = counted.and_then(|v| v.text_at(&["vLiq"]));
    let total = bill.amount("total", liquid);
    described(&mut bill, declared.text_at(&["serv", "cServ", "xDescServ"]), gross);
    finish(&mut bill, gross, total);
    if declared.text_at(&["tpAmb"]) == Some("2") {
        bill.contradict("made in earnest", "tpAmb 2: sem valor fiscal", "tpAmb 1");
    }
    Some(bill)
}

/// ABRASF 1 has all in `InfNfse`; 2 keeps what the taxpayer declared in an element of its own.
fn municipal(note: &Node) -> Option<Bill> {
    let content = note.at(&["Nfse", "InfNfse"]).or_else(|| note.child("InfNfse"))?;
    let declared =
        content.at(&["DeclaracaoPrestacaoServico", "InfDeclaracaoPrestacaoServico"]).unwrap_or(content);
    let mut bill = started();
    bill.number = text(content.text_at(&["Numero"]));
    bill.issue_date = bill.day("issue date", content.text_at(&["DataEmissao"]));
    let seller = content.child("PrestadorServico").or_else(|| declared.child("Prestador"));
    bill.issuer = registered(seller, declared.child("Prestador"), "IdentificacaoPrestador");
    let buyer = ["TomadorServico", "Tomador"].iter().find_map(|t| declared.child(t));
    bill.recipient = registered(buyer, None, "IdentificacaoTomador");
    let service = declared.child("Servico");
    let values = service.and_then(|s| s.child("Valores"));
    let counted = content.child("ValoresNfse");
    let money = |name: &str| values.and_then(|v| at(v, &[name]));
    let of_note = |name: &str| counted.and_then(|v| at(v, &[name])).or_else(|| money(name));
    let gross = money("ValorServicos");
    bill.line_sum = gross;
    bill.discount = sum([money("DescontoIncondicionado"), money("DescontoCondicionado")].into_iter());
    let said = |node: Option<&Node>| node.and_then(|n| n.text_at(&["IssRetido"])).map(str::to_owned);
    let kept_iss = said(service).or_else(|| said(values)).is_some_and(|r| r == "1");
    let iss = of_note("ValorIss");
    let kept = ["ValorPis", "ValorCofins", "ValorInss", "ValorIr", "ValorCsll", "OutrasRetencoes"];
    let kept_iss = kept_iss.then(|| money("ValorIssRetido").or(iss)).flatten();
    bill.withheld = sum(kept.iter().map(|k| money(k)).chain([kept_iss]));
    tax(&mut bill, "ISS", of_note("Aliquota").map(percent), of_note("BaseCalculo"), iss);
    let said = counted.and_then(|v| v.text_at(&["ValorLiquidoNfse"]));
    let liquid = said.or_else(|| values.and_then(|v| v.text_at(&["ValorLiquidoNfse"])));
    let total = bill.amount("total", liquid);
    described(&mut bill, service.and_then(|s| s.text_at(&["Discriminacao"])), gross);
    finish(&mut bill, gross, total);
    if note.child("NfseCancelamento").is_some() {
        bill.contradict("not cancelled", "NfseCancelamento", "a note in force");
    }
    if note.child("NfseSubstituicao").is_some() {
        bill.contradict("not replaced", "NfseSubstituicao", "a note in force");
    }
    Some(bill)
}

/// Some towns write 0.05 where others write 5: no rate of this tax is below one per cent.
fn percent(rate: Decimal) -> Decimal {
    if rate.abs() < Decimal::whole(1) { rate.hundredfold() } else { rate }
}

fn registered(node: Option<&Node>, other: Option<&Node>, identity: &str) -> Party {
    let id = |node: &Node| {
        let own = node.child(identity).unwrap_or(node);
        let holder = own.child("CpfCnpj").unwrap_or(own);
        text(["Cnpj", "Cpf"].iter().find_map(|t| holder.text_at(&[t])))
    };
    let name = node.and_then(|n| text(n.text_at(&["RazaoSocial"])));
    let tax_id = node.and_then(id).or_else(|| other.and_then(id));
    Party { name: name.clone(), legal_name: name, tax_id }
}

fn tax(bill: &mut Bill, name: &str, rate: Option<Decimal>, base: Option<Decimal>, amount: Option<Decimal>) {
    let amount = amount.filter(|a| !a.is_zero());
    bill.add_tax(Tax { name: Some(name.to_owned()), rate, base, amount, inside: true });
}

fn described(bill: &mut Bill, about: Option<&str>, amount: Option<Decimal>) {
    bill.add_item(Item { description: text(about), amount, ..Item::default() });
}

/// Services less discounts less what is kept back make what is to be paid; a discount on conditions is taken off or not.
fn finish(bill: &mut Bill, gross: Option<Decimal>, liquid: Option<Decimal>) {
    let taken = |d: Option<Decimal>| d.unwrap_or_default();
    let kept = taken(bill.withheld);
    let made = gross.map(|g| g - taken(bill.discount) - kept);
    if let (Some(gross), Some(made), Some(liquid)) = (gross, made, liquid)
        && !made.near(liquid, Decimal::cents(5))
        && !(gross - kept).near(liquid, Decimal::cents(5))
    {
        let check = "services - discounts - withheld = net to be paid";
        bill.contradict(check, &made.to_string(), &liquid.to_string());
    }
    bill.gross = liquid.or(made);
    bill.due = bill.gross;
    bill.net = gross;
    let (issuer, recipient) = (bill.issuer.tax_id.clone(), bill.recipient.tax_id.clone());
    bill.check_id("issuer", issuer.as_deref(), keys::brazilian);
    bill.check_id(
        "recipient",
        recipient.as_deref().filter(|id| matches!(id.len(), 11 | 14)),
        keys::brazilian,
    );
}
