//! Public keys, and what they signed.

use ring::{
    digest,
    signature::{self, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm},
};

use super::{
    Seal,
    ber::{DEPTH, item, items},
};

/// `1.2.840.113549.1.1.10`.
pub(super) const RSA_PSS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";
const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
const EC: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
const P256: &[u8] = b"\x2a\x86\x48\xce\x3d\x03\x01\x07";
const P384: &[u8] = b"\x2b\x81\x04\x00\x22";

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// RSA as in PKCS 1, curves as ASN.1 has them.
    Asn1,
    /// RSA with a salt.
    Pss,
    /// Curves as two numbers in a row.
    Plain,
}

/// A public key.
pub(super) enum Key<'a> {
    /// Of a certificate.
    Certified {
        /// Its kind.
        algorithm: &'a [u8],
        /// Its curve.
        curve: &'a [u8],
        /// Itself.
        point: &'a [u8],
    },
    /// RSA, in two numbers.
    Rsa {
        /// n.
        modulus: Vec<u8>,
        /// e.
        exponent: Vec<u8>,
    },
}

impl Key<'_> {
    /// The public key in a certificate.
    pub fn of_certificate(certificate: &[u8]) -> Option<Key<'_>> {
        let core = item(item(certificate, DEPTH)?.0.body, DEPTH)?.0;
        // Number, algorithm, issuer, validity, subject, key.
        let info = items(core.body).filter(|i| i.tag != 0xa0).nth(5)?;
        let mut parts = items(info.body);
        let (about, bits) = (parts.next()?, parts.next()?);
        let mut about = items(about.body);
        let algorithm = about.next()?.body;
        let curve = about.next().map(|c| c.body).unwrap_or_default();
        // The first byte of a bit string says how many bits are not used.
        Some(Key::Certified { algorithm, curve, point: bits.body.get(1..)? })
    }

    /// Whether `value` is this key's signature of what is signed.
    pub fn verify(&self, form: Form, hash: &'static digest::Algorithm, signed: &[u8], value: &[u8]) -> Seal {
        let held = match self {
            Key::Certified { algorithm, curve, point } => {
                let scheme = rsa(algorithm, form, hash).map(|rsa| rsa as &dyn VerificationAlgorithm);
                let Some(scheme) = scheme.or_else(|| curved(algorithm, curve, form, hash)) else {
                    return Seal::Unknown;
                };
                UnparsedPublicKey::new(scheme, point).verify(signed, value)
            }
            Key::Rsa { modulus, exponent } => {
                let Some(scheme) = rsa(RSA, form, hash) else { return Seal::Unknown };
                RsaPublicKeyComponents { n: modulus, e: exponent }.verify(scheme, signed, value)
            }
        };
        match held {
            Ok(()) => Seal::Intact,
            // Its salt may be of a length that is not known here.
            Err(_) if form == Form::Pss => Seal::Unknown,
            Err(_) => Seal::Broken,
        }
    }

    /// Whether it is RSA of less than 1024 bits, which is not checked here.
    pub fn is_small(&self) -> bool {
        match self {
            Key::Certified { algorithm, point, .. } => *algorithm == RSA && point.len() < 128,
            Key::Rsa { modulus, .. } => modulus.len() < 128,
        }
    }
}

fn rsa(
    key: &[u8],
    form: Form,
    hash: &'static digest::Algorithm,
) -> Option<&'static signature::RsaParameters> {
    let number = number(hash)?;
    Some(match (key, form, number) {
        (RSA | RSA_PSS, Form::Pss, 256) => &signature::RSA_PSS_2048_8192_SHA256,
        (RSA | RSA_PSS, Form::Pss, 384) => &signature::RSA_PSS_2048_8192_SHA384,
        (RSA | RSA_PSS, Form::Pss, 512) => &signature::RSA_PSS_2048_8192_SHA512,
        (_, Form::Pss, _) => return None,
        (RSA, _, 1) => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
        (RSA, _, 256) => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        (RSA, _, 384) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (RSA, _, 512) => &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        _ => return None,
    })
}

fn curved(
    key: &[u8],
    curve: &[u8],
    form: Form,
    hash: &'static digest::Algorithm,
) -> Option<&'static dyn VerificationAlgorithm> {
    (key == EC).then_some(())?;
    Some(match (curve, form, number(hash)?) {
        (P256, Form::Asn1, 256) => &signature::ECDSA_P256_SHA256_ASN1,
        (P256, Form::Asn1, 384) => &signature::ECDSA_P256_SHA384_ASN1,
        (P384, Form::Asn1, 256) => &signature::ECDSA_P384_SHA256_ASN1,
        (P384, Form::Asn1, 384) => &signature::ECDSA_P384_SHA384_ASN1,
        (P256, Form::Plain, 256) => &signature::ECDSA_P256_SHA256_FIXED,
        (P384, Form::Plain, 384) => &signature::ECDSA_P384_SHA384_FIXED,
        _ => return None,
    })
}

/// As people call the digest: 1, 256, 384, 512.
fn number(hash: &'static digest::Algorithm) -> Option<u16> {
    let all = [
        (&digest::SHA1_FOR_LEGACY_USE_ONLY, 1),
        (&digest::SHA256, 256),
        (&digest::SHA384, 384),
        (&digest::SHA512, 512),
    ];
    all.into_iter().find(|(own, _)| *own == hash).map(|(_, number)| number)
}
