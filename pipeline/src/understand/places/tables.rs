//! What documents of a country and a language say that others' do not. Phrases are folded and parted by semicolons.

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
    /// Phrases. Each counts once.
    pub says: &'static str,
}

/// Countries we know.
pub(super) const COUNTRIES: &[Country] = &[
    Country {
        code: "ES",
        currency: "EUR",
        dollar: false,
        month_first: false,
        says: "nif; cif; espana; spain; madrid; barcelona; valencia; sevilla; iva incluido; factura \
               simplificada; c.i.f; n.i.f; s.l.; s.l",
    },
    Country {
        code: "MX",
        currency: "MXN",
        dollar: true,
        month_first: false,
        says: "rfc; mexico; cfdi; cdmx; mxn; uuid; regimen fiscal; sa de cv; s.a. de c.v.; uso cfdi; \
               folio fiscal; guadalajara; monterrey",
    },
    Country {
        code: "CO",
        currency: "COP",
        dollar: true,
        month_first: false,
        says: "nit; colombia; bogota; medellin; dian; cufe; resolucion dian; s.a.s; sas; cali; cedula de \
               ciudadania",
    },
    Country {
        code: "AR",
        currency: "ARS",
        dollar: true,
        month_first: false,
        says: "cuit; argentina; buenos aires; afip; ing. brutos; responsable inscripto; cae; monotributo",
    },
    Country {
        code: "CL",
        currency: "CLP",
        dollar: true,
        month_first: false,
        says: "r.u.t; rut; chile; santiago; clp; sii; boleta electronica; giro; ltda",
    },
    Country {
        code: "PE",
        currency: "PEN",
        dollar: false,
        month_first: false,
        says: "ruc; peru; lima; sunat; soles; igv; boleta de venta; nuevos soles",
    },
    Country {
        code: "BR",
        currency: "BRL",
        dollar: false,
        month_first: false,
        says: "cnpj; cpf; brasil; brazil; sao paulo; rio de janeiro; r$; brl; nfc-e; nfce; danfe; icms; \
               nota fiscal; cupom fiscal",
    },
    Country {
        code: "PT",
        currency: "EUR",
        dollar: false,
        month_first: false,
        says: "contribuinte; portugal; lisboa; porto; atcud; nipc; fatura simplificada; fatura-recibo; \
               lda",
    },
    Country {
        code: "DE",
        currency: "EUR",
        dollar: false,
        month_first: false,
        says: "gmbh; deutschland; germany; ust-idnr; ust-id; ust; mwst; steuernummer; berlin; munchen; \
               hamburg; rechnung; st-nr",
    },
    Country {
        code: "AT",
        currency: "EUR",
        dollar: false,
        month_first: false,
        says: "osterreich; austria; wien; atu",
    },
    Country {
        code: "FR",
        currency: "EUR",
        dollar: false,
        month_first: false,
        says: "france; siret; siren; tva; paris; facture; sarl; rcs; lyon",
    },
    Country {
        code: "IT",
        currency: "EUR",
        dollar: false,
        month_first: false,
        says: "italia; italy; p.iva; p. iva; partita iva; c.f.; roma; milano; fattura; s.r.l; scontrino; \
               documento commerciale",
    },
    Country {
        code: "NL",
        currency: "EUR",
        dollar: false,
        month_first: false,
        says: "nederland; netherlands; btw; kvk; factuur; amsterdam; rotterdam",
    },
    Country {
        code: "GB",
        currency: "GBP",
        dollar: false,
        month_first: false,
        says: "united kingdom; uk; london; gbp; england; £; vat reg; gb vat; co.uk",
    },
    Country {
        code: "US",
        currency: "USD",
        dollar: true,
        month_first: true,
        says: "usa; united states; sales tax; u.s.; llc; usd; us$; ssn; ein; zip code; state tax; \
               county tax",
    },
    Country {
        code: "CA",
        currency: "CAD",
        dollar: true,
        month_first: false,
        says: "canada; ontario; hst; toronto; quebec; gst/hst",
    },
    Country {
        code: "MY",
        currency: "MYR",
        dollar: true,
        month_first: false,
        says: "sdn bhd; sdn. bhd; sdn; malaysia; kuala lumpur; selangor; johor; jalan; myr; taman; \
               petaling jaya; cukai",
    },
    Country {
        code: "SG",
        currency: "SGD",
        dollar: true,
        month_first: false,
        says: "singapore; pte ltd; pte. ltd; sgd; s$",
    },
    Country {
        code: "IN",
        currency: "INR",
        dollar: false,
        month_first: false,
        says: "india; gstin; inr; rs.; ₹; cgst; sgst; igst; mumbai; delhi; bangalore; bengaluru; pan no",
    },
    Country {
        code: "CH",
        currency: "CHF",
        dollar: false,
        month_first: false,
        says: "schweiz; suisse; switzerland; chf; zurich; basel; bern",
    },
    Country {
        code: "AU",
        currency: "AUD",
        dollar: true,
        month_first: false,
        says: "australia; abn; aud; sydney; melbourne",
    },
    Country {
        code: "DK",
        currency: "DKK",
        dollar: false,
        month_first: false,
        says: "danmark; dkk; cvr; moms; kobenhavn",
    },
    Country {
        code: "SE",
        currency: "SEK",
        dollar: false,
        month_first: false,
        says: "sverige; stockholm; org.nr",
    },
    Country { code: "JP", currency: "JPY", dollar: false, month_first: false, says: "japan; jpy; tokyo" },
    Country { code: "AE", currency: "AED", dollar: false, month_first: false, says: "aed; dubai; uae; trn" },
    Country {
        code: "ID",
        currency: "IDR",
        dollar: false,
        month_first: false,
        says: "indonesia; jakarta; idr; npwp; ppn",
    },
];

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

/// A way to write a currency.
pub(super) enum Sign {
    /// A mark that means this currency wherever it stands.
    Mark(&'static str),
    /// A code or word that hardly means anything else.
    Word(&'static str),
    /// A code that is a common word too: it counts only beside an amount, where the country agrees.
    Homonym(&'static str),
    /// Letters that stand before an amount with decimals, or alone in brackets.
    Prefix(&'static str),
}

/// Signs and codes that mean one currency.
pub(super) const SIGNS: &[(Sign, &str)] = &[
    (Sign::Mark("€"), "EUR"),
    (Sign::Word("eur"), "EUR"),
    (Sign::Word("euro"), "EUR"),
    (Sign::Word("euros"), "EUR"),
    (Sign::Mark("£"), "GBP"),
    (Sign::Word("gbp"), "GBP"),
    (Sign::Mark("r$"), "BRL"),
    (Sign::Word("brl"), "BRL"),
    (Sign::Word("reais"), "BRL"),
    (Sign::Prefix("rm"), "MYR"),
    (Sign::Word("myr"), "MYR"),
    (Sign::Mark("us$"), "USD"),
    (Sign::Word("usd"), "USD"),
    (Sign::Word("us dollars"), "USD"),
    (Sign::Word("mxn"), "MXN"),
    (Sign::Mark("mx$"), "MXN"),
    (Sign::Word("pesos mexicanos"), "MXN"),
    (Sign::Word("moneda nacional"), "MXN"),
    (Sign::Word("pesos colombianos"), "COP"),
    (Sign::Homonym("cop"), "COP"),
    (Sign::Homonym("ars"), "ARS"),
    (Sign::Word("pesos argentinos"), "ARS"),
    (Sign::Word("clp"), "CLP"),
    (Sign::Homonym("pen"), "PEN"),
    (Sign::Word("soles"), "PEN"),
    (Sign::Prefix("s/"), "PEN"),
    (Sign::Prefix("s/."), "PEN"),
    (Sign::Mark("₹"), "INR"),
    (Sign::Word("inr"), "INR"),
    (Sign::Word("chf"), "CHF"),
    (Sign::Word("sgd"), "SGD"),
    (Sign::Prefix("s$"), "SGD"),
    (Sign::Word("aud"), "AUD"),
    (Sign::Homonym("cad"), "CAD"),
    (Sign::Word("dkk"), "DKK"),
    (Sign::Homonym("sek"), "SEK"),
    (Sign::Word("nok"), "NOK"),
    (Sign::Word("jpy"), "JPY"),
    (Sign::Mark("¥"), "JPY"),
    (Sign::Word("aed"), "AED"),
    (Sign::Word("idr"), "IDR"),
    (Sign::Prefix("rp"), "IDR"),
    (Sign::Mark("zł"), "PLN"),
    (Sign::Word("pln"), "PLN"),
    (Sign::Mark("₱"), "PHP"),
    (Sign::Mark("₺"), "TRY"),
    (Sign::Mark("₩"), "KRW"),
];

/// Endings of addresses on the net, with their countries.
pub(super) const DOMAINS: &str =
    "ar; mx; co; cl; pe; br; es; pt; de; fr; it; nl; my; sg; uk; in; ch; au; dk; se; at; ca; jp; ae; id";
