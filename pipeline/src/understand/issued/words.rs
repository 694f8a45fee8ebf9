//! What the words before a date say it is, in plain words (see [`crate::understand::amounts::plain`]).

use super::Role;
use crate::understand::amounts::stands;

/// Phrases parted by semicolons.
const STRONG: &[(Role, &str)] = &[
    (
        Role::Issue,
        "invoice date; date of invoice; date of issue; issue date; date issued; issued on; issued at; issued; issuing \
         date; bill date; billing date; billed on; tax date; receipt date; statement date; document date; transaction \
         date; date of sale; sale date; sales date; invoice dated; dated; invoicedate; fecha de emision; fecha emision; fecha de \
         factura; fecha factura; fecha de la factura; fecha de expedicion; fecha expedicion; fecha y hora de emision; \
         fecha y hora; fecha de venta; fecha documento; fecha comprobante; fecha de compra; data de emissao; data \
         emissao; data da emissao; data e hora de emissao; data da fatura; data fatura; data de faturacao; emissao; \
         emision; emitido em; emitida em; expedicion; data fattura; data documento; data emissione; data di emissione; \
         data della fattura; rechnungsdatum; rechnungs datum; belegdatum; ausstellungsdatum; date de facture; date de la facture; date \
         facture; date de facturation; date facturation; date d emission; date emission; emise le; emis le; \
         factuurdatum; f actuurdatum; fakturadatum; inv date; rg datum; re datum; facturation du",
    ),
    (
        Role::Due,
        "due date; payment due; payment due date; date due; due on; due by; due; invoice due date; pay by; please pay \
         by; pay before; payable by; remit until; remit by; payment date; fecha de vencimiento; fecha vencimiento; \
         vencimiento; vence; vto; fecha limite; fecha limite de pago; fecha de pago; pague antes de; data de \
         vencimento; data vencimento; vencimento; pagar ate; fallig; fallig am; faellig am; falligkeitsdatum; \
         falligkeit; zahlbar bis; zahlbar; bis zum; bis spatestens; zahlungsziel; date d echeance; date echeance; echeance; echeance le \
         paiement; a regler avant; a payer avant; date limite; date limite de paiement; preleve; preleve le; \
         prelevement; prelevement a partir du; scadenza; data scadenza; data di scadenza; scadenza pagamento; vervaldatum; vervaldag; \
         uiterste betaaldatum; betalen voor; forfaldsdato; forfallsdato; forfallodatum",
    ),
    (
        Role::Other,
        "delivery; delivery date; date of delivery; delivered; deliver by; entrega; fecha de entrega; lieferdatum; \
         liefertermin; leistungsdatum; leistungszeitraum; leistung; lieferung; lieferschein; order date; date of \
         order; ordered; ordered on; order placed; fecha de pedido; pedido; data do pedido; bestelldatum; bestellung; \
         bestellung vom; bestellt am; orderdatum; besteldatum; auftrag; auftragsdatum; auftrag vom; date de commande; \
         commande; commande du; ship date; shipping date; shipped; s o date; so date; po date; p o; period; service \
         period; billing period; periodo; periode; periode de; zeitraum; abrechnungszeitraum; valid; valid until; validity; valido; valida; \
         validez; vigencia; expiry; expires; exp; exp date; expiration; best before; birth; nacimiento; printed; print \
         date; printed on; imprime le; impreso; gedruckt; druckdatum; next; prochaine; prochaine facture; proxima; \
         previous; last; associee; facture associee; date de facture associee; precedente; facture precedente; \
         anterior; rectificada; original invoice; start; start date; end; end date; debut; fin; date de debut; date de \
         fin; date debut; date fin; beginn; ende; inicio; \
         entry; entry time; member since; since; consumo; lectura; releve; meter reading; autorizacion; autorizado; resolucion; caducidad; \
         livraison; date de livraison; date livraison; quote date; offer; angebot; angebot vom; return; returns; \
         return by; dia para devolucion; plazo de devolucion; refund; training date; service date; date of service; versanddatum; fecha de envio; effective; \
         contract; contrat; vertrag; requested; policy; registration; started; created; gultig; gultig bis; sepa; \
         mandate; transaktion; payment received; received; bezahlt am; op; paid on; warranty; garantie; garantia; \
         date of supply; supply date; cut off; posting date; revision; version",
    ),
    (
        Role::Arrival,
        "check in; checkin; arrival; arrival date; date of arrival; arrive; anreise; anreisedatum; anreisetag; ankunft; arrivee; \
         date d arrivee; llegada; fecha de llegada; chegada; aankomst; arrivo",
    ),
    (
        Role::Departure,
        "check out; checkout; departure; departure date; date of departure; depart; abreise; abreisedatum; abreisetag; \
         date de depart; salida; fecha de salida; partida; vertrek; partenza",
    ),
    (
        Role::Plain,
        "date; fecha; data; datum; dt; dia; tarikh; date time; paid time; exit time; payment time; fecha hora; data hora; time \
         of sale; trans date; trx date; hora",
    ),
];

/// Words that say something only right before the date and where no phrase does.
const WEAK: &[(Role, &str)] = &[
    (Role::Other, "from; to; until; through; till; bis; desde; hasta; al; au; ab; entre; between; vers; via"),
    (Role::Plain, "le; am; on; el; em; il; day; time"),
    // `München, den`: the head of a letter.
    (Role::Issue, "den"),
];

/// Papers whose day is the day of issue.
const PAPERS: &str = "facture; rechnung; invoice; fattura; factura; factuur; fatura; bill; receipt; beleg; recibo; nota; \
                      faktura; ticket; quittung; avoir; gutschrift; boleta; scontrino";

/// The role said by the phrase that ends nearest to the date.
pub(super) fn last_role(label: &str) -> Option<Role> {
    nearest(label, STRONG).or_else(|| paper(label)).or_else(|| {
        let last = label.rsplit(' ').next()?;
        WEAK.iter().find(|(_, words)| words.split("; ").any(|w| w == last)).map(|(role, _)| *role)
    })
}

fn nearest(label: &str, table: &[(Role, &str)]) -> Option<Role> {
    let ends = table.iter().flat_map(|(role, phrases)| {
        phrases.split("; ").filter_map(|p| last_stand(label, p).map(|at| (at + p.len(), p.len(), *role)))
    });
    ends.max_by_key(|(end, len, _)| (*end, *len)).map(|(_, _, role)| role)
}

fn last_stand(label: &str, phrase: &str) -> Option<usize> {
    let (mut from, mut last) = (0, None);
    while let Some(at) = label.get(from..).and_then(|rest| stands(rest, phrase)) {
        last = Some(from + at);
        from += at + phrase.len();
    }
    last
}

/// `facture no 123 du`, `rechnung vom`: the paper's name and a preposition.
fn paper(label: &str) -> Option<Role> {
    let mut words = label.rsplit(' ');
    let preposition = matches!(
        words.next()?,
        "du" | "vom" | "von" | "of" | "dated" | "del" | "de" | "at" | "on" | "dd" | "da"
    );
    let named = words.take(8).any(|w| PAPERS.split("; ").any(|p| p == w));
    (preposition && named).then_some(Role::Issue)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::{amounts::plain, sheet::fold};

    #[test]
    fn words_before_a_date() {
        for (label, role) in [
            ("Invoice Date:", Some(Role::Issue)),
            ("Invoice Due Date", Some(Role::Due)),
            ("Fecha de emisión :", Some(Role::Issue)),
            ("Liefer- und Rechnungsdatum:", Some(Role::Issue)),
            ("Date de facture associée :", Some(Role::Other)),
            ("Date limite de paiement le", Some(Role::Due)),
            ("Facture n° 77 du", Some(Role::Issue)),
            ("Rechnung # RE-1 von", Some(Role::Issue)),
            ("Bestellung vom", Some(Role::Other)),
            ("Date :", Some(Role::Plain)),
            ("Lyon, le", Some(Role::Plain)),
            ("Prochaine facture vers le", Some(Role::Other)),
            ("Cashier 4", None),
            ("Musterstadt, den", Some(Role::Issue)),
            ("le-bon-site.example du", None),
        ] {
            assert_eq!(last_role(&plain(&fold(label))), role, "{label}");
        }
    }
}
