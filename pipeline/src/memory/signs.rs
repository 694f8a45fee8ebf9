//! What a paper prints that tells one party from another, in the form in which it is compared.

use std::{collections::BTreeSet, sync::LazyLock};

use crate::{
    document::{Kind, words},
    fields::{FieldName, Fields},
    knowledge,
    linking::{emails, folded},
    understand::{
        tax_ids::{checks, values::bare},
        values::iban,
    },
};

words! {
    /// A kind of sign, the strongest first.
    SignKind, "sign" {
        /// Of the issuer or merchant.
        TaxId = "tax_id",
        /// To which it wants to be paid.
        Iban = "iban",
        Phone = "phone",
        Email = "email",
        /// Of a web or mail address, as it was registered.
        Domain = "domain",
        /// A line of a postal address.
        Address = "address",
        /// As filed; alone it says nothing but whose account to compare.
        Name = "name",
    }
}

/// One sign, ready to compare.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sign {
    /// What it is.
    pub kind: SignKind,
    /// Folded: see [`Clues`].
    pub value: String,
}

impl Sign {
    /// A sign of this kind.
    pub fn new(kind: SignKind, value: impl Into<String>) -> Self {
        Self { kind, value: value.into() }
    }

    /// A tax id in any form, as it is compared.
    #[must_use]
    pub fn tax_id(id: &str) -> Self {
        Self::new(SignKind::TaxId, tax_id_key(id))
    }
}

/// As it is kept: `phone:95400011`.
impl std::fmt::Display for Sign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.kind, self.value)
    }
}

impl std::str::FromStr for Sign {
    type Err = crate::document::UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, value) = text.split_once(':').unwrap_or((text, ""));
        Ok(Self::new(kind.parse::<SignKind>()?, value))
    }
}

/// Text looked at, characters.
const TEXT_CHARS: usize = 60_000;
/// Most signs of one kind.
const MOST: usize = 64;
/// Digits by which phones are compared: the country's code and its zeros are printed or not.
const PHONE_DIGITS: usize = 8;
/// Letters and digits that a line of an address has at least.
const ADDRESS_CHARS: usize = 10;
/// Letters of a name that is looked for in a text.
const NAME_CHARS: usize = 5;

/// All that a document prints by which its vendor may be known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clues {
    /// Signs in its fields and its text; of tax ids also what may be one.
    pub signs: BTreeSet<Sign>,
    /// The account to which it wants to be paid, where one was read as such: a customer's own is printed, too.
    pub ibans: BTreeSet<String>,
    /// The tax id read as the vendor's.
    vendor_id: Option<String>,
    /// The name read as an invoice's issuer's, folded; none on a receipt.
    issuer: Option<String>,
    /// Letters and digits of the text.
    text: String,
}

impl Clues {
    /// Of what was read.
    #[must_use]
    pub fn of(fields: &Fields, text: &str) -> Self {
        let text: String = text.chars().take(TEXT_CHARS).collect();
        let value = |name: FieldName| fields.get(&name).map(|f| f.value.to_string());
        let vendor_id = value(FieldName::IssuerTaxId).or_else(|| value(FieldName::MerchantTaxId));
        let recipient = value(FieldName::RecipientTaxId).map(|id| tax_id_key(&id));
        let mut signs = contact(&text);
        let ids = vendor_id.iter().map(|id| tax_id_key(id)).chain(numbers(&text));
        let ids = ids.filter(|id| Some(id) != recipient.as_ref()).take(MOST);
        signs.extend(ids.map(|id| Sign::new(SignKind::TaxId, id)));
        signs.extend(address_lines(&text).into_iter().map(|line| Sign::new(SignKind::Address, line)));
        for name in [FieldName::IssuerName, FieldName::MerchantName] {
            signs.extend(value(name).map(|name| Sign::new(SignKind::Name, folded(&name))));
        }
        let iban = value(FieldName::Iban).and_then(|iban| iban::checked(&iban));
        let ibans: BTreeSet<String> = iban.into_iter().collect();
        signs.extend(ibans.iter().map(|iban| Sign::new(SignKind::Iban, iban.clone())));
        let issuer = value(FieldName::IssuerName).map(|name| folded(&name));
        Self { signs, ibans, vendor_id, issuer, text: folded_text(&text) }
    }

    /// Whether the paper is of this name, folded: read as the issuer's where it may name a recipient too, else anywhere.
    #[must_use]
    pub(super) fn names(&self, kind: Kind, folded: &str) -> bool {
        if folded.chars().count() < NAME_CHARS {
            return false;
        }
        match (kind, &self.issuer) {
            (Kind::Receipt, _) => self.text.contains(folded),
            (_, Some(issuer)) => issuer.contains(folded),
            _ => false,
        }
    }

    /// Whether this sign alone says whose paper it is: a tax id or an account that was read as the vendor's. Another's may
    /// be printed as well: the recipient's, or that of who made the till.
    #[must_use]
    pub(super) fn is_certain(&self, sign: &Sign) -> bool {
        match sign.kind {
            SignKind::TaxId => self.vendor_id.as_deref().is_some_and(|id| Sign::tax_id(id) == *sign),
            SignKind::Iban => true,
            _ => false,
        }
    }

    /// Whether the paper says another tax id than the remembered one, and not by a slip of two letters.
    #[must_use]
    pub(super) fn gainsays(&self, remembered: Option<&str>) -> bool {
        let (Some(read), Some(remembered)) = (&self.vendor_id, remembered) else { return false };
        let (own, theirs) = (tax_id_key(read), tax_id_key(remembered));
        own != theirs && (is_proven(read) || !is_slip(&own, &theirs))
    }
}

/// Whether its check digit is right by any scheme that it may be of. One of ten is by chance: then it is left as it is.
pub(super) fn is_proven(id: &str) -> bool {
    let id: String = folded(id).to_uppercase();
    let by_length: &[fn(&str) -> bool] = match id.len() {
        8 => &[checks::rut],
        9 => &[checks::nif, checks::rut, checks::portuguese],
        10 => &[checks::nit],
        11 => &[checks::cuit, checks::ruc, checks::italian, checks::cpf],
        12 => &[checks::rfc],
        13 => &[checks::rfc, checks::ruc],
        14 => &[checks::cnpj, checks::luhn],
        _ => &[],
    };
    bare(&id).is_some() || by_length.iter().any(|check| check(&id))
}

/// Two of one length that differ in at most two places.
fn is_slip(a: &str, b: &str) -> bool {
    a.chars().count() == b.chars().count() && a.chars().zip(b.chars()).filter(|(a, b)| a != b).count() <= 2
}

/// A tax id as it is compared: letters and digits, without the country before it.
pub(super) fn tax_id_key(id: &str) -> String {
    let id = folded(id);
    let lettered = id.len() >= 10 && id.bytes().take(2).all(|b| b.is_ascii_lowercase());
    match id.get(2..) {
        Some(rest) if lettered => rest.to_owned(),
        _ => id,
    }
}

/// Letters and digits of a text without its mail and web addresses: those are signs of their own.
fn folded_text(text: &str) -> String {
    let is_address = |word: &&str| word.contains('@') || word.contains("www.") || word.contains("http");
    text.split_whitespace().filter(|word| !is_address(word)).map(folded).collect()
}

/// Phones, mail addresses and domains.
pub(super) fn contact(text: &str) -> BTreeSet<Sign> {
    let mut signs = BTreeSet::new();
    let mails = emails(text);
    signs.extend(phones(text).into_iter().take(MOST).map(|p| Sign::new(SignKind::Phone, p)));
    signs.extend(mails.iter().map(|m| Sign::new(SignKind::Email, m.clone())));
    let hosts = mails.iter().filter_map(|m| m.split_once('@')).map(|(_, host)| host.to_owned());
    let domains = hosts.chain(sites(text)).filter_map(|host| registered(&host));
    signs.extend(domains.take(MOST).map(|d| Sign::new(SignKind::Domain, d)));
    signs
}

/// Numbers behind a word that announces a phone, or behind a plus.
fn phones(text: &str) -> BTreeSet<String> {
    static LABELS: LazyLock<Vec<&str>> =
        LazyLock::new(|| knowledge::lines(include_str!("phone_labels.txt")).collect());
    let mut found = BTreeSet::new();
    for line in text.lines() {
        let mut announced = false;
        let mut digits = String::new();
        let mut take = |digits: &mut String, announced: bool| {
            let n = digits.len();
            if announced && (7..=15).contains(&n) {
                found.insert(digits.get(n.saturating_sub(PHONE_DIGITS)..).unwrap_or(digits).to_owned());
            }
            digits.clear();
        };
        let parts = |c: char| c.is_whitespace() || matches!(c, ':' | '/' | ',' | ';' | '|');
        for word in line.split(parts) {
            let letters: String = folded(word).chars().filter(|c| c.is_alphabetic()).collect();
            if !letters.is_empty() {
                take(&mut digits, announced);
                announced = LABELS.contains(&letters.as_str());
            }
            if word.starts_with('+') || word.starts_with("(+") {
                take(&mut digits, announced);
                announced = true;
            }
            digits.extend(word.chars().filter(char::is_ascii_digit));
        }
        take(&mut digits, announced);
    }
    found
}

/// Hosts of web addresses that say so: `www.` or `http`.
fn sites(text: &str) -> Vec<String> {
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !is_host(c)).filter(|w| w.len() <= 100);
    words.filter_map(|w| w.strip_prefix("www.")).map(str::to_owned).take(MOST).collect()
}

/// The part of a host that was registered; none of a domain that many share.
fn registered(host: &str) -> Option<String> {
    static SHARED: LazyLock<Vec<&str>> =
        LazyLock::new(|| knowledge::lines(include_str!("shared_domains.txt")).collect());
    let labels: Vec<&str> = host.trim_matches('.').split('.').collect();
    let n = labels.len();
    let second = n.checked_sub(2).and_then(|at| labels.get(at))?;
    let is_public =
        matches!(*second, "com" | "co" | "org" | "net" | "gob" | "gov" | "gub" | "edu" | "nom" | "ind");
    let keep = if is_public && labels.last().is_some_and(|l| l.len() == 2) { 3 } else { 2 };
    let domain = labels.get(n.checked_sub(keep)?..)?.join(".");
    (domain.len() >= 5 && !SHARED.contains(&domain.as_str())).then_some(domain)
}

/// Words that may be tax ids: eight to fifteen letters and digits, mostly digits.
fn numbers(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in text.lines() {
        let words: Vec<String> = line.split_whitespace().map(folded).collect();
        let pairs = words.windows(2).map(<[String]>::concat);
        for word in words.iter().cloned().chain(pairs) {
            let digits = word.bytes().filter(u8::is_ascii_digit).count();
            if (8..=16).contains(&word.len()) && digits >= 6 {
                found.insert(tax_id_key(&word));
            }
        }
    }
    found
}

/// Lines that may be of an address: words and a number, long enough to be nobody else's.
pub(super) fn address_lines(text: &str) -> BTreeSet<String> {
    let lines = text.lines().map(folded).filter(|line| {
        let n = line.chars().count();
        let digits = line.chars().filter(char::is_ascii_digit).count();
        (ADDRESS_CHARS..=120).contains(&n) && digits >= 1 && digits * 2 <= n
    });
    lines.take(200).collect()
}
