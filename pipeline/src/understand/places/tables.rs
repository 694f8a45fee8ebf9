//! What documents of a country and a language say that others' do not. Phrases are folded and parted by semicolons.

use std::sync::LazyLock;

/// A country.
pub(super) struct Country {
    /// ISO 3166-1 alpha-2.
    pub code: &'static str,
    /// ISO 4217.
    pub currency: &'static str,
    /// Whether `$` is how its currency is written.
    pub dollar: bool,
    /// Whether it writes the month before the day.
    pub month_first: bool,
    /// The language that few others share with it; none for English.
    pub language: Option<&'static str>,
    /// Calling code (ITU-T E.164); none where countries share one.
    pub calling: Option<&'static str>,
    /// Phrases. Each counts once.
    pub says: &'static str,
}

/// Countries we know.
pub(super) static COUNTRIES: LazyLock<Vec<Country>> = LazyLock::new(|| {
    let row = |line: &'static str| {
        let mut cells = line.split('\t');
        Some(Country {
            code: cells.next()?,
            currency: cells.next()?,
            dollar: cells.next()? == "$",
            month_first: cells.next()? == "mdy",
            language: cells.next().filter(|l| *l != "-"),
            calling: cells.next().filter(|c| *c != "-"),
            says: cells.next()?,
        })
    };
    let rows = include_str!("../data/countries.tsv").lines();
    rows.filter(|l| !l.starts_with('#')).filter_map(row).collect()
});

/// Words of a language that its neighbours do not share.
pub(super) const LANGUAGES: &[(&str, &str)] = &[
    (
        "es",
        "factura; fecha; recibo; cliente; importe; gracias; cantidad; precio; descripcion; calle; \
         efectivo; tarjeta; iva; vencimiento; por; su; compra; nombre; apellidos; documento; boleta; \
         cedula; nacimiento; propina; pago",
    ),
    (
        "pt",
        "fatura; data; valor; nota; fiscal; obrigado; quantidade; preco; descricao; rua; dinheiro; \
         cartao; cliente; vencimento; nao; emissao; troco; contribuinte; nome; nascimento; validade; \
         pagamento; cupom; cnpj; cpf",
    ),
    (
        "en",
        "invoice; date; receipt; thank; you; amount; tax; customer; quantity; price; description; \
         street; cash; change; bill; due; payment; the; of; to; for; name; surname; birth; expires; \
         card; order; qty",
    ),
    (
        "de",
        "rechnung; datum; betrag; summe; mwst; ust; vielen; dank; menge; preis; strasse; bar; kunde; \
         und; der; die; gesamt; netto; brutto; rechnungsnummer; kundennummer; steuer",
    ),
    (
        "fr",
        "facture; date; montant; tva; merci; quantite; prix; rue; especes; carte; client; le; et; du; \
         des; echeance; nom; prenom; naissance; votre; ttc; ht",
    ),
    (
        "it",
        "fattura; data; importo; totale; iva; grazie; quantita; prezzo; via; contanti; carta; cliente; \
         scontrino; pagamento; nome; cognome; nascita; del; di; della",
    ),
    (
        "nl",
        "factuur; datum; bedrag; btw; totaal; aantal; omschrijving; prijs; factuurnummer; klant; \
         bedankt; vervaldatum; een; het; van",
    ),
];

/// Endings of addresses on the net, with their countries.
pub(super) const DOMAINS: &str = "ar; mx; co; cl; pe; br; es; pt; de; fr; it; nl; my; sg; uk; in; ch; au; dk; se; at; ca; jp; ae; id; uy; py; bo; ec; ve; cr; gt; hn; ni; sv; \
     pa; do; cz; pl; hu; hr; ro; bg; rs; tr; no; is; ua; ru; il; th; vn; ph; tw; hk; kr; cn; nz; za; tn; ma; be; ie; fi; gr; \
     lv; lt; ee; sk; si";
