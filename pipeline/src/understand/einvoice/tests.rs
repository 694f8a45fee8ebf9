use super::*;

const CII: &str = r#"<rsm:CrossIndustryInvoice xmlns:rsm="urn:x" xmlns:ram="urn:y" xmlns:udt="urn:z">
 <rsm:ExchangedDocument><ram:ID>R-77</ram:ID><ram:TypeCode>380</ram:TypeCode>
  <ram:IssueDateTime><udt:DateTimeString format="102">20240229</udt:DateTimeString></ram:IssueDateTime></rsm:ExchangedDocument>
 <rsm:SupplyChainTradeTransaction>
  <ram:ApplicableHeaderTradeAgreement>
   <ram:SellerTradeParty><ram:Name>Muster &amp; Sohn GmbH</ram:Name>
    <ram:SpecifiedTaxRegistration><ram:ID schemeID="FC">12/345</ram:ID></ram:SpecifiedTaxRegistration>
    <ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">DE999999999</ram:ID></ram:SpecifiedTaxRegistration></ram:SellerTradeParty>
   <ram:BuyerTradeParty><ram:Name>Käufer AG</ram:Name></ram:BuyerTradeParty>
  </ram:ApplicableHeaderTradeAgreement>
  <ram:ApplicableHeaderTradeSettlement><ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>
   <ram:SpecifiedTradeSettlementHeaderMonetarySummation>
    <ram:TaxBasisTotalAmount>100.0000</ram:TaxBasisTotalAmount><ram:TaxTotalAmount currencyID="EUR">19</ram:TaxTotalAmount>
    <ram:GrandTotalAmount>119.00</ram:GrandTotalAmount></ram:SpecifiedTradeSettlementHeaderMonetarySummation>
  </ram:ApplicableHeaderTradeSettlement>
 </rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>"#;

const UBL: &str = r#"<Invoice xmlns="urn:i" xmlns:cac="urn:a" xmlns:cbc="urn:b">
 <cbc:ID>SETP-990</cbc:ID><cbc:IssueDate>2023-11-05</cbc:IssueDate><cbc:DocumentCurrencyCode>COP</cbc:DocumentCurrencyCode>
 <cac:AccountingSupplierParty><cac:Party><cac:PartyTaxScheme><cbc:RegistrationName>Ferretería Uno SAS</cbc:RegistrationName>
  <cbc:CompanyID>900123456</cbc:CompanyID></cac:PartyTaxScheme></cac:Party></cac:AccountingSupplierParty>
 <cac:TaxTotal><cbc:TaxAmount currencyID="COP">190000.00</cbc:TaxAmount></cac:TaxTotal>
 <cac:LegalMonetaryTotal><cbc:LineExtensionAmount currencyID="COP">1000000.00</cbc:LineExtensionAmount>
  <cbc:TaxInclusiveAmount currencyID="COP">1190000.00</cbc:TaxInclusiveAmount></cac:LegalMonetaryTotal></Invoice>"#;

fn value(e: &Einvoice, name: FieldName) -> Option<&str> {
    e.fields.get(&name).map(|f| f.value.as_str())
}

#[test]
fn reads_cii() {
    let e = read(CII.as_bytes()).expect("an invoice");
    assert_eq!(value(&e, FieldName::Number), Some("R-77"));
    assert_eq!(value(&e, FieldName::IssueDate), Some("2024-02-29"));
    assert_eq!(value(&e, FieldName::IssuerName), Some("Muster & Sohn GmbH"));
    assert_eq!(value(&e, FieldName::IssuerTaxId), Some("DE999999999"));
    assert_eq!(value(&e, FieldName::Subtotal), Some("100.00"));
    assert_eq!(value(&e, FieldName::Tax), Some("19.00"));
    assert_eq!(value(&e, FieldName::Total), Some("119.00"));
    assert!(e.fields.values().all(|f| f.source == Source::Xml));
}

#[test]
fn reads_ubl_alone_and_in_dians_envelope() {
    let e = read(UBL.as_bytes()).expect("an invoice");
    assert_eq!(value(&e, FieldName::Total), Some("1190000.00"));
    assert_eq!(value(&e, FieldName::IssuerTaxId), Some("900123456"));
    let wrapped = format!(
        "<AttachedDocument><Attachment><ExternalReference><Description><![CDATA[{UBL}]]></Description></ExternalReference></Attachment></AttachedDocument>"
    );
    let inner = read(wrapped.as_bytes()).expect("an invoice inside");
    assert_eq!(inner.fields, e.fields);
    assert_eq!(inner.dialect, "DIAN AttachedDocument");
}

#[test]
fn reads_cfdi_but_not_payroll() {
    let cfdi = |kind: &str| {
        format!(
            r#"<cfdi:Comprobante xmlns:cfdi="http://www.sat.gob.mx/cfd/4" Version="4.0" Serie="A" Folio="12" Fecha="2024-03-01T10:11:12"
        SubTotal="100" Moneda="MXN" Total="116.00" TipoDeComprobante="{kind}"><cfdi:Emisor Rfc="XAXX010101000" Nombre="LA TIENDA"/>
        <cfdi:Receptor Rfc="XEXX010101000" Nombre="CLIENTE"/><cfdi:Impuestos TotalImpuestosTrasladados="16.00"/></cfdi:Comprobante>"#
        )
    };
    let e = read(cfdi("I").as_bytes()).expect("an invoice");
    assert_eq!(value(&e, FieldName::Number), Some("A-12"));
    assert_eq!(value(&e, FieldName::IssueDate), Some("2024-03-01"));
    assert_eq!(value(&e, FieldName::Tax), Some("16.00"));
    assert!(read(cfdi("N").as_bytes()).is_none());
}

#[test]
fn amounts_and_dates_are_checked() {
    assert_eq!(amount("0100.5"), Some("100.50".to_owned()));
    assert_eq!(amount("-3"), Some("-3.00".to_owned()));
    assert_eq!(amount("1,5"), None);
    assert_eq!(amount(""), None);
    assert_eq!(date("20240230"), None);
    assert_eq!(date("2024-02-29T00:00:00"), Some("2024-02-29".to_owned()));
    assert_eq!(date("29.02.2024"), None);
    assert!(read(b"<!DOCTYPE x><Invoice/>").is_none());
}
