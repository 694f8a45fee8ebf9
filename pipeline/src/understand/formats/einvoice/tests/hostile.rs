use super::*;

/// As many lines as a bill never has: counted and checked, and what is listed is capped.
#[test]
fn many_lines_are_counted_and_capped() {
    let line =
        "<cac:InvoiceLine><cbc:LineExtensionAmount>1000.00</cbc:LineExtensionAmount></cac:InvoiceLine>";
    let xml = UBL.replace("</Invoice>", &[&line.repeat(1000), "</Invoice>"].concat());
    let e = invoice(&xml);
    assert_eq!(codes(&e), []);
    assert_eq!(e.fields[&FieldName::LineItems].value.entries().len(), 500);
    assert!(e.notes.iter().any(|n| n.contains("500 more lines")), "{:?}", e.notes);
    let one_more = xml.replace("</Invoice>", &[line, "</Invoice>"].concat());
    assert_eq!(codes(&invoice(&one_more)), [ReasonCode::ChecksFailed]);
    let endless = UBL.replace("</Invoice>", &[&"<a/>".repeat(200_001), "</Invoice>"].concat());
    assert!(matches!(read(endless.as_bytes(), TODAY), Some(Attached::Other(_))));
}

#[test]
fn envelopes_in_envelopes_end() {
    let mut xml = UBL.to_owned();
    for _ in 0..4 {
        xml = format!(
            "<AttachedDocument><Attachment><ExternalReference><Description>{}</Description></ExternalReference></Attachment></AttachedDocument>",
            xml.replace('&', "&amp;").replace('<', "&lt;")
        );
    }
    assert!(matches!(read(xml.as_bytes(), TODAY), Some(Attached::Other(_))));
    let sri = "<autorizacion><comprobante>".repeat(20) + &"</comprobante></autorizacion>".repeat(20);
    assert_eq!(read(sri.as_bytes(), TODAY), None);
}

#[test]
fn an_envelope_speaks_of_what_is_in_it() {
    let wrapped = |number: &str| {
        format!(
            "<AttachedDocument><ParentDocumentID>{number}</ParentDocumentID><Attachment><ExternalReference><Description>\
             <![CDATA[{UBL}]]></Description></ExternalReference></Attachment></AttachedDocument>"
        )
    };
    assert_eq!(codes(&invoice(&wrapped("SETP-990"))), []);
    assert_eq!(codes(&invoice(&wrapped("SETP-991"))), [ReasonCode::ChecksFailed]);
}

#[test]
fn a_broken_signature_holds_and_a_whole_one_is_said() {
    const SIGNED: &str = include_str!("../../../../signature/samples/nfe.signed.xml");
    let e = invoice(SIGNED);
    assert_eq!(codes(&e), []);
    assert!(e.notes.iter().any(|n| n.contains("intact; the signer was not checked")), "{:?}", e.notes);
    let bare = invoice(include_str!("../samples/nfe.xml"));
    assert_eq!(e.fields, bare.fields, "it makes nothing surer");
    let forged = SIGNED.replace("Papelaria Pau-Brasil", "Papelaria Pau-Brazil");
    assert_eq!(codes(&invoice(&forged)), [ReasonCode::ChecksFailed]);
    const SRI: &str = include_str!("../../../../signature/samples/sri.signed.xml");
    let wrapped = |xml: &str| {
        format!(
            "<autorizacion><estado>AUTORIZADO</estado><comprobante><![CDATA[{xml}]]></comprobante></autorizacion>"
        )
    };
    assert!(invoice(&wrapped(SRI)).notes.iter().any(|n| n.contains("intact")));
    let forged = SRI.replace("Comercial Cotopaxi", "Comercial Chimborazo");
    assert_eq!(codes(&invoice(&wrapped(&forged))), [ReasonCode::ChecksFailed]);
}

proptest::proptest! {
    #[test]
    fn never_panics(root in "(NFe|nfeProc|CTe|NFSe|CompNfse|DTE|EnvioDTE|factura|autorizacion|Facturae|FatturaElettronica|Invoice|Comprobante)",
        inner in "(<(a|infNFe|ide|infNFSe|Documento|infoTributaria|Invoices|FatturaElettronicaBody)( Id='[0-9A-Zñ]{0,50}')?/?>|</a>|[0-9.-]{0,4}){0,12}") {
        let _ = read(format!("<{root}>{inner}</{root}>").as_bytes(), TODAY);
    }
}
