use super::*;
use crate::fields::FieldName as F;

const DTE: &str = include_str!("../samples/dte.xml");
const SRI: &str = include_str!("../samples/sri.xml");
const SRI_CREDIT: &str = include_str!("../samples/sri_credito.xml");

#[test]
fn reads_a_dte() {
    says(
        DTE,
        &[
            (F::Type, "invoice"),
            (F::Number, "60"),
            (F::IssueDate, "2026-10-13"),
            (F::DueDate, "2026-11-12"),
            (F::Currency, "CLP"),
            (F::IssuerName, "Ferretería Ñandú SpA"),
            (F::IssuerTaxId, "97975000-5"),
            (F::OrderNumber, "OC-5"),
            (F::Subtotal, "105000.00"),
            (F::Taxes, "IVA 19 % of 100000.00: 19000.00"),
            (F::Total, "124000.00"),
        ],
    );
    breaks(
        DTE,
        &[
            ("<MntTotal>124000", "<MntTotal>1240000", "total"),
            ("<MNT>124000", "<MNT>12400", "total of the stamp"),
            ("<Folio>60", "<Folio>61", "number of the stamp"),
            ("<RUTEmisor>97975000-5", "<RUTEmisor>97975000-6", "check digits of the issuer"),
            ("<MontoItem>5000<", "<MontoItem>50000<", "sum of lines"),
            ("<IVA>19000", "<IVA>9000", "base × rate"),
        ],
    );
}

#[test]
fn dte_by_their_type() {
    let of = |code: &str| {
        DTE.replace("<TipoDTE>33", &format!("<TipoDTE>{code}")).replace("<TD>33", &format!("<TD>{code}"))
    };
    says(&of("61"), &[(F::Type, "credit_note"), (F::Total, "-124000.00"), (F::Tax, "-19000.00")]);
    says(&of("56"), &[(F::Type, "debit_note"), (F::Total, "124000.00")]);
    assert_eq!(codes(&invoice(&of("99"))), [ReasonCode::LowConfidence]);
    let Some(Attached::Other(reason)) = read(of("52").as_bytes(), TODAY) else { panic!("goods sent") };
    assert!(reason.message.contains("guía de despacho"));
    let exempt = of("34")
        .replace(
            "<MntNeto>100000</MntNeto><MntExe>5000</MntExe><TasaIVA>19</TasaIVA><IVA>19000</IVA>",
            "<MntExe>105000</MntExe>",
        )
        .replace("124000", "105000");
    let e = says(&exempt, &[(F::Total, "105000.00")]);
    assert!(!e.fields.contains_key(&F::Tax));
    let slip = of("39").replace(
        "<NmbItem>Taladro</NmbItem><QtyItem>2</QtyItem><PrcItem>50000</PrcItem><MontoItem>100000",
        "<NmbItem>Taladro</NmbItem><QtyItem>2</QtyItem><PrcItem>59500</PrcItem><MontoItem>119000",
    );
    assert_eq!(says(&slip, &[(F::Type, "receipt"), (F::Total, "124000.00")]).kind, Kind::Receipt);
    breaks(&slip, &[("<MontoItem>119000", "<MontoItem>11900", "sum of lines")]);
}

#[test]
fn an_envelope_of_several_is_held_and_one_alone_is_read() {
    let one = &DTE[DTE.find("<DTE").expect("one")..DTE.find("</SetDTE>").expect("its end")];
    says(one, &[(F::Total, "124000.00")]);
    let latin = format!("<?xml version='1.0' encoding='ISO-8859-1'?>{one}");
    says(&latin, &[(F::IssuerName, "Ferretería Ñandú SpA")]);
    let two =
        DTE.replace(one, &[one, &one.replace("<Folio>60", "<Folio>61").replace("<F>60", "<F>61")].concat());
    let e = invoice(&two);
    assert_eq!(codes(&e), [ReasonCode::MultipleDocuments]);
    assert_eq!((value(&e, F::IssuerTaxId), value(&e, F::Number)), (Some("97975000-5"), None));
}

#[test]
fn kept_and_added_taxes_of_a_dte() {
    let kept = DTE
        .replace("</IVA>", "</IVA><ImptoReten><TipoImp>15</TipoImp><TasaImp>19</TasaImp><MontoImp>19000</MontoImp></ImptoReten>")
        .replace("124000", "105000");
    says(&kept, &[(F::Withheld, "19000.00"), (F::Tax, "19000.00"), (F::Total, "105000.00")]);
    let more = DTE
        .replace("</IVA>", "</IVA><ImptoReten><TipoImp>24</TipoImp><TasaImp>31.5</TasaImp><MontoImp>31500</MontoImp></ImptoReten>")
        .replace("124000", "155500");
    says(&more, &[(F::Tax, "50500.00"), (F::Total, "155500.00")]);
}

#[test]
fn reads_the_sri_bare_and_wrapped() {
    let e = says(
        SRI,
        &[
            (F::Number, "001-001-000000123"),
            (F::IssueDate, "2026-10-21"),
            (F::Currency, "USD"),
            (F::IssuerName, "Cotopaxi"),
            (F::IssuerLegalName, "Comercial Cotopaxi S.A."),
            (F::IssuerTaxId, "1792261104001"),
            (F::RecipientTaxId, "1790011674001"),
            (F::Subtotal, "100.00"),
            (F::Tax, "12.00"),
            (F::Total, "120.00"),
            (F::PaymentTerms, "30 dias"),
        ],
    );
    let start = SRI.find("<factura").expect("a document");
    let bare = &SRI[start..SRI.find("]]>").expect("its end")];
    assert_eq!(says(bare, &[]).fields, e.fields);
    let escaped = SRI.replace(
        &format!(
            "<![CDATA[{}]]>",
            &SRI[SRI.find("[CDATA[").expect("text") + 7..SRI.find("]]>").expect("end")]
        ),
        &bare.replace('&', "&amp;").replace('<', "&lt;"),
    );
    assert_eq!(says(&escaped, &[]).fields, e.fields);
    breaks(
        SRI,
        &[
            ("<importeTotal>120.00", "<importeTotal>1200.00", "subtotal + tax = total"),
            ("<estado>AUTORIZADO", "<estado>NO AUTORIZADO", "authorised by the SRI"),
            ("<secuencial>000000123", "<secuencial>000000124", "number of the access key"),
            ("<fechaEmision>21/10", "<fechaEmision>20/10", "date of the access key"),
            ("<claveAcceso>2110", "<claveAcceso>2111", "check digit of the access key"),
            ("<ambiente>2", "<ambiente>1", "made in earnest"),
            ("<codDoc>01", "<codDoc>04", "type of the document"),
        ],
    );
}

#[test]
fn notes_of_the_sri() {
    says(
        SRI_CREDIT,
        &[(F::Type, "credit_note"), (F::Total, "-92.00"), (F::Tax, "-12.00"), (F::Subtotal, "-80.00")],
    );
    let kept =
        "<comprobanteRetencion><infoTributaria><codDoc>07</codDoc></infoTributaria></comprobanteRetencion>";
    let wrapped = format!(
        "<autorizacion><estado>AUTORIZADO</estado><comprobante><![CDATA[{kept}]]></comprobante></autorizacion>"
    );
    for xml in [kept, wrapped.as_str()] {
        let Some(Attached::Other(reason)) = read(xml.as_bytes(), TODAY) else { panic!("{xml}") };
        assert!(reason.message.contains("retención"), "{}", reason.message);
    }
    assert_eq!(read(b"<factura><a/></factura>", TODAY), None);
}

const PAID: &str = r#"<cfdi:Comprobante xmlns:cfdi="http://www.sat.gob.mx/cfd/4" Version="4.0" Serie="P" Folio="7" Fecha="2026-10-15T10:00:00"
    Moneda="XXX" SubTotal="0" Total="0" TipoDeComprobante="P"><cfdi:Emisor Rfc="EKU9003173C9" Nombre="LA TIENDA"/><cfdi:Receptor
    Rfc="URE180429TM6" Nombre="CLIENTE"/><cfdi:Conceptos><cfdi:Concepto Descripcion="Pago" Cantidad="1" ValorUnitario="0" Importe="0"/>
    </cfdi:Conceptos><cfdi:Complemento><p:Pagos xmlns:p="http://www.sat.gob.mx/Pagos20" Version="2.0"><p:Totales MontoTotalPagos="1160.00"/>
    <p:Pago FechaPago="2026-10-14T12:00:00" FormaDePagoP="03" MonedaP="MXN" TipoCambioP="1" Monto="1160.00"><p:DoctoRelacionado
    IdDocumento="ad662d33-6934-459c-a128-bdf0393f0f44" Serie="A" Folio="12" MonedaDR="MXN" EquivalenciaDR="1" NumParcialidad="1"
    ImpSaldoAnt="2000.00" ImpPagado="1160.00" ImpSaldoInsoluto="840.00"/></p:Pago></p:Pagos></cfdi:Complemento></cfdi:Comprobante>"#;

#[test]
fn a_receipt_of_payments_is_worth_what_was_paid() {
    let e = says(
        PAID,
        &[
            (F::Type, "receipt"),
            (F::Number, "P-7"),
            (F::IssueDate, "2026-10-15"),
            (F::Total, "1160.00"),
            (F::Currency, "MXN"),
            (F::IssuerTaxId, "EKU9003173C9"),
            (F::LineItems, "A-12: 1160.00"),
        ],
    );
    assert_eq!(e.kind, Kind::Receipt);
    breaks(
        PAID,
        &[
            ("MontoTotalPagos=\"1160.00", "MontoTotalPagos=\"11600.00", "their total"),
            ("ImpSaldoInsoluto=\"840.00", "ImpSaldoInsoluto=\"0.00", "still owed"),
            (" Monto=\"1160.00", " Monto=\"116.00", "≤ payment"),
        ],
    );
    let abroad = PAID.replace("MonedaP=\"MXN\" TipoCambioP=\"1\"", "MonedaP=\"USD\" TipoCambioP=\"18.5\"");
    says(&abroad, &[(F::Currency, "USD"), (F::Total, "1160.00")]);
    let none = PAID.replace("p:Pagos", "p:Otro");
    assert!(matches!(read(none.as_bytes(), TODAY), Some(Attached::Other(_))));
}

#[test]
fn what_colombia_only_tries_is_held() {
    let tried = UBL.replace("<cbc:ID>SETP", "<cbc:ProfileExecutionID>2</cbc:ProfileExecutionID><cbc:ID>SETP");
    assert_eq!(codes(&invoice(&tried)), [ReasonCode::ChecksFailed]);
    says(&tried.replace(">2</cbc:Prof", ">1</cbc:Prof"), &[]);
}
