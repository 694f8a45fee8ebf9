use super::*;

/// Signed with keys made for it and thrown away, by another implementation (lxml's canonicalization): as its country
/// signs, in `samples/`.
const SIGNED: &[(&str, &str)] = &[
    ("nfe", include_str!("../samples/nfe.signed.xml")),
    ("facturae", include_str!("../samples/facturae.signed.xml")),
    ("sri", include_str!("../samples/sri.signed.xml")),
    ("exclusive", include_str!("../samples/exclusive.signed.xml")),
    ("ecdsa", include_str!("../samples/ecdsa.signed.xml")),
    ("dte", include_str!("../samples/dte.signed.xml")),
];

#[test]
fn what_was_signed_is_intact() {
    for (name, xml) in SIGNED {
        assert_eq!(verify(xml), Some(Seal::Intact), "{name}");
        // How lines end and what stands between elements of the envelope's head is not signed.
        assert_eq!(verify(&xml.replace('\n', "\r\n")), Some(Seal::Intact), "{name} with other line ends");
    }
    assert_eq!(verify("<a/>"), None);
}

#[test]
fn one_changed_figure_breaks_it() {
    for (name, xml) in SIGNED {
        let at = xml.find("00<").expect("an amount");
        let mut forged = (*xml).to_owned();
        forged.replace_range(at..at + 1, "9");
        assert_eq!(verify(&forged), Some(Seal::Broken), "{name}");
        let value = xml.find("SignatureValue>").expect("a value") + 20;
        let other = if xml[value..].starts_with('A') { "B" } else { "A" };
        let mut forged = (*xml).to_owned();
        forged.replace_range(value..=value, other);
        assert_ne!(verify(&forged), Some(Seal::Intact), "{name}: another's signature");
    }
}

#[test]
fn what_is_not_signed_is_not_called_intact() {
    let (_, nfe) = SIGNED[0];
    let id = &nfe[nfe.find("Id=\"").expect("an id") + 4..];
    let id = &id[..id.find('"').expect("its end")];
    let twice = nfe.replace("</nfeProc>", &format!("<x Id=\"{id}\"/></nfeProc>"));
    assert_eq!(verify(&twice), Some(Seal::Unknown), "two elements of one id");
    for (from, to) in [
        ("xmldsig#sha1", "xmldsig#md5"),
        ("xmldsig#rsa-sha1", "xmldsig#hmac-sha1"),
        ("X509Certificate>", "X509Other>"),
        ("xmldsig#enveloped-signature", "xslt"),
    ] {
        assert!(nfe.contains(from), "{from}");
        assert_ne!(verify(&nfe.replace(from, to)), Some(Seal::Intact), "{from} → {to}");
    }
    let empty = format!("<a><Signature xmlns=\"{DS}\"/></a>");
    assert_eq!(verify(&empty), Some(Seal::Unknown));
    let many = format!("<a>{}</a>", empty.repeat(50_000));
    assert_eq!(verify(&many), Some(Seal::Unknown));
    let deep = format!("{}{empty}{}", "<b>".repeat(10_000), "</b>".repeat(10_000));
    assert_eq!(verify(&deep), Some(Seal::Unknown));
}

proptest::proptest! {
    #[test]
    fn never_panics(at in 0usize..4000, byte in 0x20u8..0x7f) {
        for (_, xml) in SIGNED {
            let mut bytes = xml.as_bytes().to_vec();
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Ok(text) = std::str::from_utf8(&bytes) {
                let _ = verify(text);
            }
        }
    }
}
