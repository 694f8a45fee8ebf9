use time::macros::date;

use super::*;

mod brazil;
mod europe;
mod hispanic;
mod hostile;

const TODAY: Date = date!(2026 - 11 - 28);

const CII: &str = r#"<rsm:CrossIndustryInvoice xmlns:rsm="urn:x" xmlns:ram="urn:y" xmlns:udt="urn:z">
 <rsm:ExchangedDocument><ram:ID>R-77</ram:ID><ram:TypeCode>380</ram:TypeCode>
  <ram:IssueDateTime><udt:DateTimeString format="102">20240229</udt:DateTimeString></ram:IssueDateTime></rsm:ExchangedDocument>
 <rsm:SupplyChainTradeTransaction>
  <ram:ApplicableHeaderTradeAgreement>
   <ram:SellerTradeParty><ram:Name>Muster &amp; Sohn GmbH</ram:Name>
    <ram:SpecifiedTaxRegistration><ram:ID schemeID="FC">12/345</ram:ID></ram:SpecifiedTaxRegistration>
    <ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">DE999999999</ram:ID></ram:SpecifiedTaxRegistration></ram:SellerTradeParty>
   <ram:BuyerTradeParty><ram:Name>Käufer AG</ram:Name></ram:BuyerTradeParty>
   <ram:BuyerOrderReferencedDocument><ram:IssuerAssignedID>PO-5</ram:IssuerAssignedID></ram:BuyerOrderReferencedDocument>
  </ram:ApplicableHeaderTradeAgreement>
  <ram:ApplicableHeaderTradeSettlement><ram:PaymentReference>RF18</ram:PaymentReference><ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>
   <ram:SpecifiedTradeSettlementPaymentMeans><ram:PayeePartyCreditorFinancialAccount><ram:IBANID>DE89370400440532013000</ram:IBANID></ram:PayeePartyCreditorFinancialAccount></ram:SpecifiedTradeSettlementPaymentMeans>
   <ram:ApplicableTradeTax><ram:CalculatedAmount>19.00</ram:CalculatedAmount><ram:TypeCode>VAT</ram:TypeCode><ram:BasisAmount>100.00</ram:BasisAmount><ram:RateApplicablePercent>19.00</ram:RateApplicablePercent></ram:ApplicableTradeTax>
   <ram:SpecifiedTradeSettlementHeaderMonetarySummation>
    <ram:TaxBasisTotalAmount>100.0000</ram:TaxBasisTotalAmount><ram:TaxTotalAmount currencyID="EUR">19</ram:TaxTotalAmount>
    <ram:GrandTotalAmount>119.00</ram:GrandTotalAmount><ram:TotalPrepaidAmount>19.00</ram:TotalPrepaidAmount><ram:DuePayableAmount>100.00</ram:DuePayableAmount></ram:SpecifiedTradeSettlementHeaderMonetarySummation>
  </ram:ApplicableHeaderTradeSettlement>
 </rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>"#;

const UBL: &str = r#"<Invoice xmlns="urn:i" xmlns:cac="urn:a" xmlns:cbc="urn:b">
 <cbc:ID>SETP-990</cbc:ID><cbc:IssueDate>2023-11-05</cbc:IssueDate><cbc:DocumentCurrencyCode>COP</cbc:DocumentCurrencyCode>
 <cac:AccountingSupplierParty><cac:Party><cac:PartyTaxScheme><cbc:RegistrationName>Ferretería Uno SAS</cbc:RegistrationName>
  <cbc:CompanyID>900123456</cbc:CompanyID></cac:PartyTaxScheme></cac:Party></cac:AccountingSupplierParty>
 <cac:TaxTotal><cbc:TaxAmount currencyID="COP">190000.00</cbc:TaxAmount></cac:TaxTotal>
 <cac:LegalMonetaryTotal><cbc:LineExtensionAmount currencyID="COP">1000000.00</cbc:LineExtensionAmount>
  <cbc:TaxInclusiveAmount currencyID="COP">1190000.00</cbc:TaxInclusiveAmount></cac:LegalMonetaryTotal></Invoice>"#;

fn cfdi(kind: &str, total: &str, more: &str) -> String {
    format!(
        r#"<cfdi:Comprobante xmlns:cfdi="http://www.sat.gob.mx/cfd/4" Version="4.0" Serie="A" Folio="12" Fecha="2024-03-01T10:11:12"
        SubTotal="100" Moneda="MXN" Total="{total}" TipoDeComprobante="{kind}"><cfdi:Emisor Rfc="XAXX010101000" Nombre="LA TIENDA"/>
        <cfdi:Receptor Rfc="XEXX010101000" Nombre="CLIENTE"/>{more}</cfdi:Comprobante>"#
    )
}

const IVA: &str = r#"<cfdi:Impuestos TotalImpuestosTrasladados="16.00"><cfdi:Traslados><cfdi:Traslado Base="100" Impuesto="002"
    TipoFactor="Tasa" TasaOCuota="0.160000" Importe="16.00"/></cfdi:Traslados></cfdi:Impuestos>"#;

fn invoice(xml: &str) -> Einvoice {
    match read(xml.as_bytes(), TODAY) {
        Some(Attached::Invoice(invoice)) => invoice,
        other => panic!("no invoice: {other:?}"),
    }
}

#[test]
fn two_attachments_are_one_invoice_or_two() {
    let found = |xmls: [&str; 2]| {
        let attached = |xml: &&str| Attachment { name: "f.xml".to_owned(), bytes: xml.as_bytes().to_vec() };
        match find(&xmls.iter().map(attached).collect::<Vec<_>>(), TODAY) {
            Some(Attached::Invoice(invoice)) => codes(&invoice),
            other => panic!("no invoice: {other:?}"),
        }
    };
    assert_eq!(found([CII, CII]), []);
    assert_eq!(found([CII, &CII.replace("R-77", "R-78")]), [ReasonCode::MultipleDocuments]);
    assert_eq!(found([CII, "<Order/>"]), []);
}

fn value(e: &Einvoice, name: FieldName) -> Option<&str> {
    e.fields.get(&name).map(|f| f.value.as_str())
}

/// Changes a sample in one place, which must be there.
fn with(xml: &str, from: &str, to: &str) -> String {
    assert!(xml.contains(from), "{from} is not in the sample");
    xml.replace(from, to)
}

/// The sample says these fields and nothing speaks against filing it.
fn says(xml: &str, wanted: &[(FieldName, &str)]) -> Einvoice {
    let e = invoice(xml);
    assert_eq!(e.reasons, [], "{}", e.dialect);
    for (name, said) in wanted {
        let value = e.fields.get(name).map(|f| f.value.to_string());
        assert_eq!(value.as_deref(), Some(*said), "{name} of {}", e.dialect);
    }
    e
}

/// Each change makes a failed check of that name.
fn breaks(xml: &str, changes: &[(&str, &str, &str)]) {
    for (from, to, check) in changes {
        let e = invoice(&with(xml, from, to));
        let checks: Vec<String> =
            e.reasons.iter().filter_map(|r| r.detail.get("check")?.as_str().map(str::to_owned)).collect();
        assert!(checks.iter().any(|c| c.contains(check)), "{from} → {to}: {:?}", e.reasons);
    }
}

fn codes(e: &Einvoice) -> Vec<ReasonCode> {
    e.reasons.iter().map(|r| r.code).collect()
}

#[test]
fn reads_cii() {
    let e = invoice(CII);
    assert_eq!(codes(&e), []);
    for (name, said) in [
        (FieldName::Type, "invoice"),
        (FieldName::Number, "R-77"),
        (FieldName::OrderNumber, "PO-5"),
        (FieldName::IssueDate, "2024-02-29"),
        (FieldName::IssuerName, "Muster & Sohn GmbH"),
        (FieldName::IssuerTaxId, "DE999999999"),
        (FieldName::Subtotal, "100.00"),
        (FieldName::Tax, "19.00"),
        (FieldName::Total, "119.00"),
        (FieldName::Paid, "19.00"),
        (FieldName::AmountDue, "100.00"),
        (FieldName::Iban, "DE89370400440532013000"),
        (FieldName::PaymentReference, "RF18"),
    ] {
        assert_eq!(value(&e, name), Some(said), "{name}");
    }
    assert_eq!(e.fields[&FieldName::Taxes].value.to_string(), "VAT 19 % of 100.00: 19.00");
    assert!(e.fields.values().all(|f| f.source == crate::fields::Source::Xml));
}

/// Every type code, with a positive and a negative sum: money back is negative, and what is not sure waits.
#[test]
fn type_codes_decide_the_sign() {
    for (code, kind, total, held) in [
        ("380", "invoice", "119.00", false),
        ("389", "invoice", "119.00", false),
        ("751", "invoice", "119.00", false),
        ("383", "debit_note", "119.00", false),
        ("381", "credit_note", "-119.00", false),
        ("261", "credit_note", "-119.00", false),
        ("396", "credit_note", "-119.00", false),
        ("532", "credit_note", "-119.00", false),
        ("384", "invoice", "119.00", true),
        ("471", "invoice", "119.00", true),
        ("999", "invoice", "119.00", true),
    ] {
        let e = invoice(&CII.replace("<ram:TypeCode>380", &format!("<ram:TypeCode>{code}")));
        assert_eq!(
            (value(&e, FieldName::Type), value(&e, FieldName::Total)),
            (Some(kind), Some(total)),
            "{code}"
        );
        assert_eq!(!e.reasons.is_empty(), held, "{code}: {:?}", e.reasons);
    }
    let negative = |code: &str| {
        let mut xml = CII.replace("<ram:TypeCode>380", &format!("<ram:TypeCode>{code}"));
        for amount in ["100.0000", "19<", "119.00", "19.00<", "100.00<"] {
            xml = xml.replace(&format!(">{amount}"), &format!(">-{amount}"));
        }
        invoice(&xml.replace(">-19.00</ram:RateApplicablePercent", ">19.00</ram:RateApplicablePercent"))
    };
    let e = negative("380");
    assert_eq!(
        (value(&e, FieldName::Type), value(&e, FieldName::Total)),
        (Some("credit_note"), Some("-119.00"))
    );
    assert_eq!(codes(&e), []);
    assert_eq!(codes(&negative("381")), [ReasonCode::LowConfidence], "a credit note of a negative sum");
    let proforma = CII.replace("<ram:TypeCode>380", "<ram:TypeCode>325");
    assert!(matches!(read(proforma.as_bytes(), TODAY), Some(Attached::Other(_))));
}

#[test]
fn reads_ubl_alone_and_in_its_envelopes() {
    let e = invoice(UBL);
    assert_eq!(value(&e, FieldName::Total), Some("1190000.00"));
    assert_eq!(value(&e, FieldName::IssuerTaxId), Some("900123456"));
    let wrapped = |inner: &str, answer: &str| {
        format!(
            "<AttachedDocument><Attachment><ExternalReference><Description><![CDATA[{inner}]]></Description></ExternalReference></Attachment>\
             <ParentDocumentLineReference><DocumentReference><Attachment><ExternalReference><Description><![CDATA[<ApplicationResponse>\
             <DocumentResponse><Response><ResponseCode>{answer}</ResponseCode></Response></DocumentResponse></ApplicationResponse>]]>\
             </Description></ExternalReference></Attachment></DocumentReference></ParentDocumentLineReference></AttachedDocument>"
        )
    };
    let inner = invoice(&wrapped(UBL, "02"));
    assert_eq!((inner.fields.clone(), inner.dialect), (e.fields.clone(), "DIAN AttachedDocument"));
    assert_eq!(codes(&inner), []);
    assert_eq!(codes(&invoice(&wrapped(UBL, "04"))), [ReasonCode::ChecksFailed], "refused by the DIAN");
    let sbdh = format!(
        "<sh:StandardBusinessDocument xmlns:sh='u'><sh:StandardBusinessDocumentHeader/>{UBL}</sh:StandardBusinessDocument>"
    );
    assert_eq!(invoice(&sbdh).fields, e.fields);
    assert!(matches!(read(wrapped("<broken", "02").as_bytes(), TODAY), Some(Attached::Other(_))));
}

#[test]
fn credit_and_debit_notes_of_ubl() {
    let note = |root: &str, code: &str| {
        let xml = UBL
            .replace("Invoice xmlns", &format!("{root} xmlns"))
            .replace("</Invoice>", &format!("</{root}>"));
        invoice(&xml.replace("<cbc:DocumentCurrencyCode>", &format!("{code}<cbc:DocumentCurrencyCode>")))
    };
    let dian = "<cbc:ProfileID>DIAN 2.1</cbc:ProfileID>";
    for (root, code, kind, total) in [
        ("CreditNote", String::new(), "credit_note", "-1190000.00"),
        (
            "CreditNote",
            format!("{dian}<cbc:CreditNoteTypeCode>91</cbc:CreditNoteTypeCode>"),
            "credit_note",
            "-1190000.00",
        ),
        (
            "CreditNote",
            "<cbc:CreditNoteTypeCode>381</cbc:CreditNoteTypeCode>".to_owned(),
            "credit_note",
            "-1190000.00",
        ),
        (
            "CreditNote",
            "<cbc:CreditNoteTypeCode>396</cbc:CreditNoteTypeCode>".to_owned(),
            "credit_note",
            "-1190000.00",
        ),
        ("DebitNote", String::new(), "debit_note", "1190000.00"),
        (
            "Invoice",
            "<cbc:InvoiceTypeCode>381</cbc:InvoiceTypeCode>".to_owned(),
            "credit_note",
            "-1190000.00",
        ),
        ("Invoice", "<cbc:InvoiceTypeCode>07</cbc:InvoiceTypeCode>".to_owned(), "credit_note", "-1190000.00"),
        ("Invoice", "<cbc:InvoiceTypeCode>08</cbc:InvoiceTypeCode>".to_owned(), "debit_note", "1190000.00"),
        ("Invoice", "<cbc:InvoiceTypeCode>01</cbc:InvoiceTypeCode>".to_owned(), "invoice", "1190000.00"),
        (
            "Invoice",
            format!("{dian}<cbc:InvoiceTypeCode>91</cbc:InvoiceTypeCode>"),
            "credit_note",
            "-1190000.00",
        ),
        (
            "Invoice",
            format!("{dian}<cbc:InvoiceTypeCode>95</cbc:InvoiceTypeCode>"),
            "credit_note",
            "-1190000.00",
        ),
    ] {
        let e = note(root, &code);
        assert_eq!(
            (value(&e, FieldName::Type), value(&e, FieldName::Total)),
            (Some(kind), Some(total)),
            "{root} {code}"
        );
        assert_eq!(codes(&e), [], "{root} {code}");
    }
    let tax = note("CreditNote", "");
    assert_eq!(value(&tax, FieldName::Tax), Some("-190000.00"));
    assert_eq!(tax.fields[&FieldName::Taxes].value.entries()[0].amount.as_deref(), Some("-190000.00"));
    assert_eq!(
        codes(&note("Invoice", "<cbc:InvoiceTypeCode>IADE</cbc:InvoiceTypeCode>")),
        [ReasonCode::LowConfidence]
    );
}

#[test]
fn several_taxes_are_one_sum_and_a_list() {
    let total = |name: &str, amount: &str| {
        format!(
            "<cac:TaxTotal><cbc:TaxAmount currencyID='COP'>{amount}</cbc:TaxAmount><cac:TaxSubtotal><cbc:TaxAmount>{amount}</cbc:TaxAmount>\
             <cac:TaxCategory><cac:TaxScheme><cbc:ID>{name}</cbc:ID></cac:TaxScheme></cac:TaxCategory></cac:TaxSubtotal></cac:TaxTotal>"
        )
    };
    let one = "<cac:TaxTotal><cbc:TaxAmount currencyID=\"COP\">190000.00</cbc:TaxAmount></cac:TaxTotal>";
    let three = [total("03", "0.00"), total("01", "110000.00"), total("04", "80000.00")].concat();
    // Given away: its tax is told in a part and not in the sum.
    let gift = total("9996", "5.00").replacen("5.00", "0.00", 1);
    let foreign = "<cac:TaxTotal><cbc:TaxAmount currencyID='USD'>45.00</cbc:TaxAmount></cac:TaxTotal>";
    let e = invoice(&UBL.replace(one, &[three.as_str(), &gift, foreign].concat()));
    assert_eq!(value(&e, FieldName::Tax), Some("190000.00"), "{:?}", e.reasons);
    assert_eq!(e.fields[&FieldName::Taxes].value.entries().len(), 3);
    assert_eq!(codes(&e), []);
}

#[test]
fn sums_that_do_not_add_up_are_a_failed_check() {
    for (from, to) in [
        (">1190000.00<", ">11900000.00<"),
        (">190000.00<", ">19000.00<"),
        (">1190000.00<", ">1.190.000,00<"),
        ("2023-11-05", "2023-13-05"),
        ("2023-11-05", "2027-03-01"),
        (">COP<", ">XQZ<"),
        (">COP<", ">USD<"),
        ("</cbc:IssueDate>", "</cbc:IssueDate><cbc:DueDate>2023-10-01</cbc:DueDate>"),
        (
            "</cbc:TaxInclusiveAmount>",
            "</cbc:TaxInclusiveAmount><cbc:PayableAmount>900000.00</cbc:PayableAmount>",
        ),
        (
            "</cac:LegalMonetaryTotal>",
            "<cbc:TaxExclusiveAmount currencyID='COP'>10000000.00</cbc:TaxExclusiveAmount></cac:LegalMonetaryTotal>",
        ),
        (
            "</Invoice>",
            "<cac:InvoiceLine><cbc:LineExtensionAmount>100000.00</cbc:LineExtensionAmount></cac:InvoiceLine></Invoice>",
        ),
    ] {
        assert!(UBL.contains(from), "{from}");
        let codes = codes(&invoice(&UBL.replace(from, to)));
        assert!(
            !codes.is_empty() && codes.iter().all(|c| *c == ReasonCode::ChecksFailed),
            "{from} → {to}: {codes:?}"
        );
    }
}

#[test]
fn what_rounds_or_is_taken_off_behind_the_tax_adds_up() {
    for (more, total, due) in [
        (
            "<cbc:PrepaidAmount>190000.00</cbc:PrepaidAmount><cbc:PayableAmount>1000000.00</cbc:PayableAmount>",
            "1190000.00",
            "1000000.00",
        ),
        ("<cbc:PayableAmount>1190000.00</cbc:PayableAmount>", "1190000.00", "1190000.00"),
        (
            "<cbc:AllowanceTotalAmount>90000.00</cbc:AllowanceTotalAmount><cbc:PayableAmount>1100000.00</cbc:PayableAmount>",
            "1100000.00",
            "1100000.00",
        ),
        (
            "<cbc:PayableRoundingAmount>20.00</cbc:PayableRoundingAmount><cbc:PayableAmount>1190020.00</cbc:PayableAmount>",
            "1190020.00",
            "1190020.00",
        ),
    ] {
        let e =
            invoice(&UBL.replace("</cac:LegalMonetaryTotal>", &format!("{more}</cac:LegalMonetaryTotal>")));
        assert_eq!(codes(&e), [], "{more}");
        assert_eq!(
            (value(&e, FieldName::Total), value(&e, FieldName::AmountDue)),
            (Some(total), Some(due)),
            "{more}"
        );
    }
}

#[test]
fn cfdi_by_its_type() {
    let e = invoice(&cfdi("I", "116.00", IVA));
    assert_eq!(codes(&e), []);
    assert_eq!(value(&e, FieldName::Number), Some("A-12"));
    assert_eq!(value(&e, FieldName::IssueDate), Some("2024-03-01"));
    assert_eq!(value(&e, FieldName::Tax), Some("16.00"));
    assert_eq!(e.fields[&FieldName::Taxes].value.to_string(), "IVA 16 % of 100.00: 16.00");
    let back = invoice(&cfdi("E", "116.00", IVA));
    assert_eq!(
        (value(&back, FieldName::Type), value(&back, FieldName::Total)),
        (Some("credit_note"), Some("-116.00"))
    );
    assert_eq!(codes(&back), []);
    for kind in ["N", "T"] {
        let Some(Attached::Other(reason)) = read(cfdi(kind, "116.00", IVA).as_bytes(), TODAY) else {
            panic!("{kind}")
        };
        assert_eq!(reason.code, ReasonCode::NotADocument, "{kind}");
    }
    assert_eq!(codes(&invoice(&cfdi("I", "1160.00", IVA))), [ReasonCode::ChecksFailed]);
    assert_eq!(codes(&invoice(&cfdi("", "116.00", IVA))), [ReasonCode::LowConfidence]);
    let kept = IVA.replace(
        "TotalImpuestosTrasladados=",
        "TotalImpuestosRetenidos=\"10.00\" TotalImpuestosTrasladados=",
    );
    let e = invoice(&cfdi("I", "106.00", &kept));
    assert_eq!((codes(&e), value(&e, FieldName::Withheld)), (vec![], Some("10.00")));
}

#[test]
fn other_documents_are_named() {
    for (xml, what) in [
        ("<SCRDMCCBDACIOMessageStructure/>", "Order-X"),
        ("<procEventoNFe/>", "cancellation"),
        ("<FileMetadati/>", "data about a file"),
        ("<ApplicationResponse/>", "answer"),
        ("<DespatchAdvice/>", "delivery"),
    ] {
        let Some(Attached::Other(reason)) = read(xml.as_bytes(), TODAY) else { panic!("{xml}") };
        assert!(reason.message.contains(what), "{}", reason.message);
    }
    assert_eq!(read(b"<a/>", TODAY), None);
}

#[test]
fn dates_are_checked() {
    assert_eq!(date("20240230"), None);
    assert_eq!(date("2024-02-29T00:00:00"), Some("2024-02-29".to_owned()));
    assert_eq!(date("29.02.2024"), None);
    assert!(matches!(read(b"<!DOCTYPE x><Invoice/>", TODAY), Some(Attached::Other(_))));
}
