use super::*;

const PLAIN: &str = include_str!("../../understand/formats/einvoice/samples/fatturapa.xml");
pub(crate) const EC_DER: &[u8] = include_bytes!("../samples/ec.der.p7m");
const RSA_BER: &[u8] = include_bytes!("../samples/rsa.ber.p7m");
const RSA_SHA1: &[u8] = include_bytes!("../samples/rsa.sha1.p7m");
const PSS: &[u8] = include_bytes!("../samples/pss.p7m");
const TWICE: &[u8] = include_bytes!("../samples/twice.p7m");

fn base64(bytes: &[u8], width: usize) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    text.as_bytes()
        .chunks(width)
        .map(|l| String::from_utf8_lossy(l).into_owned())
        .collect::<Vec<_>>()
        .join("\r\n")
}

/// The same with one place of the content changed.
pub(crate) fn changed(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = bytes.windows(from.len()).position(|w| w == from.as_bytes()).expect("it says so");
    let mut bytes = bytes.to_vec();
    bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    bytes
}

#[test]
fn opens_every_form_and_says_that_it_is_whole() {
    for (name, bytes) in
        [("ec", EC_DER), ("ber", RSA_BER), ("sha1", RSA_SHA1), ("pss", PSS), ("twice", TWICE)]
    {
        let pem = format!("-----BEGIN PKCS7-----\n{}\n-----END PKCS7-----\n", base64(bytes, 64));
        for form in [
            bytes.to_vec(),
            base64(bytes, 76).into_bytes(),
            base64(bytes, 1 << 20).into_bytes(),
            pem.into_bytes(),
        ] {
            assert!(is_signed(&form), "{name}");
            let opened = open(&form).expect("it is signed data");
            assert_eq!(opened.seal, Seal::Intact, "{name}");
            assert!(opened.content == PLAIN.as_bytes(), "{name}");
        }
    }
}

#[test]
fn one_changed_figure_breaks_it() {
    for bytes in [EC_DER, RSA_BER, RSA_SHA1, PSS, TWICE] {
        let bytes = changed(bytes, "<ImportoTotaleDocumento>1268.80", "<ImportoTotaleDocumento>9268.80");
        let opened = open(&bytes).expect("still signed data");
        assert_eq!(opened.seal, Seal::Broken);
        assert!(String::from_utf8_lossy(&opened.content).contains("9268.80"));
    }
}

#[test]
fn what_is_cut_or_no_such_file_is_not_opened() {
    assert!(!is_signed(b"<xml/>") && !is_signed(b"") && !is_signed(b"0") && !is_signed("ñandú".as_bytes()));
    for cut in [1, 20, 60, 200, 1000] {
        assert!(open(&EC_DER[..EC_DER.len() - cut]).is_none_or(|o| o.seal != Seal::Intact), "{cut}");
        let _ = open(&RSA_BER[..cut]);
    }
    // A length that is not said, in itself without end.
    let nested = [&EC_DER[..2], &[0x30, 0x80].repeat(100_000)].concat();
    assert!(open(&nested).is_none_or(|o| o.seal != Seal::Intact));
}

proptest::proptest! {
    #[test]
    fn never_panics(at in 0usize..1200, byte in 0u8..=255) {
        for sample in [EC_DER, RSA_BER, PSS] {
            let mut bytes = sample.to_vec();
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Some(opened) = open(&bytes) {
                proptest::prop_assert!(opened.content == PLAIN.as_bytes() || opened.seal != Seal::Intact);
            }
        }
    }
}
