use super::*;
use crate::fields::FieldName as F;

const NFE: &str = include_str!("../samples/nfe.xml");
const NFCE: &str = include_str!("../samples/nfce.xml");
const CTE: &str = include_str!("../samples/cte.xml");
const NFSE: &str = include_str!("../samples/nfse.xml");
const ABRASF: &str = include_str!("../samples/abrasf.xml");

#[test]
fn reads_a_nfe() {
    let e = says(
        NFE,
        &[
            (F::Type, "invoice"),
            (F::Number, "123"),
            (F::IssueDate, "2026-10-14"),
            (F::Currency, "BRL"),
            (F::IssuerName, "Papelaria Pau-Brasil Ltda"),
            (F::IssuerTaxId, "11222333000181"),
            (F::RecipientName, "Compradora São João S.A."),
            (F::RecipientTaxId, "12ABC34501DE35"),
            (F::OrderNumber, "PO-77"),
            (F::Subtotal, "1200.00"),
            (F::Discount, "30.00"),
            (F::Total, "1270.00"),
            (F::Tax, "326.10"),
            (F::Taxes, "IPI: 50.00; ICMS of 1020.00: 183.60; PIS: 16.50; COFINS: 76.00"),
            (F::PaymentTerms, "2026-11-14 635.00; 2026-12-14 635.00"),
        ],
    );
    assert_eq!((e.kind, e.dialect), (Kind::Invoice, "NF-e"));
    assert_eq!(e.fields[&F::LineItems].value.entries()[0].tax.as_deref(), Some("326.10"));
    assert!(!e.fields.contains_key(&F::DueDate), "there are two");
    let bare = &NFE[NFE.find("<NFe ").expect("a note")..NFE.find("<protNFe").expect("an answer")];
    assert_eq!(says(bare, &[(F::Total, "1270.00")]).fields, e.fields);
    let prefixed =
        NFE.replace("</", "</n:").replace('<', "<n:").replace("<n:/n:", "</n:").replace("<n:?", "<?");
    assert_eq!(says(&prefixed, &[]).fields, e.fields, "a prefix changes nothing");
}

#[test]
fn a_nfe_that_contradicts_itself_is_held() {
    breaks(
        NFE,
        &[
            ("<vNF>1270.00", "<vNF>12700.00", "subtotal + tax = total"),
            ("<vProd>200.00", "<vProd>2000.00", "sum of lines"),
            ("<vNF>1270.00", "<vNF>1.270,00", "vNF is a decimal number"),
            ("<CNPJ>11222333000181", "<CNPJ>11222333000182", "check digits of the issuer's tax id"),
            ("<CNPJ>12ABC34501DE35", "<CNPJ>12ABC34501DE36", "check digits of the recipient's tax id"),
            (
                "Id=\"NFe35261011222333000181550010000001231123456783",
                "Id=\"NFe35261011222333000181550010000001231123456784",
                "check digit of the access key",
            ),
            ("<nNF>123<", "<nNF>124<", "number of the access key"),
            ("<chNFe>3526", "<chNFe>3527", "access key of the answer"),
            ("<dhEmi>2026-10", "<dhEmi>2026-09", "month of the access key"),
            ("<dhEmi>2026-10-14", "<dhEmi>2026-10-34", "issue date is a day"),
            ("<cStat>100", "<cStat>302", "authorised by the tax office"),
            ("<idDest>1</idDest><tpAmb>1", "<tpAmb>2", "made in earnest"),
        ],
    );
    breaks(NFE, &[("</ICMSTot>", "</ICMSTot><vNFTot>1300.00</vNFTot>", "with IBS and CBS")]);
    says(&with(NFE, "</ICMSTot>", "</ICMSTot><vNFTot>1270.00</vNFTot>"), &[(F::Total, "1270.00")]);
    let no_total = with(NFE, "<vNF>1270.00</vNF>", "");
    assert_eq!(codes(&invoice(&no_total)), [ReasonCode::ChecksFailed]);
}

#[test]
fn a_return_is_money_back_and_goods_that_are_not_sold_are_judged() {
    let back = with(&with(NFE, "<finNFe>1", "<finNFe>4"), "<tPag>15", "<tPag>90");
    says(&back, &[(F::Type, "credit_note"), (F::Total, "-1270.00"), (F::Tax, "-326.10")]);
    let billed = with(NFE, "<tPag>15", "<tPag>90");
    says(&billed, &[(F::Type, "invoice")]);
    let lent = billed.replace("cobr>", "outro>");
    assert_eq!(codes(&invoice(&lent)), [ReasonCode::LowConfidence]);
    assert_eq!(codes(&invoice(&with(NFE, "<tpNF>1", "<tpNF>0"))), [ReasonCode::LowConfidence]);
    assert_eq!(codes(&invoice(&with(NFE, "<finNFe>1", "<finNFe>3"))), [ReasonCode::LowConfidence]);
    says(&with(NFE, "<finNFe>1", "<finNFe>2"), &[(F::Type, "debit_note")]);
}

#[test]
fn a_slip_of_a_till_is_a_receipt() {
    let e =
        says(NFCE, &[(F::Type, "receipt"), (F::Total, "19.90"), (F::Number, "780"), (F::Discount, "0.10")]);
    assert_eq!(e.kind, Kind::Receipt);
}

#[test]
fn a_cte_is_paid_by_its_taker() {
    says(
        CTE,
        &[
            (F::IssuerName, "Transportes Tamanduá Ltda"),
            (F::RecipientName, "Destinatário Ltda"),
            (F::Total, "3000.00"),
            (F::Tax, "360.00"),
            (F::DueDate, "2026-11-11"),
        ],
    );
    let sender = with(CTE, "<toma>3</toma>", "<toma>0</toma>");
    says(&sender, &[(F::RecipientName, "Remetente Ltda")]);
    let other = with(
        CTE,
        "<toma3><toma>3</toma></toma3>",
        "<toma4><toma>4</toma><CNPJ>11222333000181</CNPJ><xNome>Outra Ltda</xNome></toma4>",
    );
    says(&other, &[(F::RecipientName, "Outra Ltda")]);
    breaks(
        CTE,
        &[
            ("<vComp>100.00", "<vComp>900.00", "sum of lines"),
            ("<vICMS>360.00", "<vICMS>3600.00", "base × rate"),
        ],
    );
    assert_eq!(codes(&invoice(&with(CTE, "<tpCTe>0", "<tpCTe>2"))), [ReasonCode::LowConfidence]);
}

#[test]
fn a_service_note_is_worth_what_is_paid_for_it() {
    says(
        NFSE,
        &[
            (F::Number, "999"),
            (F::IssuerName, "Serviços Sabiá Ltda"),
            (F::RecipientTaxId, "12ABC34501DE35"),
            (F::Subtotal, "10000.00"),
            (F::Withheld, "1115.00"),
            (F::Total, "8885.00"),
            (F::AmountDue, "8885.00"),
            (F::Tax, "500.00"),
            (F::LineItems, "Publicidade: 10000.00"),
        ],
    );
    breaks(
        NFSE,
        &[
            ("<vLiq>8885.00", "<vLiq>10000.00", "net to be paid"),
            ("<vISSQN>500.00", "<vISSQN>50.00", "base × rate"),
            ("<tpAmb>1", "<tpAmb>2", "made in earnest"),
        ],
    );
}

#[test]
fn town_halls_answer_with_lists() {
    let e = says(
        ABRASF,
        &[
            (F::Number, "42"),
            (F::IssuerTaxId, "11222333000181"),
            (F::RecipientName, "Tomadora Ltda"),
            (F::Subtotal, "1000.00"),
            (F::Withheld, "65.00"),
            (F::Total, "935.00"),
            (F::AmountDue, "935.00"),
            (F::Taxes, "ISS 5 % of 1000.00: 50.00"),
        ],
    );
    let first =
        &ABRASF[ABRASF.find("<CompNfse>").expect("one")..ABRASF.find("</ListaNfse>").expect("its end")];
    assert_eq!(says(first, &[]).fields, e.fields, "alone");
    breaks(
        ABRASF,
        &[
            ("<ValorLiquidoNfse>935.00", "<ValorLiquidoNfse>1000.00", "net to be paid"),
            ("<IssRetido>1", "<IssRetido>2", "net to be paid"),
            ("</Nfse></CompNfse>", "</Nfse><NfseCancelamento/></CompNfse>", "not cancelled"),
        ],
    );
    let two = ABRASF.replace(first, &[first, &first.replace("<Numero>42", "<Numero>43")].concat());
    let e = invoice(&two);
    assert_eq!(codes(&e), [ReasonCode::MultipleDocuments]);
    assert!(e.reasons[0].message.contains("42, 43") && !e.fields.contains_key(&F::Total));
    let none = two.replace("CompNfse", "Mensagem").replace("InfNfse", "Outro");
    assert_eq!(read(none.as_bytes(), TODAY), None);
}

/// The first layout has all in one element.
#[test]
fn the_first_abrasf_layout() {
    let xml = "<Nfse xmlns='http://www.abrasf.org.br/ABRASF/arquivos/nfse.xsd'><InfNfse><Numero>201</Numero><DataEmissao>2026-10-14T10:00:00</DataEmissao>\
        <Servico><Valores><ValorServicos>500.00</ValorServicos><IssRetido>2</IssRetido><ValorIss>25.00</ValorIss><BaseCalculo>500.00</BaseCalculo>\
        <Aliquota>5.00</Aliquota><ValorLiquidoNfse>500.00</ValorLiquidoNfse></Valores><Discriminacao>Aula</Discriminacao></Servico>\
        <PrestadorServico><IdentificacaoPrestador><Cnpj>11222333000181</Cnpj></IdentificacaoPrestador><RazaoSocial>Escola Ltda</RazaoSocial></PrestadorServico>\
        <TomadorServico><IdentificacaoTomador><CpfCnpj><Cpf>52998224725</Cpf></CpfCnpj></IdentificacaoTomador><RazaoSocial>João</RazaoSocial></TomadorServico></InfNfse></Nfse>";
    let e = says(
        xml,
        &[
            (F::Total, "500.00"),
            (F::IssuerTaxId, "11222333000181"),
            (F::RecipientTaxId, "52998224725"),
            (F::Tax, "25.00"),
        ],
    );
    assert!(!e.fields.contains_key(&F::Withheld));
    let kept = xml.replace("<IssRetido>2", "<IssRetido>1").replace(
        "<ValorLiquidoNfse>500.00",
        "<ValorIssRetido>25.00</ValorIssRetido><ValorLiquidoNfse>475.00",
    );
    let kept = says(
        &kept,
        &[(F::Subtotal, "500.00"), (F::Withheld, "25.00"), (F::Total, "475.00"), (F::AmountDue, "475.00")],
    );
    assert_eq!(codes(&kept), []);
}
