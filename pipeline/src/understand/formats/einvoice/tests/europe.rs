use super::*;
use crate::fields::FieldName as F;

const FACTURAE: &str = include_str!("../samples/facturae.xml");
const FATTURA: &str = include_str!("../samples/fatturapa.xml");

#[test]
fn reads_facturae() {
    says(
        FACTURAE,
        &[
            (F::Type, "invoice"),
            (F::Number, "2026-17"),
            (F::OrderNumber, "PO-9"),
            (F::IssuerName, "Ana García Núñez"),
            (F::IssuerTaxId, "12345678Z"),
            (F::RecipientName, "Compradora, S.A."),
            (F::Subtotal, "900.00"),
            (F::Discount, "100.00"),
            (F::Taxes, "IVA 21 % of 900.00: 189.00"),
            (F::Withheld, "135.00"),
            (F::Total, "954.00"),
            (F::Paid, "54.00"),
            (F::AmountDue, "900.00"),
            (F::DueDate, "2026-11-14"),
            (F::Iban, "ES9121000418450200051332"),
        ],
    );
    breaks(
        FACTURAE,
        &[
            ("<InvoiceTotal>954.00", "<InvoiceTotal>1089.00", "withheld = total"),
            ("<GrossAmount>1000.00", "<GrossAmount>100.00", "sum of lines"),
            ("<TotalTaxOutputs>189.00", "<TotalTaxOutputs>198.00", "taxes"),
            ("<TotalExecutableAmount>900.00", "<TotalExecutableAmount>500.00", "amount due"),
            ("<InvoicesCount>1", "<InvoicesCount>2", "its count"),
        ],
    );
}

#[test]
fn what_corrects_or_copies_in_spain_is_judged() {
    let class = |class: &str| with(FACTURAE, "<InvoiceClass>OO", &format!("<InvoiceClass>{class}"));
    for code in ["OR", "CO", "XX"] {
        assert_eq!(codes(&invoice(&class(code))), [ReasonCode::LowConfidence], "{code}");
    }
    says(&class("OC"), &[(F::Type, "invoice")]);
    let negative = ["1000.00", "100.00", "900.00", "189.00", "135.00", "954.00", "54.00"]
        .iter()
        .fold(class("OR"), |xml, amount| xml.replace(&format!(">{amount}<"), &format!(">-{amount}<")))
        .replace(
            "</InvoiceClass>",
            "</InvoiceClass><Corrective><CorrectionMethod>02</CorrectionMethod></Corrective>",
        );
    says(&negative, &[(F::Type, "credit_note"), (F::Total, "-954.00"), (F::Tax, "-189.00")]);
}

#[test]
fn several_invoices_in_a_batch_are_held() {
    let one =
        &FACTURAE[FACTURAE.find("<Invoice>").expect("one")..FACTURAE.find("</Invoices>").expect("its end")];
    let two = FACTURAE.replace(one, &one.repeat(2));
    assert_eq!(codes(&invoice(&two)), [ReasonCode::MultipleDocuments]);
}

#[test]
fn reads_fatturapa() {
    says(
        FATTURA,
        &[
            (F::Type, "invoice"),
            (F::Number, "FPR 12/26"),
            (F::IssuerName, "Chiara Nicolò"),
            (F::IssuerTaxId, "IT00743110157"),
            (F::RecipientTaxId, "09876543210"),
            (F::Subtotal, "1040.00"),
            (F::Taxes, "IVA 22 % of 1040.00: 228.80"),
            (F::Withheld, "200.00"),
            (F::Total, "1268.80"),
            (F::AmountDue, "1068.80"),
            (F::DueDate, "2026-11-14"),
            (F::OrderNumber, "OA-3"),
            (F::Iban, "IT60X0542811101000000123456"),
        ],
    );
    // The stamp duty may be charged or not; the total may be left to be made.
    says(&with(FATTURA, "1268.80", "1270.80").replace("1068.80", "1070.80"), &[(F::Total, "1270.80")]);
    let made = with(FATTURA, "<ImportoTotaleDocumento>1268.80</ImportoTotaleDocumento>", "");
    says(&made, &[(F::Total, "1268.80")]);
    breaks(
        FATTURA,
        &[
            (">1268.80<", ">12688.00<", "total"),
            ("<PrezzoTotale>1000.00", "<PrezzoTotale>100.00", "sum of lines"),
            ("<Imposta>228.80", "<Imposta>288.80", "base × rate"),
            ("<ImportoPagamento>1068.80", "<ImportoPagamento>106.88", "amount due"),
            ("<Divisa>EUR", "<Divisa>EURO", "currency"),
        ],
    );
}

#[test]
fn italian_types_and_bodies() {
    let of = |code: &str| with(FATTURA, "<TipoDocumento>TD01", &format!("<TipoDocumento>{code}"));
    says(&of("TD04"), &[(F::Type, "credit_note"), (F::Total, "-1268.80"), (F::AmountDue, "-1068.80")]);
    says(&of("TD05"), &[(F::Type, "debit_note")]);
    says(&of("TD24"), &[(F::Type, "invoice")]);
    for code in ["TD17", "TD20", "TD99"] {
        assert_eq!(codes(&invoice(&of(code))), [ReasonCode::LowConfidence], "{code}");
    }
    let body = &FATTURA
        [FATTURA.find("<FatturaElettronicaBody>").expect("one")..FATTURA.find("</p:Fatt").expect("its end")];
    let two = FATTURA.replace(body, &[body, &body.replace("12/26", "13/26")].concat());
    let e = invoice(&two);
    assert_eq!(codes(&e), [ReasonCode::MultipleDocuments]);
    assert_eq!(value(&e, F::IssuerTaxId), Some("IT00743110157"));
    let split = with(FATTURA, "<EsigibilitaIVA>I", "<EsigibilitaIVA>S")
        .replace("<ImportoPagamento>1068.80", "<ImportoPagamento>840.00");
    says(&split, &[(F::Withheld, "428.80"), (F::AmountDue, "840.00")]);
}

#[test]
fn the_simplified_fattura_is_gross() {
    let xml = "<n:FatturaElettronicaSemplificata xmlns:n='u'><FatturaElettronicaHeader><CedentePrestatore><IdFiscaleIVA><IdPaese>IT</IdPaese>\
        <IdCodice>00743110157</IdCodice></IdFiscaleIVA><Denominazione>Bar Sport</Denominazione></CedentePrestatore><CessionarioCommittente>\
        <IdentificativiFiscali><CodiceFiscale>RSSMRA80A01H501U</CodiceFiscale></IdentificativiFiscali></CessionarioCommittente></FatturaElettronicaHeader>\
        <FatturaElettronicaBody><DatiGenerali><DatiGeneraliDocumento><TipoDocumento>TD07</TipoDocumento><Divisa>EUR</Divisa><Data>2026-10-14</Data>\
        <Numero>7</Numero></DatiGeneraliDocumento></DatiGenerali><DatiBeniServizi><Descrizione>Pranzo</Descrizione><Importo>11.00</Importo>\
        <DatiIVA><Imposta>1.00</Imposta></DatiIVA></DatiBeniServizi></FatturaElettronicaBody></n:FatturaElettronicaSemplificata>";
    says(
        xml,
        &[
            (F::IssuerName, "Bar Sport"),
            (F::Total, "11.00"),
            (F::Tax, "1.00"),
            (F::RecipientTaxId, "RSSMRA80A01H501U"),
        ],
    );
}
