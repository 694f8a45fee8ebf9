//! Signed files (CMS, "p7m"): what is in them, and whether the signature around it is whole.
//!
//! Italy's invoices come so, in DER or BER, bare or as base64, and some are signed twice. Only what is needed is read,
//! within the bytes that are there.

use std::borrow::Cow;

use base64::Engine;
use ring::digest;

use super::{
    Seal,
    ber::{DEPTH, Item, item, items, octets},
    key::{Form, Key, RSA_PSS},
};

/// `1.2.840.113549.1.7.2`, signed data, as it stands in a file.
const SIGNED_DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
/// `1.2.840.113549.1.9.4`, the digest among the signed attributes.
const MESSAGE_DIGEST: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04";
/// Signatures around signatures that are opened.
const MOST_LAYERS: usize = 3;
/// Signers of one layer that are looked at.
const MOST_SIGNERS: usize = 8;

/// What was in the file.
pub struct Opened {
    /// The innermost content.
    pub content: Vec<u8>,
    /// The worst of its signatures.
    pub seal: Seal,
}

/// Whether this is signed data, bare or as base64.
#[must_use]
pub fn is_signed(bytes: &[u8]) -> bool {
    let head = bytes.get(..96).unwrap_or(bytes);
    is_der(head) || armoured(head).is_some_and(|head| is_der(&head))
}

fn is_der(bytes: &[u8]) -> bool {
    let head = bytes.get(..32).unwrap_or(bytes);
    head.first() == Some(&0x30) && head.windows(SIGNED_DATA.len()).any(|w| w == SIGNED_DATA)
}

/// Base64 with or without the lines of PEM; of the beginning of one as much as makes whole groups.
fn armoured(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let text: String = text
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .flat_map(str::chars)
        .filter(|c| !c.is_whitespace())
        .collect();
    let whole = text.trim_end_matches('=');
    let cut = whole.get(..whole.len() - usize::from(whole.len() % 4 == 1))?;
    let lenient = base64::engine::GeneralPurposeConfig::new()
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    base64::engine::GeneralPurpose::new(&base64::alphabet::STANDARD, lenient).decode(cut).ok()
}

/// Takes the content out of all its signatures; `None` where it is damaged or holds none.
#[must_use]
pub fn open(bytes: &[u8]) -> Option<Opened> {
    is_signed(bytes).then_some(())?;
    let mut seal = Seal::Intact;
    let mut content: Cow<'_, [u8]> = Cow::Borrowed(bytes);
    for _ in 0..MOST_LAYERS {
        if !is_signed(&content) {
            break;
        }
        let der: Cow<'_, [u8]> =
            if is_der(&content) { content.clone() } else { Cow::Owned(armoured(&content)?) };
        let (inner, its) = layer(&der)?;
        seal = seal.and(its);
        content = Cow::Owned(inner);
    }
    Some(Opened { content: content.into_owned(), seal })
}

/// The content of one layer, and what its signature says.
fn layer(der: &[u8]) -> Option<(Vec<u8>, Seal)> {
    let info = item(der, DEPTH)?.0;
    let signed = items(info.body).find(|i| i.tag == 0xa0)?;
    let signed = item(signed.body, DEPTH)?.0;
    let parts: Vec<Item<'_>> = items(signed.body).take(8).collect();
    let encapsulated = parts.iter().find(|p| p.tag == 0x30)?;
    let content = items(encapsulated.body).find(|i| i.tag == 0xa0)?;
    let content = octets(item(content.body, DEPTH)?.0, 4)?;
    let certificates: Vec<Item<'_>> =
        parts.iter().filter(|p| p.tag == 0xa0).flat_map(|p| items(p.body)).take(32).collect();
    // Of the two sets the first names digests.
    let signers = parts.iter().filter(|p| p.tag == 0x31).nth(1)?;
    let seals = items(signers.body).take(MOST_SIGNERS).map(|s| signer(s, &certificates, &content));
    let seal = seals.reduce(Seal::and).unwrap_or(Seal::Unknown);
    Some((content, seal))
}

/// Whether one signer's signature fits the content.
fn signer(signer: Item<'_>, certificates: &[Item<'_>], content: &[u8]) -> Seal {
    let parts: Vec<Item<'_>> = items(signer.body).collect();
    let [_, who, hash, rest @ ..] = parts.as_slice() else { return Seal::Unknown };
    let (attributes, rest) = match rest {
        [attributes, rest @ ..] if attributes.tag == 0xa0 => (Some(attributes), rest),
        rest => (None, rest),
    };
    let [way, value, ..] = rest else { return Seal::Unknown };
    let Some(hash) = hash_of(hash.body) else { return Seal::Unknown };
    let signed = match attributes {
        None => Cow::Borrowed(content),
        Some(attributes) => {
            let Some(said) = message_digest(attributes.body) else { return Seal::Unknown };
            if digest::digest(hash, content).as_ref() != said {
                return Seal::Broken;
            }
            // They are signed as a set, and stand there under another tag.
            let mut set = attributes.whole.to_vec();
            if let Some(tag) = set.first_mut() {
                *tag = 0x31;
            }
            Cow::Owned(set)
        }
    };
    let Some(certificate) = certificate(who, certificates) else { return Seal::Unknown };
    let pss = items(way.body).next().is_some_and(|id| id.body == RSA_PSS);
    certificate.verify(if pss { Form::Pss } else { Form::Asn1 }, hash, &signed, value.body)
}

/// The digest that the signed attributes say.
fn message_digest(attributes: &[u8]) -> Option<&[u8]> {
    let own = items(attributes).find(|a| items(a.body).next().is_some_and(|id| id.body == MESSAGE_DIGEST))?;
    let values = items(own.body).nth(1)?;
    items(values.body).next().map(|value| value.body)
}

/// The certificate that a signer names by its issuer and number; of one alone it is that.
fn certificate<'a>(who: &Item<'_>, all: &[Item<'a>]) -> Option<Key<'a>> {
    let named: Vec<&[u8]> = items(who.body).map(|i| i.body).collect();
    let is_named = |certificate: &&Item<'_>| {
        let Some(core) = item(certificate.body, DEPTH) else { return false };
        // [version] number, algorithm, issuer …
        let fields: Vec<Item<'_>> = items(core.0.body).filter(|i| i.tag != 0xa0).take(3).collect();
        matches!((fields.as_slice(), named.as_slice()),
            ([number, _, issuer], [wanted, serial]) if number.body == *serial && issuer.body == *wanted)
    };
    let only = (all.len() == 1).then(|| all.first()).flatten();
    let certificate = all.iter().find(is_named).or(only)?;
    Key::of_certificate(certificate.whole)
}

/// By the digest's name.
fn hash_of(algorithm: &[u8]) -> Option<&'static digest::Algorithm> {
    Some(match items(algorithm).next()?.body {
        b"\x2b\x0e\x03\x02\x1a" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        b"\x60\x86\x48\x01\x65\x03\x04\x02\x01" => &digest::SHA256,
        b"\x60\x86\x48\x01\x65\x03\x04\x02\x02" => &digest::SHA384,
        b"\x60\x86\x48\x01\x65\x03\x04\x02\x03" => &digest::SHA512,
        _ => return None,
    })
}

#[cfg(test)]
pub(crate) mod tests;
