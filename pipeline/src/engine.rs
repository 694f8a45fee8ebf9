//! Which reader found a value, and by which of its rules: what stands beside a field as its proof.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use crate::{
    document::Kind,
    fields::{FieldName, Source},
    understand::{model, scorer},
};

/// This build's reader: its version, and eight digits of the hash of what it was trained to. The same version reads the
/// same page alike.
#[must_use]
pub fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let mut hash = Sha256::new();
        hash.update(model::COMMITTED);
        for (name, weights) in scorer::COMMITTED {
            hash.update(name);
            hash.update(weights);
        }
        let digest = hex::encode(hash.finalize());
        format!("{}+{}", env!("CARGO_PKG_VERSION"), digest.get(..8).unwrap_or_default())
    });
    &VERSION
}

/// The room of `understand` whose rules find this field where it stands there.
#[must_use]
pub fn rule(kind: Kind, name: FieldName, source: Source) -> &'static str {
    use FieldName::*;
    match (source, kind, name) {
        (Source::Xml, ..) => "einvoice",
        (Source::Barcode, ..) => "codes",
        (Source::Mrz, ..) => "mrz",
        (Source::Reviewer, ..) => "reviewer",
        (Source::Text | Source::Ocr, Kind::Id, _) => "identity",
        (Source::Text | Source::Ocr, _, name) => match name {
            Type => "bill_type",
            IssuerName | IssuerLegalName | RecipientName | MerchantName | MerchantLegalName
            | MerchantAddress => "parties",
            IssuerTaxId | RecipientTaxId | MerchantTaxId => "tax_ids",
            Number | OrderNumber => "numbers",
            IssueDate | DueDate | Date | Time => "dates",
            Currency => "currency",
            PaymentMethod | PaymentTerms | PaymentReference | Iban => "payment",
            _ => "amounts",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_names_the_weights() {
        let (version, weights) = version().split_once('+').unwrap();
        assert!(!version.is_empty() && weights.len() == 8);
    }

    #[test]
    fn every_field_has_its_rule() {
        assert_eq!(rule(Kind::Invoice, FieldName::Total, Source::Ocr), "amounts");
        assert_eq!(rule(Kind::Invoice, FieldName::Total, Source::Xml), "einvoice");
        assert_eq!(rule(Kind::Id, FieldName::BirthDate, Source::Mrz), "mrz");
        assert_eq!(rule(Kind::Id, FieldName::BirthDate, Source::Ocr), "identity");
    }
}
