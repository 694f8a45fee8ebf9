//! What the reader saw to be wrong and nobody has put right: it speaks against filing however else a document is corrected.

use acuse_pipeline::{
    checks::Warning,
    document::Status,
    fields::{FieldName, Fields, Source},
    reason::{Reason, ReasonCode},
};
use acuse_storage::Document;

use super::alike;

/// What the reader has against a document: why it waits. Of one that was refused it is what was found: nobody answered for
/// that, and it waits for nothing any more.
pub(super) fn against(document: &Document) -> &[Reason] {
    if document.status == Status::Rejected { &document.findings } else { &document.reasons }
}

/// What still speaks against a document that waits for these reasons and said `read`, now that it is to say `fields`. What
/// is about fields stands until a person says one of them otherwise; what is about the file, or more than its fields say (a
/// changed account, a broken signature, a refusal by the tax office), until somebody answers for it.
pub(super) fn standing(reasons: &[Reason], read: &Fields, fields: &Fields) -> Vec<Warning> {
    let failed = reasons.iter().filter(|reason| reason.code == ReasonCode::ChecksFailed);
    let still = failed.filter(|reason| !reason.fields().iter().any(|name| is_said(*name, read, fields)));
    let warning = |reason: &Reason| Warning {
        check: "reader",
        field: None,
        message: reason.message.clone(),
        value: String::new(),
    };
    still.map(warning).collect()
}

/// Whether a person says something else there than the reader did, now or before.
fn is_said(name: FieldName, read: &Fields, fields: &Fields) -> bool {
    // Another kind may have another name for the same thing.
    match (read.get(&name), fields.get(&name).or_else(|| fields.get(&alike(name)))) {
        (None, None) => false,
        (Some(_), None) => true,
        (read, Some(now)) => {
            now.source == Source::Reviewer || read.is_none_or(|read| read.value != now.value)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use acuse_pipeline::fields::Field;

    fn fields(source: Source, said: &[(FieldName, &str)]) -> Fields {
        said.iter().map(|(name, value)| (*name, Field::unplaced(*value, 0.9, source))).collect()
    }

    fn failed(message: &str) -> Reason {
        Reason::new(ReasonCode::ChecksFailed, message)
    }

    fn left(reasons: &[Reason], read: &Fields, fields: &Fields) -> Vec<String> {
        standing(reasons, read, fields).into_iter().map(|warning| warning.message).collect()
    }

    #[test]
    fn a_danger_stands_however_else_a_bill_is_corrected() {
        let read = fields(Source::Ocr, &[(FieldName::Total, "121.00"), (FieldName::IssuerName, "El Sol")]);
        let sum = failed("sum").about(&[FieldName::Subtotal, FieldName::Total]);
        let reasons =
            [failed("iban"), sum, failed("seal"), Reason::new(ReasonCode::LowConfidence, "not sure")];
        assert_eq!(left(&reasons, &read, &read), ["iban", "sum", "seal"]);
        let mut numbered = read.clone();
        numbered.extend(fields(Source::Reviewer, &[(FieldName::Number, "F-7")]));
        assert_eq!(left(&reasons, &read, &numbered), ["iban", "sum", "seal"], "it is about none of them");
        let mut mended = numbered;
        mended.extend(fields(Source::Reviewer, &[(FieldName::Total, "131.00")]));
        assert_eq!(left(&reasons, &read, &mended), ["iban", "seal"]);
        assert_eq!(left(&reasons, &mended, &mended), ["iban", "seal"], "a person said so before");
    }

    #[test]
    fn what_is_about_a_field_goes_with_what_was_read_there() {
        let read = fields(Source::Ocr, &[(FieldName::IssueDate, "2026-05-03")]);
        let dated = [failed("a code says another day").about(&[FieldName::IssueDate])];
        let as_receipt = fields(Source::Ocr, &[(FieldName::Date, "2026-05-03")]);
        assert_eq!(left(&dated, &read, &as_receipt).len(), 1, "the same under another name");
        assert!(left(&dated, &read, &Fields::new()).is_empty(), "it says no day any more");
        let untotalled = [failed("the XML says no total").about(&[FieldName::Total])];
        assert_eq!(left(&untotalled, &read, &read).len(), 1, "nor does anybody");
        // A document of which nothing was read waits for its sender's authorization.
        assert_eq!(left(&[failed("the law asks")], &Fields::new(), &read), ["the law asks"]);
    }
}
