//! Signatures inside an XML (XMLDSig): those of NF-e, SII, SRI, DIAN, Facturae and FatturaPA.
//!
//! Each reference is made canonical and digested, the list of them checked against the certificate inside. What is signed
//! must be the document, not a part of the signature; a transform, a digest or a key that is not known makes it
//! [`Seal::Unknown`].

use base64::Engine;
use bergshamra_c14n::{C14nMode, canonicalize_doc};
use bergshamra_xml::NodeSet;
use ring::digest;
use uppsala::{Document, NodeId, Parser};

use super::{
    Seal,
    key::{Form, Key},
};

/// XMLDSig's namespace.
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
/// Exclusive canonicalization's own element and attribute.
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// Leaves out the signature that a reference stands in.
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// An expression picks what is signed; only those that leave signatures out are known here.
const XPATHS: &[&str] =
    &["http://www.w3.org/TR/1999/REC-xpath-19991116", "http://www.w3.org/2002/06/xmldsig-filter2"];
/// Signatures of one document, and references of one signature.
const MOST: usize = 8;
/// Deepest nesting; what is deeper is no e-invoice.
const DEPTH: u32 = 64;

/// Declarations of namespaces in one document: each is in scope for all below it.
const NAMESPACES: usize = 2_000;

/// What the signatures in an XML say; `None` where it has none. The XML is one that the tree of e-invoices took: its depth,
/// elements and attributes are capped.
#[must_use]
pub fn verify(xml: &str) -> Option<Seal> {
    xml.contains(DS).then_some(())?;
    if xml.matches("xmlns").count() > NAMESPACES {
        return Some(Seal::Unknown);
    }
    let parser = Parser::new().with_max_depth(DEPTH).with_max_entity_expansion(0);
    let Ok(doc) = parser.parse(xml) else { return Some(Seal::Unknown) };
    let all = doc.get_elements_by_tag_name_ns(DS, "Signature");
    if all.len() > MOST * MOST {
        return Some(Seal::Unknown);
    }
    let outer: Vec<NodeId> =
        all.iter().copied().filter(|s| !doc.ancestors(*s).iter().any(|a| all.contains(a))).collect();
    if outer.len() > MOST {
        return Some(Seal::Unknown);
    }
    outer
        .into_iter()
        .map(|signature| Signature { doc: &doc, all: &all, at: signature }.seal())
        .reduce(Seal::and)
}

struct Signature<'a, 'd> {
    doc: &'a Document<'d>,
    /// Every signature of the document.
    all: &'a [NodeId],
    at: NodeId,
}

impl Signature<'_, '_> {
    fn child(&self, of: NodeId, name: &str) -> Option<NodeId> {
        self.doc.first_child_element_by_name_ns(of, DS, name)
    }

    fn algorithm(&self, of: NodeId) -> Option<&str> {
        self.doc.get_attribute(of, "Algorithm")
    }

    fn seal(&self) -> Seal {
        self.checked().unwrap_or(Seal::Unknown)
    }

    fn checked(&self) -> Option<Seal> {
        let info = self.child(self.at, "SignedInfo")?;
        let references = self.doc.child_elements_by_name_ns(info, DS, "Reference");
        if references.len() > MOST {
            return None;
        }
        let outside = references.iter().any(|r| {
            self.target(*r).is_some_and(|t| t != self.at && !self.doc.ancestors(t).contains(&self.at))
        });
        if !outside {
            return None;
        }
        let referred =
            references.iter().map(|r| self.reference(*r).unwrap_or(Seal::Unknown)).reduce(Seal::and)?;
        Some(referred.and(self.signed(info).unwrap_or(Seal::Unknown)))
    }

    /// Whether the list of references is what the key in the document signed.
    fn signed(&self, info: NodeId) -> Option<Seal> {
        let way = self.child(info, "CanonicalizationMethod")?;
        let mode = C14nMode::from_uri(self.algorithm(way)?)?;
        let set = NodeSet::tree_without_comments(info, self.doc);
        let (form, hash) = method(self.algorithm(self.child(info, "SignatureMethod")?)?)?;
        let value = base64(&self.doc.text_content_deep(self.child(self.at, "SignatureValue")?))?;
        let keys = self.child(self.at, "KeyInfo")?;
        let certificates: Vec<Vec<u8>> = self
            .within(keys, "X509Certificate")
            .into_iter()
            .take(MOST)
            .filter_map(|c| base64(&self.doc.text_content_deep(c)))
            .collect();
        let mut all: Vec<Key<'_>> = certificates.iter().filter_map(|c| Key::of_certificate(c)).collect();
        all.extend(self.within(keys, "RSAKeyValue").first().and_then(|k| self.rsa(*k)));
        let mut seals = Vec::new();
        for mode in modes(mode) {
            let bytes = self.canonical(&set, mode, way)?;
            // Who signed is one of the chain, in no sure order.
            seals.extend(all.iter().map(|key| match key.is_small() {
                true => Seal::Unknown,
                false => key.verify(form, hash, &bytes, &value),
            }));
        }
        [Seal::Intact, Seal::Unknown, Seal::Broken].into_iter().find(|seal| seals.contains(seal))
    }

    fn within(&self, of: NodeId, name: &str) -> Vec<NodeId> {
        let named = self.doc.get_elements_by_tag_name_ns(DS, name);
        named.into_iter().filter(|n| self.doc.ancestors(*n).contains(&of)).collect()
    }

    fn rsa(&self, key: NodeId) -> Option<Key<'static>> {
        let part = |name: &str| base64(&self.doc.text_content_deep(self.child(key, name)?));
        let without_zeros = |bytes: Vec<u8>| bytes.into_iter().skip_while(|b| *b == 0).collect::<Vec<u8>>();
        Some(Key::Rsa {
            modulus: without_zeros(part("Modulus")?),
            exponent: without_zeros(part("Exponent")?),
        })
    }

    /// What a reference speaks of: the whole document, or the only element of its id.
    fn target(&self, reference: NodeId) -> Option<NodeId> {
        let uri = self.doc.get_attribute(reference, "URI")?;
        if matches!(uri, "" | "#xpointer(/)") {
            return Some(self.doc.root());
        }
        let id = uri.strip_prefix('#')?;
        let is_it = |node: &NodeId| {
            let element = self.doc.element(*node);
            element.is_some_and(|e| ["Id", "ID", "id"].iter().any(|name| e.get_attribute(name) == Some(id)))
        };
        let found: Vec<NodeId> =
            self.doc.descendants(self.doc.root()).into_iter().filter(is_it).take(2).collect();
        match found.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    fn reference(&self, reference: NodeId) -> Option<Seal> {
        let target = self.target(reference)?;
        let mut set = NodeSet::tree_without_comments(target, self.doc);
        let (mut mode, mut way) = (C14nMode::Inclusive, reference);
        let transforms = self.child(reference, "Transforms");
        let transforms = transforms.map(|t| self.doc.child_elements_by_name_ns(t, DS, "Transform"));
        let transforms = transforms.unwrap_or_default();
        if transforms.len() > MOST {
            return None;
        }
        for transform in transforms {
            let algorithm = self.algorithm(transform)?;
            if algorithm == ENVELOPED {
                set = set.subtract(&NodeSet::tree_with_comments(self.at, self.doc));
            } else if XPATHS.contains(&algorithm)
                && leaves_signatures_out(&self.doc.text_content_deep(transform))
            {
                for signature in self.all {
                    set = set.subtract(&NodeSet::tree_with_comments(*signature, self.doc));
                }
            } else {
                (mode, way) = (C14nMode::from_uri(algorithm)?, transform);
            }
        }
        let hash = digest_by(self.algorithm(self.child(reference, "DigestMethod")?)?)?;
        let said = base64(&self.doc.text_content_deep(self.child(reference, "DigestValue")?))?;
        let fits = |mode| Some(digest::digest(hash, &self.canonical(&set, mode, way)?).as_ref() == said);
        let mut held = false;
        for mode in modes(mode) {
            held = held || fits(mode)?;
        }
        Some(if held { Seal::Intact } else { Seal::Broken })
    }

    fn canonical(&self, set: &NodeSet, mode: C14nMode, way: NodeId) -> Option<Vec<u8>> {
        let listed = self.doc.first_child_element_by_name_ns(way, EXCLUSIVE, "InclusiveNamespaces");
        let prefixes = listed.and_then(|l| self.doc.get_attribute(l, "PrefixList")).unwrap_or_default();
        let prefixes: Vec<&str> = prefixes.split_whitespace().take(32).collect();
        canonicalize_doc(self.doc, mode, Some(set), &prefixes).ok()
    }
}

/// What was signed alone and put into an envelope afterwards (Chile's DTE) has names around it then that it does not use:
/// the inclusive way is tried without them too.
fn modes(said: C14nMode) -> impl Iterator<Item = C14nMode> {
    let alone = (!said.is_exclusive()).then_some(C14nMode::Exclusive);
    std::iter::once(said).chain(alone)
}

/// `not(ancestor-or-self::ds:Signature)` and `/descendant::ds:Signature` taken away, under any prefix.
fn leaves_signatures_out(expression: &str) -> bool {
    let bare: String = expression.chars().filter(|c| !c.is_whitespace()).collect();
    let named = |head: &str, tail: &str| {
        let inner = bare.strip_prefix(head).and_then(|rest| rest.strip_suffix(tail));
        inner.is_some_and(|name| {
            name == "Signature" || name.split_once(':').is_some_and(|(_, n)| n == "Signature")
        })
    };
    named("not(ancestor-or-self::", ")") || named("/descendant::", "")
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let bare: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    base64::engine::general_purpose::STANDARD.decode(bare).ok()
}

fn digest_by(algorithm: &str) -> Option<&'static digest::Algorithm> {
    Some(match algorithm {
        "http://www.w3.org/2000/09/xmldsig#sha1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        "http://www.w3.org/2001/04/xmlenc#sha256" => &digest::SHA256,
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => &digest::SHA384,
        "http://www.w3.org/2001/04/xmlenc#sha512" => &digest::SHA512,
        _ => return None,
    })
}

fn method(algorithm: &str) -> Option<(Form, &'static digest::Algorithm)> {
    Some(match algorithm {
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1" => (Form::Asn1, &digest::SHA1_FOR_LEGACY_USE_ONLY),
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" => (Form::Asn1, &digest::SHA256),
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384" => (Form::Asn1, &digest::SHA384),
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" => (Form::Asn1, &digest::SHA512),
        "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1" => (Form::Pss, &digest::SHA256),
        "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1" => (Form::Pss, &digest::SHA512),
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256" => (Form::Plain, &digest::SHA256),
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384" => (Form::Plain, &digest::SHA384),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
