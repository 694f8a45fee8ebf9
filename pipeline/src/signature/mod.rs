//! Signatures around and in e-invoices: whether what is signed is what is there.
//!
//! `cms` opens signed files ("p7m"), `xml` looks at signatures inside an XML (XMLDSig, and what XAdES and CAdES make of
//! it). Who signed is not asked: nothing is fetched and no issuer is pinned, so an intact signature makes nothing surer;
//! a broken one is a person's to judge.

mod ber;
pub mod cms;
mod key;
pub mod xml;

/// What a signature says of what it signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seal {
    /// The content is what was signed; by whom is not checked.
    Intact,
    /// The content is not what was signed, or the signature is not by the certificate inside.
    Broken,
    /// Its algorithm or form is none that is known here.
    Unknown,
}

impl Seal {
    /// The worse of two.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Broken, _) | (_, Self::Broken) => Self::Broken,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            _ => Self::Intact,
        }
    }
}
