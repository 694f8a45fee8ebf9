//! Whose document is it? A pure decision over clues and the customers that any clue found.
//!
//! Clues are tried from the strongest to the weakest: the sender's own alias, a tax id, the number of an ID, an
//! e-mail address, what the sender wrote with it, a name. The first that finds exactly one customer links; one that finds several is narrowed
//! by those after it; what stays several is a person's to decide. A document whose identifiers belong to
//! somebody other than its sender is never filed by itself.

pub mod said;
#[cfg(test)]
mod tests;

use std::fmt::Display;

use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;

use crate::{
    document::Kind,
    fields::{FieldName, Fields},
    phone::canonical,
    reason::{Reason, ReasonCode},
};

/// A name at least this much alike links, if no other comes near. Chosen by us; the tests hold pairs of either side.
const SURE: f64 = 0.92;
/// A name at least this much alike is worth showing to a reviewer.
const LIKELY: f64 = 0.85;
/// How far the second best name must be behind.
const MARGIN: f64 = 0.04;
/// Names shorter than this (letters and digits, after folding) say too little.
const NAME_CHARS: usize = 5;
/// Candidates shown to a reviewer.
const CANDIDATES: usize = 10;
/// E-mail addresses taken from a document's text.
const EMAILS: usize = 20;

/// What a document and its sender say about whose it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clues {
    /// Phone numbers of the sender, [`canonical`].
    pub phones: Vec<String>,
    /// Tax ids of those who may be the customer, [`folded`].
    pub tax_ids: Vec<String>,
    /// The number of an ID, [`folded`].
    pub id_numbers: Vec<String>,
    /// E-mail addresses in the text, lower case.
    pub emails: Vec<String>,
    /// Names of those who may be the customer, as read.
    pub names: Vec<String>,
    /// What the sender wrote with it that names something ([`said::names`]), [`folded`]. What stands on the paper as its own
    /// number is not what a customer is called.
    pub said: Vec<String>,
}

impl Clues {
    /// Takes the clues out of what was read. A shop's tax id is none: its receipts belong to who paid.
    #[must_use]
    pub fn of(kind: Kind, fields: &Fields, text: &str, sender_phones: &[String]) -> Self {
        use FieldName::{
            DocumentNumber, GivenNames, IssuerName, IssuerTaxId, RecipientName, RecipientTaxId, Surname,
        };
        let value = |name: FieldName| fields.get(&name).map(|field| field.value.to_string());
        let all = |names: &[FieldName]| names.iter().filter_map(|name| value(*name)).collect::<Vec<_>>();
        let mut clues = Self {
            phones: sender_phones
                .iter()
                .map(|phone| canonical(phone))
                .filter(|phone| !phone.is_empty())
                .collect(),
            emails: emails(text),
            ..Self::default()
        };
        match kind {
            Kind::Invoice => {
                clues.tax_ids = all(&[RecipientTaxId, IssuerTaxId]).iter().map(|id| folded(id)).collect();
                clues.names = all(&[RecipientName, IssuerName]);
            }
            Kind::Id => {
                clues.id_numbers = all(&[DocumentNumber]).iter().map(|id| folded(id)).collect();
                let name = all(&[GivenNames, Surname]).join(" ");
                clues.names = if name.is_empty() { Vec::new() } else { vec![name] };
            }
            Kind::Receipt | Kind::Other => {}
        }
        clues
    }
}

/// A customer, as linking sees one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known<Id> {
    /// Whose.
    pub id: Id,
    /// As registered.
    pub name: String,
    /// Whether the sender of the document was linked to this customer before.
    pub is_sender: bool,
    /// Digits only.
    pub phones: Vec<String>,
    /// As registered; compared [`folded`].
    pub tax_ids: Vec<String>,
    /// As registered; compared [`folded`].
    pub id_numbers: Vec<String>,
    /// Compared in lower case.
    pub emails: Vec<String>,
    /// What they are called in the books, and numbers of what they owe; compared [`folded`].
    pub named: Vec<String>,
}

/// Which clue found a customer, from the strongest to the weakest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clue {
    /// The sender's own alias.
    Sender,
    /// A tax id on the document.
    TaxId,
    /// The number of an ID.
    IdNumber,
    /// An e-mail address on the document.
    Email,
    /// What the sender wrote with it.
    Said,
    /// A name that is alike.
    Name,
}

impl Clue {
    /// A fixed word for timelines and reasons.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sender => "sender",
            Self::TaxId => "tax_id",
            Self::IdNumber => "id_number",
            Self::Email => "email",
            Self::Said => "said_by_the_sender",
            Self::Name => "name",
        }
    }
}

/// A customer that a clue points to.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate<Id> {
    /// Whose.
    pub id: Id,
    /// As registered.
    pub name: String,
    /// What points there.
    pub clue: Clue,
    /// 1 for an exact clue, else how alike the names are.
    pub score: f64,
}

/// The decision.
#[derive(Debug, Clone, PartialEq)]
pub enum Linked<Id> {
    /// One clear match.
    To(Candidate<Id>),
    /// Several, the best first; a person decides.
    Several(Vec<Candidate<Id>>),
    /// No clue points to anybody.
    Nobody,
}

impl<Id: Display> Linked<Id> {
    /// The reason to give a reviewer, if a person must decide.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::To(_) => None,
            Self::Nobody => Some(Reason::new(
                ReasonCode::UnknownCustomer,
                "Neither sender nor content names a known customer.",
            )),
            Self::Several(candidates) => {
                let shown: Vec<Value> = candidates.iter().take(CANDIDATES).map(Candidate::shown).collect();
                Some(
                    Reason::new(
                        ReasonCode::AmbiguousCustomer,
                        "More than one customer may own this document.",
                    )
                    .with("candidates", shown),
                )
            }
        }
    }
}

impl<Id: Display> Candidate<Id> {
    fn shown(&self) -> Value {
        let score = (self.score * 100.0).round() / 100.0;
        json!({"customer_id": self.id.to_string(), "name": self.name, "clue": self.clue.as_str(), "score": score})
    }
}

/// Decides. `known` is every customer that any clue may point to.
#[must_use]
pub fn link<Id: Clone + PartialEq>(clues: &Clues, known: &[Known<Id>]) -> Linked<Id> {
    let tiers = [Clue::Sender, Clue::TaxId, Clue::IdNumber, Clue::Email, Clue::Said].map(|clue| {
        known.iter().filter(|k| points_to(clues, clue, k)).map(|k| found(k, clue, 1.0)).collect::<Vec<_>>()
    });
    if let Some(contradiction) = contradiction(clues, known, &tiers) {
        return Linked::Several(contradiction);
    }
    let mut left: Vec<Candidate<Id>> = Vec::new();
    for tier in tiers {
        left = narrowed(left, tier);
        if let [one] = left.as_slice() {
            return Linked::To(one.clone());
        }
    }
    by_name(clues, known, left)
}

/// Keeps of `left` what `tier` confirms; a tier that says nothing about them changes nothing.
fn narrowed<Id: Clone + PartialEq>(left: Vec<Candidate<Id>>, tier: Vec<Candidate<Id>>) -> Vec<Candidate<Id>> {
    if left.is_empty() {
        return tier;
    }
    let kept: Vec<_> = left.iter().filter(|c| tier.iter().any(|t| t.id == c.id)).cloned().collect();
    if kept.is_empty() { left } else { kept }
}

/// The sender is one customer, but the document bears another's identifiers where it should bear the sender's.
fn contradiction<Id: Clone + PartialEq>(
    clues: &Clues,
    known: &[Known<Id>],
    tiers: &[Vec<Candidate<Id>>; 5],
) -> Option<Vec<Candidate<Id>>> {
    let [senders, by_tax_id, by_id_number, ..] = tiers;
    let [sender] = senders.as_slice() else { return None };
    let registered = known.iter().find(|k| k.id == sender.id)?;
    let against = |others: &[Candidate<Id>], own: &[String], read: &[String]| {
        !own.is_empty() && !read.is_empty() && !others.is_empty() && !others.iter().any(|c| c.id == sender.id)
    };
    let others = if against(by_tax_id, &registered.tax_ids, &clues.tax_ids) {
        by_tax_id
    } else if against(by_id_number, &registered.id_numbers, &clues.id_numbers) {
        by_id_number
    } else {
        return None;
    };
    Some(senders.iter().chain(others).cloned().collect())
}

fn found<Id: Clone>(known: &Known<Id>, clue: Clue, score: f64) -> Candidate<Id> {
    Candidate { id: known.id.clone(), name: known.name.clone(), clue, score }
}

fn points_to<Id>(clues: &Clues, clue: Clue, known: &Known<Id>) -> bool {
    let meet = |read: &[String], own: &[String], fold: fn(&str) -> String| {
        own.iter().map(|o| fold(o)).any(|o| !o.is_empty() && read.contains(&o))
    };
    match clue {
        Clue::Sender => known.is_sender || meet(&clues.phones, &known.phones, canonical),
        Clue::TaxId => meet(&clues.tax_ids, &known.tax_ids, folded),
        Clue::IdNumber => meet(&clues.id_numbers, &known.id_numbers, folded),
        Clue::Email => meet(&clues.emails, &known.emails, |e| e.trim().to_lowercase()),
        Clue::Said => meet(&clues.said, &known.named, folded),
        Clue::Name => false,
    }
}

/// The last resort; also what chooses among several that stronger clues found.
fn by_name<Id: Clone + PartialEq>(
    clues: &Clues,
    known: &[Known<Id>],
    left: Vec<Candidate<Id>>,
) -> Linked<Id> {
    let mut scored: Vec<Candidate<Id>> = known
        .iter()
        .filter(|k| left.is_empty() || left.iter().any(|c| c.id == k.id))
        .map(|k| {
            let best = clues.names.iter().map(|name| alike(name, &k.name)).fold(0.0, f64::max);
            found(k, Clue::Name, best)
        })
        .filter(|candidate| candidate.score >= LIKELY)
        .collect();
    scored.sort_by(|a, b| b.score.total_cmp(&a.score));
    match scored.as_slice() {
        [best] if best.score >= SURE => Linked::To(best.clone()),
        [best, second, ..] if best.score >= SURE && best.score - second.score >= MARGIN => {
            Linked::To(best.clone())
        }
        [] if left.is_empty() => Linked::Nobody,
        [] => Linked::Several(left),
        _ if left.is_empty() => Linked::Several(scored),
        _ => Linked::Several(left),
    }
}

/// How alike two names are, 0..=1: the better of letter by letter and word by word, legal forms left out.
#[must_use]
pub fn alike(a: &str, b: &str) -> f64 {
    let (a, b) = (name_words(a), name_words(b));
    let (joined_a, joined_b) = (a.join(" "), b.join(" "));
    if joined_a.chars().count() < NAME_CHARS || joined_b.chars().count() < NAME_CHARS {
        return 0.0;
    }
    let sorted = |words: &[String]| {
        let mut words = words.to_vec();
        words.sort();
        words.join(" ")
    };
    // Letter by letter, in order and with the words sorted: "García Ana" is "Ana García".
    strsim::normalized_levenshtein(&joined_a, &joined_b)
        .max(strsim::normalized_levenshtein(&sorted(&a), &sorted(&b)))
}

/// Forms of companies in the countries we read, folded. They say nothing about which company it is.
const LEGAL_FORMS: &[&str] = &[
    "sa", "sl", "slu", "sau", "sas", "srl", "sac", "spa", "sc", "sab", "cv", "sadecv", "scv", "rl", "ltda",
    "lda", "me", "epp", "eireli", "ltd", "limited", "llc", "llp", "inc", "corp", "co", "plc", "gmbh", "ag",
    "bv", "nv", "de", "del", "the", "da", "do", "la", "el", "y", "e", "and",
];

/// Folded words of a name without legal forms; all of them when nothing else is left.
fn name_words(name: &str) -> Vec<String> {
    let plain = unaccented(name);
    // Points join: "S.A. de C.V." is "sa de cv".
    let joined = plain.replace('.', "");
    let words: Vec<String> = joined
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(40)
        .map(str::to_owned)
        .collect();
    let telling: Vec<String> = words.iter().filter(|w| !LEGAL_FORMS.contains(&w.as_str())).cloned().collect();
    if telling.is_empty() { words } else { telling }
}

/// Lower case, accents taken off.
fn unaccented(text: &str) -> String {
    text.chars()
        .take(512)
        .nfkd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Letters and digits only, lower case, without accents: how identifiers are compared.
#[must_use]
pub fn folded(text: &str) -> String {
    unaccented(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// E-mail addresses in a text, lower case, each once.
pub(crate) fn emails(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '@');
    for word in text.split(|c: char| !is_part(c)).filter(|word| word.len() <= 254) {
        let word = word.trim_matches(['.', '-', '_', '+']).to_lowercase();
        let is_address = word.split_once('@').is_some_and(|(local, host)| {
            !local.is_empty() && !host.contains('@') && host.contains('.') && !host.starts_with('.')
        });
        if is_address && !found.contains(&word) {
            found.push(word);
            if found.len() == EMAILS {
                break;
            }
        }
    }
    found
}
