//! Labels that name a party's block: "Sold by", "Remit to", "Bill to", "Ship to", in the languages we read.

use super::blocks::Side;
use crate::understand::sheet::Cell;

const ISSUER: &[&str] = &[
    "sold by",
    "seller name",
    "seller",
    "vendor name",
    "vendor",
    "supplier name",
    "supplier",
    "issued by",
    "bill from",
    "billed by",
    "invoice from",
    "from",
    "service provider",
    "emisor",
    "datos del emisor",
    "nombre del emisor",
    "proveedor",
    "expedido por",
    "emitido por",
    "vendedor",
    "prestador de servicos",
    "prestador",
    "dados do prestador",
    "emitente",
    "fornecedor",
    "fornitore",
    "cedente/prestatore",
    "cedente",
    "verkaufer",
    "lieferant",
    "rechnungssteller",
    "vendeur",
    "fournisseur",
    "emetteur",
    "verkoper",
    "leverancier",
    "de",
    "von",
    "da",
];

const PAYEE: &[&str] = &[
    "remit to",
    "remit payment to",
    "payable to",
    "pay to",
    "make checks payable to",
    "make cheques payable to",
    "make all checks payable to",
    "account name",
    "account holder",
    "beneficiary name",
    "beneficiary",
    "beneficiario",
    "beneficiaire",
    "titular de la cuenta",
    "titular",
    "titulaire du compte",
    "titulaire",
    "kontoinhaber",
    "intestatario",
    "in favor of",
    "in favour of",
    "favorecido",
];

const RECIPIENT: &[&str] = &[
    "bill to",
    "bill to address",
    "bill-to",
    "billed to",
    "sold to",
    "invoice to",
    "invoiced to",
    "invoice for",
    "invoicee",
    "customer name",
    "customer",
    "client name",
    "client",
    "cliente",
    "nombre del cliente",
    "nome do cliente",
    "datos del cliente",
    "dados do cliente",
    "facturar a",
    "facturado a",
    "receptor",
    "adquirente",
    "adquiriente",
    "destinatario",
    "destinataire",
    "kunde",
    "rechnung an",
    "rechnung fur",
    "rechnungsempfanger",
    "herrn",
    "frau",
    "firma",
    "familie",
    "rechnungsadresse",
    "facture a",
    "adresse de facturation",
    "adresse du client",
    "vos identifiants",
    "factuuradres",
    "klant",
    "to",
    "para",
    "an",
    "tomador do servico",
    "tomador de servicos",
    "tomador",
    "senor(es)",
    "senores",
    "sr(es)",
    "exmo.(s) senhor(es)",
    "exmo(s) senhor(es)",
    "comprador",
    "buyer name",
    "buyer",
    "billing address",
    "cessionario/committente",
    "cessionario",
    "committente",
    "purchased by",
    "issued to",
    "prepared for",
    "attn",
    "attention",
    "z. hd.",
    "guest name",
    "nom de l'abonne",
    "nom de l’abonne",
    "titulaire du contrat",
    "ordered by",
    "patient name",
    "patient",
    "member name",
    "spett.le",
    "spett",
    "apellido y nombre / razon social",
    "apellido y nombre/razon social",
];

const DELIVERY: &[&str] = &[
    "ship to",
    "ship-to",
    "shipping address",
    "shipped to",
    "deliver to",
    "delivery address",
    "afleveradres",
    "lieferadresse",
    "lieferanschrift",
    "adresse de livraison",
    "livraison",
    "enviar a",
    "direccion de entrega",
    "entregar a",
    "endereco de entrega",
    "service address",
    "destinazione",
    "luogo di consegna",
    "adresse de l’installation",
    "adresse de l'installation",
    "lieu de consommation",
    "consignee",
];

const THIRD: &[&str] =
    &["representant fiscal", "fiscal representative", "tax representative", "warehouse address", "ship from"];

/// A label found in a cell: whose, what stands behind it in the cell, and its left edge.
pub struct Label {
    /// Whose block it heads.
    pub side: Side,
    /// What stands behind it in its cell.
    pub behind: String,
    /// Its left edge.
    pub left: f32,
    /// Whether it asks for a person ("Attn"), not a firm.
    pub person: bool,
}

/// The label a cell says, if any: the longest that it says as a label.
#[must_use]
pub fn labels(cell: &Cell) -> Vec<Label> {
    let text = cell.folded.as_str();
    let mut out: Vec<Label> = Vec::new();
    let all = [
        (Side::Issuer, ISSUER),
        (Side::Payee, PAYEE),
        (Side::Recipient, RECIPIENT),
        (Side::Delivery, DELIVERY),
        (Side::Third, THIRD),
    ];
    let mut best: Option<(usize, Side, usize, usize)> = None;
    for (side, words) in all {
        for word in words {
            let Some((at, end)) = says(text, word) else { continue };
            let longer = best.is_none_or(|(len, _, from, _)| (word.len(), from) > (len, at));
            if longer {
                best = Some((word.len(), side, at, end));
            }
        }
    }
    if let Some((len, side, at, end)) = best {
        let skip = text[..end].chars().count();
        let behind: String = cell.text.chars().skip(skip).collect();
        let share = text[..at].chars().count() as f32 / text.chars().count().max(1) as f32;
        let left = cell.bbox[0] + share * (cell.bbox[2] - cell.bbox[0]);
        let person = ["attn", "attention", "z. hd."].contains(&&text[at..at + len]);
        out.push(Label { side, behind, left, person });
    }
    out
}

/// Where a label ends if the cell says it as a label: alone, before a colon, at its start or its end.
fn says(text: &str, word: &str) -> Option<(usize, usize)> {
    let at = crate::understand::sheet::find_phrase(text, word)?;
    let end = at + word.len();
    let after = &text[end..];
    let rest = after.trim_start_matches([' ', '.', ')']);
    let blank = rest.trim_matches(|c: char| !c.is_alphanumeric()).is_empty();
    let colon = rest.starts_with(':');
    let several = word.contains([' ', '-']);
    let first = text[..at].chars().all(|c| !c.is_alphanumeric());
    let own = match (first, colon, blank) {
        (true, true, _) => true,
        (true, false, true) => {
            word.len() > 2 || text.chars().filter(|c| c.is_alphabetic()).count() == word.len()
        }
        // "Sold to Acme": several words need no colon; "Customer No" is another label.
        (true, false, false) => several && !starts_other(rest),
        (false, true, _) => word.len() >= 5,
        (false, false, true) => several && word.len() >= 7,
        (false, false, false) => false,
    };
    own.then(|| (at, end + (after.len() - rest.len()) + usize::from(colon)))
}

fn starts_other(rest: &str) -> bool {
    [
        "no",
        "number",
        "id",
        "nr",
        "code",
        "date",
        "n",
        "#",
        "order",
        "reference",
        "ref",
        "tax",
        "the",
        "your",
        "us",
    ]
    .iter()
    .any(|w| crate::understand::sheet::find_phrase(rest, w) == Some(0))
}
