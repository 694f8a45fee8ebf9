//! The words that label things on documents, folded, in the languages we read.

/// Words for a total that is due, strongest first. `weight` says how sure the label is.
pub const TOTAL: &[(&str, f32)] = &[
    ("grand total", 1.0), ("total a pagar", 1.0), ("total due", 1.0), ("amount due", 1.0), ("balance due", 0.95),
    ("total payable", 1.0), ("amount payable", 1.0), ("total rounded", 1.1), ("rounded total", 1.1), ("round d total", 1.1),
    ("total amt rounded", 1.1), ("total amount rounded", 1.1), ("total after rounding", 1.1), ("nett total", 1.0),
    ("net total", 0.8), ("total amount", 0.95), ("total amt", 0.95), ("total incl", 0.95), ("total inc", 0.95),
    ("total sales incl", 0.95), ("total sales (inclusive", 0.95), ("total (inclusive", 0.95), ("total inclusive", 0.95),
    ("total with gst", 0.95), ("total includes", 0.9), ("invoice total", 1.0), ("total factura", 1.0), ("importe total", 1.0), ("total general", 1.0),
    ("total eur", 1.0), ("total €", 1.0), ("valor total", 0.95), ("valor a pagar", 1.0), ("total geral", 1.0),
    ("total da nota", 1.0), ("total da fatura", 1.0), ("gesamtbetrag", 1.0), ("gesamtsumme", 1.0), ("rechnungsbetrag", 1.0),
    ("endbetrag", 1.0), ("zu zahlen", 1.0), ("zahlbetrag", 1.0), ("bruttobetrag", 0.95), ("total ttc", 1.0), ("montant total", 1.0), ("net a payer", 1.05),
    ("montant du", 0.9), ("totale complessivo", 1.0), ("totale documento", 1.0), ("totale fattura", 1.0), ("totale eur", 1.0),
    ("importo pagato", 0.9), ("te betalen", 1.0), ("totaalbedrag", 1.0), ("total liquido", 0.9), ("liquido a pagar", 1.0),
    ("total venta", 0.95), ("total compra", 0.95), ("monto total", 1.0), ("total neto", 0.8), ("a pagar", 0.9), ("summe eur", 0.95), ("gesamt", 0.85), ("summe", 0.8), ("betrag", 0.6),
    ("totale", 0.85), ("totaal", 0.85), ("total", 0.9), ("importe", 0.55), ("amount", 0.5), ("montant", 0.5), ("bill total", 1.0), ("order total", 0.95), ("celkem", 0.9), ("i alt", 0.85), ("att betala", 1.0), ("amount paid", 0.75), ("total paid", 0.8), ("total charge", 0.9), ("total charges", 0.9), ("jumlah", 0.8), ("total price", 0.85), ("subtotal incl", 0.5),
];

/// Words that make a "total" something else.
pub const NOT_TOTAL: &[&str] = &[
    "sub total", "subtotal", "sub-total", "sub - total", "subtotaal", "zwischensumme", "total qty", "total quantity", "total item", "total items",
    "total iva", "total tax", "tax total", "total gst", "total vat", "total discount", "total savings", "total saved",
    "total excl", "total excluded", "total exc", "total before", "total ht", "total articulos", "total artigos", "total disc",
    "total saving", "total points", "total descuento", "total descontos", "totale iva", "totale imponibile", "base imponible",
    "total net", "nettobetrag", "total neto gravado", "total bruto", "total hours", "total rate", "total mwst", "total impuestos",
    "total impuesto", "qty total", "total de itens", "qtd. total", "total pieces", "excl", "excluding", "total tva", "total number", "line total", "unit total", "total units", "total weight", "total tip",
    "gst summary", "tax summary", "total ust", "total btw", "balance forward", "previous balance", "total credits", "total payments", "descuento total",
];

/// Words for the amount before tax.
pub const SUBTOTAL: &[&str] = &[
    "sub total", "subtotal", "sub-total", "sub - total", "base imponible", "zwischensumme", "nettobetrag", "summe netto", "netto", "total ht", "subtotaal",
    "total excl", "total excluded", "total before tax", "total exc", "imponibile", "totale imponibile", "net amount", "valor neto", "neto gravado", "base",
    "montant ht", "gesamt netto", "total net", "net total", "monto neto", "op. gravada", "total s/ iva", "sous-total", "sous total", "total neto",
];

/// Words for tax.
pub const TAX: &[&str] = &[
    "iva", "i.v.a", "i.v.a.", "igv", "itbms", "tax", "sales tax", "vat", "gst", "hst", "mwst", "ust", "mehrwertsteuer", "umsatzsteuer", "tva", "btw", "b.t.w", "b.t.w.",
    "icms", "impuesto", "impuestos", "total tax", "total iva", "moms", "imposta", "taxes", "service tax", "sst",
];

/// Cash, card, change.
pub const PAID: &[&str] = &[
    "cash", "efectivo", "tendered", "bar", "gegeben", "especes", "contanti", "dinheiro", "entregado", "recibido", "pago", "payment", "visa",
    "mastercard", "master", "tarjeta", "card", "credit", "debit", "cartao", "amex", "carte", "karte", "paid",
];

/// Money given back.
pub const CHANGE: &[&str] = &["change", "cambio", "troco", "vuelto", "ruckgeld", "rendu", "resto", "change due", "cash change", "zuruck", "wechselgeld", "devuelto"];

/// Words of a date of issue, with how sure they are.
pub const ISSUE_DATE: &[&str] = &[
    "invoice date", "date of issue", "fecha de emision", "fecha emision", "fecha de factura", "fecha factura", "fecha de expedicion", "data de emissao", "data emissao", "data da emissao", "data fattura",
    "rechnungsdatum", "date de facture", "date de la facture", "date d'emission", "date facture", "factuurdatum", "bill date", "issue date", "date issued", "issued on", "issued", "statement date", "receipt date", "data documento", "belegdatum", "fakturadatum", "dated", "emissao", "emision", "tax date", "date d'emision", "invoicedate", "date emission", "data da fatura", "data fatura", "fecha y hora", "ausstellungsdatum", "facture du", "rechnung vom", "invoice dated", "transaction date",
];

/// A plain word for date.
pub const DATE: &[&str] = &["date", "fecha", "data", "datum", "le", "dt", "day"];

/// Words of a date that is not the date of issue.
pub const OTHER_DATE: &[&str] = &[
    "due", "vencimiento", "vence", "vencimento", "fallig", "falligkeitsdatum", "zahlbar bis", "echeance", "scadenza", "vervaldatum", "vervaldag", "delivery", "entrega", "lieferdatum", "leistungsdatum", "leistungszeitraum", "liefertermin",
    "order date", "fecha de pedido", "bestelldatum", "ship date", "shipping date", "from", "to", "period", "periodo", "until", "valid", "hasta", "desde", "birth", "expiry", "expires", "exp", "payment date", "fecha de pago", "due date", "pay by", "service date", "check in", "check-in", "check out", "arrival", "departure", "zeitraum", "date livraison", "livraison", "printed", "print date", "best before", "return by", "bestellung vom", "po date", "consumo", "lectura", "valido", "caducidad", "order placed", "next", "faellig", "zahlungsziel", "return", "returns", "resolucion", "autorizacion", "vigencia",
];

/// Words of the due date.
pub const DUE_DATE: &[&str] = &[
    "due date", "payment due", "date due", "due on", "pay by", "fecha de vencimiento", "fecha vencimiento", "vencimiento", "data de vencimento", "vencimento", "fallig am", "falligkeitsdatum", "zahlbar bis", "date d'echeance", "echeance", "data scadenza", "scadenza", "vervaldatum", "vervaldag", "due by", "fecha limite de pago", "pague antes de", "faellig am", "forfaldsdato", "payable by", "fecha de pago", "due",
];

/// Labels of an invoice's number, the surest first.
pub const INVOICE_NUMBER: &[&str] = &[
    "invoice number", "invoice no", "invoice num", "invoice nr", "invoice #", "invoice id", "invoice ref", "invoice n", "tax invoice no", "tax invoice number", "numero de factura", "numero factura", "n. factura", "n factura", "no. factura", "no factura", "factura no", "factura n", "factura num", "factura numero", "factura nro", "factura #", "factura simplificada", "factura electronica de venta",
    "factura de venta no", "factura de venta", "nro. factura", "nro factura", "num. factura", "num factura", "n.o factura", "rechnungsnummer", "rechnungs-nr", "rechnungsnr", "rechnung nr", "rechnung-nr", "rechnung no", "rechn.-nr", "re-nr", "beleg-nr", "belegnummer", "numero de facture", "facture no", "facture n", "n de facture", "no de facture", "facture numero", "facture #", "no facture", "n facture", "numero facture", "numero fattura", "fattura n", "fattura nr", "fattura no", "numero da fatura", "fatura no", "fatura n", "fatura", "nota fiscal no", "nf-e n", "nfe n", "nota fiscal n", "factuurnummer", "factuur nr", "factuurnr", "bill number", "bill no", "bill #", "fakturanr", "fakturanummer", "fakturanr.", "credit note no", "credit note number", "document number", "document no", "documento no", "doc no", "inv no", "inv #", "inv. no", "inv number", "nr. fattura", "comp. nro", "comprobante no", "serie y folio", "folio", "serie", "numero", "number", "invoice", "factura", "rechnung", "facture", "boleta electronica", "nr.", "no.", "fattura", "reference", "ref",
];

/// Labels of a receipt's number.
pub const RECEIPT_NUMBER: &[&str] = &[
    "receipt no", "receipt number", "receipt #", "receipt id", "invoice no", "invoice number", "invoice #", "bill no", "bill #", "doc no", "document no", "ticket no", "ticket #", "ticket", "ticket n", "n ticket", "num. ticket", "folio", "factura simplificada", "recibo no", "recibo n", "recibo", "boleta", "comprobante", "cupom", "coo", "extrato no", "nfc-e n", "nota", "beleg-nr", "belegnummer", "bon-nr", "bonnr", "check #", "check no", "trans #", "transaction #", "transaction id", "trans no", "slip no", "slip", "rcpt#", "rcpt", "tax invoice no", "order #", "order no", "order number", "numero", "no. de ticket", "documento n", "doc. n", "fatura simplificada", "fs", "trn", "cs no", "inv no", "bill", "order id",
];
