//! Where a document comes from, by what it says: language, country, and from them currency and day order.

use super::{dates::Order, sheet::Sheet};

/// What a country's documents say that others' do not.
struct Country {
    /// ISO 3166-1 alpha-2.
    code: &'static str,
    /// ISO 4217.
    currency: &'static str,
    month_first: bool,
    /// Phrases, folded. Each counts once.
    says: &'static [&'static str],
}

const COUNTRIES: &[Country] = &[
    Country {
        code: "ES",
        currency: "EUR",
        month_first: false,
        says: &[
            "nif",
            "cif",
            "espana",
            "spain",
            "madrid",
            "barcelona",
            "valencia",
            "sevilla",
            "iva incluido",
            "factura simplificada",
            "c.i.f",
            "n.i.f",
            "s.l.",
            "s.l",
        ],
    },
    Country {
        code: "MX",
        currency: "MXN",
        month_first: false,
        says: &[
            "rfc",
            "mexico",
            "cfdi",
            "cdmx",
            "mxn",
            "uuid",
            "regimen fiscal",
            "sa de cv",
            "s.a. de c.v.",
            "uso cfdi",
            "folio fiscal",
            "guadalajara",
            "monterrey",
        ],
    },
    Country {
        code: "CO",
        currency: "COP",
        month_first: false,
        says: &[
            "nit",
            "colombia",
            "bogota",
            "medellin",
            "dian",
            "cop",
            "cufe",
            "resolucion dian",
            "s.a.s",
            "sas",
            "cali",
            "cedula de ciudadania",
        ],
    },
    Country {
        code: "AR",
        currency: "ARS",
        month_first: false,
        says: &[
            "cuit",
            "argentina",
            "buenos aires",
            "afip",
            "ars",
            "ing. brutos",
            "responsable inscripto",
            "cae",
            "monotributo",
        ],
    },
    Country {
        code: "CL",
        currency: "CLP",
        month_first: false,
        says: &["r.u.t", "rut", "chile", "santiago", "clp", "sii", "boleta electronica", "giro", "ltda"],
    },
    Country {
        code: "PE",
        currency: "PEN",
        month_first: false,
        says: &["ruc", "peru", "lima", "pen", "sunat", "soles", "igv", "boleta de venta", "s/"],
    },
    Country {
        code: "BR",
        currency: "BRL",
        month_first: false,
        says: &[
            "cnpj",
            "cpf",
            "brasil",
            "brazil",
            "sao paulo",
            "rio de janeiro",
            "r$",
            "brl",
            "nfc-e",
            "nfce",
            "danfe",
            "icms",
            "nota fiscal",
            "cupom fiscal",
        ],
    },
    Country {
        code: "PT",
        currency: "EUR",
        month_first: false,
        says: &[
            "contribuinte",
            "portugal",
            "lisboa",
            "porto",
            "atcud",
            "nipc",
            "fatura simplificada",
            "fatura-recibo",
            "lda",
        ],
    },
    Country {
        code: "DE",
        currency: "EUR",
        month_first: false,
        says: &[
            "gmbh",
            "deutschland",
            "germany",
            "ust-idnr",
            "ust-id",
            "ust",
            "mwst",
            "steuernummer",
            "berlin",
            "munchen",
            "hamburg",
            "rechnung",
            "st-nr",
        ],
    },
    Country {
        code: "AT",
        currency: "EUR",
        month_first: false,
        says: &["osterreich", "austria", "wien", "atu"],
    },
    Country {
        code: "FR",
        currency: "EUR",
        month_first: false,
        says: &["france", "siret", "siren", "tva", "paris", "facture", "sarl", "rcs", "lyon"],
    },
    Country {
        code: "IT",
        currency: "EUR",
        month_first: false,
        says: &[
            "italia",
            "italy",
            "p.iva",
            "p. iva",
            "partita iva",
            "c.f.",
            "roma",
            "milano",
            "fattura",
            "s.r.l",
            "scontrino",
            "documento commerciale",
        ],
    },
    Country {
        code: "NL",
        currency: "EUR",
        month_first: false,
        says: &["nederland", "netherlands", "btw", "kvk", "factuur", "amsterdam", "rotterdam"],
    },
    Country {
        code: "GB",
        currency: "GBP",
        month_first: false,
        says: &["united kingdom", "uk", "london", "gbp", "england", "£", "vat reg", "gb vat", "co.uk"],
    },
    Country {
        code: "US",
        currency: "USD",
        month_first: true,
        says: &[
            "usa",
            "united states",
            "sales tax",
            "u.s.",
            "inc",
            "inc.",
            "llc",
            "zip",
            "usd",
            "us$",
            "ssn",
            "ein",
        ],
    },
    Country {
        code: "CA",
        currency: "CAD",
        month_first: false,
        says: &["canada", "ontario", "hst", "cad", "toronto", "quebec", "gst/hst"],
    },
    Country {
        code: "MY",
        currency: "MYR",
        month_first: false,
        says: &[
            "sdn bhd",
            "sdn. bhd",
            "sdn",
            "malaysia",
            "kuala lumpur",
            "selangor",
            "johor",
            "jalan",
            "rm",
            "myr",
            "taman",
            "petaling jaya",
            "cukai",
        ],
    },
    Country {
        code: "SG",
        currency: "SGD",
        month_first: false,
        says: &["singapore", "pte ltd", "pte. ltd", "sgd", "s$"],
    },
    Country {
        code: "IN",
        currency: "INR",
        month_first: false,
        says: &[
            "india",
            "gstin",
            "inr",
            "rs.",
            "₹",
            "cgst",
            "sgst",
            "igst",
            "mumbai",
            "delhi",
            "bangalore",
            "bengaluru",
            "pan no",
        ],
    },
    Country {
        code: "CH",
        currency: "CHF",
        month_first: false,
        says: &["schweiz", "suisse", "switzerland", "chf", "zurich", "basel", "bern"],
    },
    Country {
        code: "AU",
        currency: "AUD",
        month_first: false,
        says: &["australia", "abn", "aud", "sydney", "melbourne"],
    },
    Country {
        code: "DK",
        currency: "DKK",
        month_first: false,
        says: &["danmark", "dkk", "cvr", "moms", "kobenhavn"],
    },
    Country {
        code: "SE",
        currency: "SEK",
        month_first: false,
        says: &["sverige", "sek", "stockholm", "org.nr"],
    },
    Country { code: "JP", currency: "JPY", month_first: false, says: &["japan", "jpy", "tokyo"] },
    Country { code: "AE", currency: "AED", month_first: false, says: &["aed", "dubai", "uae", "trn"] },
    Country {
        code: "ID",
        currency: "IDR",
        month_first: false,
        says: &["indonesia", "jakarta", "idr", "rp", "npwp", "ppn"],
    },
];

/// Currency signs and codes that mean one currency and no other.
const SIGNS: &[(&str, &str)] = &[
    ("€", "EUR"),
    ("eur", "EUR"),
    ("euro", "EUR"),
    ("euros", "EUR"),
    ("£", "GBP"),
    ("gbp", "GBP"),
    ("r$", "BRL"),
    ("brl", "BRL"),
    ("rm", "MYR"),
    ("myr", "MYR"),
    ("us$", "USD"),
    ("usd", "USD"),
    ("mxn", "MXN"),
    ("mx$", "MXN"),
    ("cop", "COP"),
    ("ars", "ARS"),
    ("clp", "CLP"),
    ("pen", "PEN"),
    ("soles", "PEN"),
    ("s/", "PEN"),
    ("₹", "INR"),
    ("inr", "INR"),
    ("chf", "CHF"),
    ("sgd", "SGD"),
    ("s$", "SGD"),
    ("aud", "AUD"),
    ("cad", "CAD"),
    ("dkk", "DKK"),
    ("sek", "SEK"),
    ("nok", "NOK"),
    ("jpy", "JPY"),
    ("¥", "JPY"),
    ("aed", "AED"),
    ("idr", "IDR"),
    ("rp", "IDR"),
    ("pesos mexicanos", "MXN"),
    ("moneda nacional", "MXN"),
    ("pesos colombianos", "COP"),
    ("zł", "PLN"),
    ("pln", "PLN"),
    ("tl", "TRY"),
];

/// Words of a language that its neighbours do not share.
const LANGUAGES: &[(&str, &[&str])] = &[
    (
        "es",
        &[
            "factura",
            "fecha",
            "recibo",
            "cliente",
            "importe",
            "gracias",
            "cantidad",
            "precio",
            "descripcion",
            "calle",
            "efectivo",
            "tarjeta",
            "iva",
            "vencimiento",
            "por",
            "su",
            "compra",
            "nombre",
            "apellidos",
            "documento",
            "boleta",
            "cedula",
            "nacimiento",
            "propina",
            "pago",
        ],
    ),
    (
        "pt",
        &[
            "fatura",
            "data",
            "valor",
            "nota",
            "fiscal",
            "obrigado",
            "quantidade",
            "preco",
            "descricao",
            "rua",
            "dinheiro",
            "cartao",
            "cliente",
            "vencimento",
            "nao",
            "emissao",
            "troco",
            "contribuinte",
            "nome",
            "nascimento",
            "validade",
            "pagamento",
            "cupom",
            "cnpj",
            "cpf",
        ],
    ),
    (
        "en",
        &[
            "invoice",
            "date",
            "receipt",
            "thank",
            "you",
            "amount",
            "tax",
            "customer",
            "quantity",
            "price",
            "description",
            "street",
            "cash",
            "change",
            "bill",
            "due",
            "payment",
            "the",
            "of",
            "to",
            "for",
            "name",
            "surname",
            "birth",
            "expires",
            "card",
            "order",
            "qty",
        ],
    ),
    (
        "de",
        &[
            "rechnung",
            "datum",
            "betrag",
            "summe",
            "mwst",
            "ust",
            "vielen",
            "dank",
            "menge",
            "preis",
            "strasse",
            "bar",
            "kunde",
            "und",
            "der",
            "die",
            "gesamt",
            "netto",
            "brutto",
            "rechnungsnummer",
            "kundennummer",
            "steuer",
        ],
    ),
    (
        "fr",
        &[
            "facture",
            "date",
            "montant",
            "tva",
            "merci",
            "quantite",
            "prix",
            "rue",
            "especes",
            "carte",
            "client",
            "le",
            "et",
            "du",
            "des",
            "echeance",
            "nom",
            "prenom",
            "naissance",
            "votre",
            "ttc",
            "ht",
        ],
    ),
    (
        "it",
        &[
            "fattura",
            "data",
            "importo",
            "totale",
            "iva",
            "grazie",
            "quantita",
            "prezzo",
            "via",
            "contanti",
            "carta",
            "cliente",
            "scontrino",
            "pagamento",
            "nome",
            "cognome",
            "nascita",
            "del",
            "di",
            "della",
        ],
    ),
    (
        "nl",
        &[
            "factuur",
            "datum",
            "bedrag",
            "btw",
            "totaal",
            "aantal",
            "omschrijving",
            "prijs",
            "factuurnummer",
            "klant",
            "bedankt",
            "vervaldatum",
            "een",
            "het",
            "van",
        ],
    ),
];

/// Where a document seems to come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// ISO 639-1.
    pub language: Option<&'static str>,
    /// ISO 3166-1 alpha-2, with how many phrases spoke for it.
    pub country: Option<(&'static str, usize)>,
    /// ISO 4217, with the probability that it is right.
    pub currency: Option<(&'static str, f32)>,
    /// Day or month first.
    pub order: Order,
}

fn language(sheet: &Sheet) -> Option<&'static str> {
    let mut best = (0, None);
    for (code, words) in LANGUAGES {
        let said = sheet.count_said(words);
        if said > best.0 {
            best = (said, Some(*code));
        }
    }
    if best.0 >= 2 { best.1 } else { None }
}

/// Scores of countries, best first.
fn countries(sheet: &Sheet) -> Vec<(&'static Country, usize)> {
    let mut scored: Vec<_> =
        COUNTRIES.iter().map(|c| (c, sheet.count_said(c.says))).filter(|(_, n)| *n > 0).collect();
    scored.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    scored
}

/// `WA 98052`: a state and a zip code.
fn american_address(sheet: &Sheet) -> bool {
    const STATES: &[&str] = &[
        "al", "ak", "az", "ar", "ca", "co", "ct", "dc", "de", "fl", "ga", "hi", "ia", "id", "il", "in", "ks",
        "ky", "la", "ma", "md", "me", "mi", "mn", "mo", "ms", "mt", "nc", "nd", "ne", "nh", "nj", "nm", "nv",
        "ny", "oh", "ok", "or", "pa", "ri", "sc", "sd", "tn", "tx", "ut", "va", "vt", "wa", "wi", "wv", "wy",
    ];
    sheet.rows.iter().any(|row| {
        let words: Vec<&str> = row.folded.split([' ', ',', '.']).filter(|w| !w.is_empty()).collect();
        words.windows(2).any(|w| {
            let zip = w[1].split('-').next().unwrap_or_default();
            STATES.contains(&w[0]) && zip.len() == 5 && zip.bytes().all(|b| b.is_ascii_digit())
        })
    })
}

fn currency(
    sheet: &Sheet,
    country: Option<(&'static str, usize)>,
    american: bool,
) -> Option<(&'static str, f32)> {
    let mut counts: Vec<(&'static str, usize)> = Vec::new();
    for (sign, code) in SIGNS {
        let said = sheet.rows.iter().filter(|r| sign_stands(&r.folded, sign)).count();
        if said > 0 {
            match counts.iter_mut().find(|(c, _)| c == code) {
                Some(entry) => entry.1 += said,
                None => counts.push((code, said)),
            }
        }
    }
    counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let home =
        country.and_then(|(code, n)| COUNTRIES.iter().find(|c| c.code == code).map(|c| (c.currency, n)));
    match (counts.as_slice(), home) {
        ([(code, _)], _) => Some((code, 0.99)),
        ([(a, n), (_, m), ..], Some((home, _))) if home == *a => Some((a, if n > m { 0.98 } else { 0.93 })),
        ([(a, n), (_, m), ..], _) => Some((a, if *n >= m * 3 { 0.95 } else { 0.75 })),
        ([], _) if american => Some(("USD", 0.97)),
        ([], Some((home, n))) => {
            let dollar = sheet.folded.contains('$');
            let dollar_country =
                matches!(home, "MXN" | "COP" | "ARS" | "CLP" | "USD" | "CAD" | "AUD" | "SGD" | "MYR");
            match (dollar, dollar_country) {
                (true, false) => Some(("USD", 0.6)),
                _ => Some((
                    home,
                    if n >= 3 {
                        0.96
                    } else if n == 2 {
                        0.9
                    } else {
                        0.7
                    },
                )),
            }
        }
        ([], None) if sheet.folded.contains('$') => Some(("USD", 0.8)),
        ([], None) => None,
    }
}

/// A sign beside a number or standing alone as a word: `12 €`, `RM9.00`, `(RM)`.
fn sign_stands(folded: &str, sign: &str) -> bool {
    let alphabetic = sign.chars().all(char::is_alphabetic);
    let mut from = 0;
    while let Some(at) = folded[from..].find(sign).map(|i| i + from) {
        let end = at + sign.len();
        let before = folded[..at].chars().next_back();
        let after = folded[end..].chars().next();
        let letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
        let number_near = folded[end..].trim_start().starts_with(|c: char| c.is_ascii_digit())
            || folded[..at].trim_end().ends_with(|c: char| c.is_ascii_digit());
        let alone = !letter(before) && !letter(after);
        if (!alphabetic && (number_near || sign.chars().all(|c| !c.is_alphanumeric())))
            || (alphabetic && alone && (number_near || sign.len() > 2 || before == Some('(')))
        {
            return true;
        }
        from = end;
    }
    false
}

/// Looks for the evidence.
#[must_use]
pub fn place(sheet: &Sheet) -> Place {
    let language = language(sheet);
    let american = american_address(sheet);
    let scored = countries(sheet);
    let mut country = match scored.as_slice() {
        [(a, n), (_, m), ..] if n > m => Some((a.code, *n)),
        [(a, n)] => Some((a.code, *n)),
        _ => None,
    };
    if american && country.is_none_or(|(_, n)| n < 3) {
        country = Some(("US", 3));
    }
    let currency = currency(sheet, country, american);
    let month_first =
        country.and_then(|(code, _)| COUNTRIES.iter().find(|c| c.code == code)).map(|c| c.month_first);
    let order = match (month_first, language, currency) {
        (Some(true), ..) => Order::MonthFirst,
        (Some(false), ..) => Order::DayFirst,
        (None, Some("es" | "pt" | "de" | "fr" | "it" | "nl"), _) => Order::DayFirst,
        (None, _, Some(("USD", p))) if p > 0.7 => Order::MonthFirst,
        (None, _, Some((_, p))) if p > 0.9 => Order::DayFirst,
        _ => Order::Unknown,
    };
    Place { language, country, currency, order }
}
