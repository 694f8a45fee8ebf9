//! What is remembered of vendors, asked about a document that the reader has read.
//!
//! A person's decision makes a [`Paper`]: what one paper says of its vendor, and of nobody else. [`recall`] holds the
//! papers that share a [`Sign`] with a document against it and says which vendor it is, with what evidence; [`apply`] lays
//! that over the reading and judges the document again. Two papers that agree vouch for a vendor, one does not; a known
//! vendor whose bank account changed always holds. Nothing here looks anything up: whoever calls brings the papers.

mod apply;
mod paper;
mod signs;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use apply::apply;
pub use paper::{Paper, Theirs};
pub use signs::{Clues, Sign, SignKind};

use crate::{document::Kind, linking::folded};

/// Papers that must agree before a vendor is vouched for.
pub const ENOUGH: usize = 2;

/// A vendor that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vendor {
    /// As people filed it.
    pub name: String,
    /// Its legal name, where its papers agree on one.
    pub legal_name: Option<String>,
    /// Its tax id, where its papers agree on one.
    pub tax_id: Option<String>,
    /// How its numbers look, where its papers agree on it.
    pub number_shape: Option<String>,
    /// Papers that agree.
    pub papers: usize,
    /// The kinds of signs it was known by, the strongest first.
    pub by: Vec<SignKind>,
}

/// A known vendor's paper that asks for payment to an account that none of its other papers named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedIban {
    /// The vendor.
    pub name: String,
    /// The accounts of its papers.
    pub old: Vec<String>,
    /// The accounts on this one.
    pub new: Vec<String>,
}

/// What memory has to say of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recall {
    /// Whose paper it is, if that is sure.
    pub vendor: Option<Vendor>,
    /// Whether its account is another one.
    pub changed_iban: Option<ChangedIban>,
}

/// Says whose paper it is. `papers` are those that share any sign with it.
#[must_use]
pub fn recall(kind: Kind, clues: &Clues, papers: &[Paper]) -> Recall {
    if !matches!(kind, Kind::Invoice | Kind::Receipt) {
        return Recall::default();
    }
    let parties = parties(papers);
    let of_many = of_many(&parties);
    let mut known: Vec<(Vendor, bool)> =
        parties.values().filter_map(|p| vouched(kind, clues, p, &of_many)).collect();
    if known.iter().any(|(_, certain)| *certain) {
        known.retain(|(_, certain)| *certain);
    }
    let vendor = match known.as_slice() {
        [(one, _)] => Some(one.clone()),
        _ => None,
    };
    Recall { changed_iban: changed_iban(clues, &parties, vendor.as_ref()), vendor }
}

/// Signs that stand on papers of several parties: a mall's phone, a maker of tills, a customer. They tell none apart.
fn of_many(parties: &BTreeMap<String, Vec<&Paper>>) -> BTreeSet<Sign> {
    let mut seen: BTreeSet<&Sign> = BTreeSet::new();
    let mut of_many = BTreeSet::new();
    for papers in parties.values() {
        let own: BTreeSet<&Sign> = papers.iter().flat_map(|p| &p.signs).collect();
        of_many.extend(own.iter().filter(|sign| seen.contains(**sign)).map(|sign| (*sign).clone()));
        seen.extend(own);
    }
    of_many
}

/// Papers by party: by its tax id; those that name none belong to the party of the same name, if there is only one.
fn parties(papers: &[Paper]) -> BTreeMap<String, Vec<&Paper>> {
    let mut parties: BTreeMap<String, Vec<&Paper>> = BTreeMap::new();
    let mut named: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for paper in papers {
        if let Some(id) = paper.tax_id.as_deref().map(signs::tax_id_key) {
            named.entry(folded(&paper.name)).or_default().insert(id.clone());
            parties.entry(id).or_default().push(paper);
        }
    }
    for paper in papers.iter().filter(|p| p.tax_id.is_none()) {
        let name = folded(&paper.name);
        let ids = named.get(&name);
        let key = match ids.map(|ids| ids.iter().collect::<Vec<_>>()).as_deref() {
            Some([one]) => (*one).clone(),
            _ => format!("name {name}"),
        };
        parties.entry(key).or_default().push(paper);
    }
    parties
}

/// The party, if enough of its papers that share a sign with the document agree on its name, and nothing speaks against;
/// and whether it is certain.
fn vouched(kind: Kind, clues: &Clues, papers: &[&Paper], of_many: &BTreeSet<Sign>) -> Option<(Vendor, bool)> {
    let sharing: Vec<&Paper> =
        papers.iter().copied().filter(|p| p.signs.iter().any(|s| clues.signs.contains(s))).collect();
    let mut names: BTreeMap<String, Vec<&Paper>> = BTreeMap::new();
    for paper in &sharing {
        names.entry(folded(&paper.name)).or_default().push(paper);
    }
    let (key, agreed) = names.iter().max_by_key(|(_, papers)| papers.len())?;
    let as_many = names.values().filter(|papers| papers.len() == agreed.len()).count();
    if agreed.len() < ENOUGH || as_many > 1 {
        return None;
    }
    let one = |of: fn(&Paper) -> Option<&String>| {
        let all: BTreeSet<&String> = agreed.iter().filter_map(|p| of(p)).collect();
        if all.len() == 1 { all.first().map(|s| (*s).clone()) } else { None }
    };
    let tax_id = one(|p| p.tax_id.as_ref());
    let numbered = agreed.iter().filter(|p| p.number_shape.is_some()).count();
    let number_shape = one(|p| p.number_shape.as_ref()).filter(|_| numbered >= ENOUGH);
    if clues.gainsays(tax_id.as_deref()) {
        return None;
    }
    // Only what two of them share with the document is a sign of this party.
    let count = |sign: &Sign| agreed.iter().filter(|p| p.signs.contains(sign)).count();
    let shared: Vec<&Sign> =
        clues.signs.iter().filter(|s| !of_many.contains(s) && count(s) >= ENOUGH).collect();
    let is_certain = shared.iter().any(|sign| clues.is_certain(sign));
    let by: BTreeSet<SignKind> = shared.iter().map(|sign| sign.kind).collect();
    if !is_certain && !enough(kind, &by, clues.names(kind, key)) {
        return None;
    }
    let vendor = Vendor {
        name: agreed.last().map(|p| p.name.clone()).unwrap_or_default(),
        legal_name: one(|p| p.legal_name.as_ref()),
        tax_id,
        number_shape,
        papers: agreed.len(),
        by: by.into_iter().collect(),
    };
    Some((vendor, is_certain))
}

/// Whether these signs are enough where none is certain. One needs the vendor's name beside it: a hotline, a mall, a maker
/// of tills are printed by many. Two are enough on a receipt; an invoice prints its recipient's as well.
fn enough(kind: Kind, shared: &BTreeSet<SignKind>, named: bool) -> bool {
    // A mail address and its domain are one sign.
    let is_twice = |k: &SignKind| *k == SignKind::Domain && shared.contains(&SignKind::Email);
    let signs = shared.iter().filter(|k| **k != SignKind::Name && !is_twice(k)).count();
    (named && signs >= 1) || (kind == Kind::Receipt && signs >= 2)
}

/// Whether a party that the paper is of, or says it is of, was paid elsewhere. One paper that a person decided is enough
/// to hold another.
fn changed_iban(
    clues: &Clues,
    parties: &BTreeMap<String, Vec<&Paper>>,
    vendor: Option<&Vendor>,
) -> Option<ChangedIban> {
    if clues.ibans.is_empty() {
        return None;
    }
    let says = |paper: &&Paper| {
        vendor.is_some_and(|v| folded(&v.name) == folded(&paper.name))
            || paper
                .signs
                .iter()
                .any(|s| matches!(s.kind, SignKind::TaxId | SignKind::Name) && clues.signs.contains(s))
    };
    let accounts = |papers: &[&Paper]| -> BTreeSet<String> {
        let signs = papers.iter().flat_map(|p| &p.signs);
        signs.filter(|s| s.kind == SignKind::Iban).map(|s| s.value.clone()).collect()
    };
    let theirs: Vec<&Vec<&Paper>> = parties.values().filter(|papers| papers.iter().any(says)).collect();
    let old: BTreeSet<String> = theirs.iter().flat_map(|papers| accounts(papers)).collect();
    let name = theirs.iter().find(|papers| !accounts(papers).is_empty())?.last()?.name.clone();
    let is_known = clues.ibans.iter().any(|iban| old.contains(iban));
    (!is_known).then(|| ChangedIban {
        name,
        old: old.into_iter().collect(),
        new: clues.ibans.iter().cloned().collect(),
    })
}
