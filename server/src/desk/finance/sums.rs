//! What the documents of a time sum up to, by currency, and what stands beside these totals.

use acuse_pipeline::document::Status;
use acuse_storage::{DocumentFilter, documents::Sum};

use super::{Ask, HELD, HELD_LABEL};

/// What is summed up in one currency.
pub(super) struct Total {
    pub(super) currency: String,
    pub(super) documents: u64,
    pub(super) total: String,
    /// Documents of it without an amount.
    pub(super) without: u64,
}

/// What is of the same time and does not count yet, or does not count.
pub(super) struct Beside {
    pub(super) label: &'static str,
    pub(super) documents: u64,
    pub(super) href: String,
}

/// What is shown by this filter, by currency.
pub(super) fn totals(sums: &[Sum], filter: &DocumentFilter) -> Vec<Total> {
    let shown = |sum: &&Sum| {
        filter.status.is_none_or(|status| status == sum.status && !sum.duplicates)
            && filter.held.is_none_or(|held| held == sum.held)
            && (!filter.duplicates || sum.duplicates)
    };
    let mut all: Vec<Total> = Vec::new();
    let mut exact: Vec<acuse_storage::export::Exact> = Vec::new();
    for sum in sums.iter().filter(shown) {
        let at = all.iter().position(|t| t.currency == sum.currency).unwrap_or_else(|| {
            all.push(Total {
                currency: sum.currency.clone(),
                documents: 0,
                total: String::new(),
                without: 0,
            });
            exact.push(Default::default());
            all.len() - 1
        });
        exact[at] = exact[at] + sum.total;
        all[at].documents += sum.documents;
        all[at].without += sum.documents - sum.with_amount;
        all[at].total = exact[at].to_string();
    }
    all
}

/// Of the same filter but for the status, what is not filed.
pub(super) fn beside(sums: &[Sum], ask: &Ask) -> Vec<Beside> {
    let count = |wanted: &dyn Fn(&Sum) -> bool| -> u64 {
        sums.iter().filter(|s| wanted(s)).map(|s| s.documents).sum()
    };
    let of = |status: Status| count(&|s| s.status == status && !s.duplicates && !s.held);
    let all: [(_, _, u64); 4] = [
        ("in_review", "In review", of(Status::InReview)),
        (HELD, HELD_LABEL, count(&|s| s.held)),
        ("rejected", "Rejected", of(Status::Rejected)),
        ("duplicate", "Duplicate", count(&|s| s.duplicates && !s.held)),
    ];
    let some = all.into_iter().filter(|(status, _, documents)| *documents > 0 && ask.status != *status);
    let href = |status| ask.with(&[("status", status)]);
    some.map(|(status, label, documents)| Beside { label, documents, href: href(status) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_of_what_is_shown() {
        use acuse_storage::export::Exact;
        let sum = |currency: &str, status, duplicates, documents, total| Sum {
            currency: currency.to_owned(),
            status,
            duplicates,
            held: false,
            documents,
            with_amount: documents,
            total: Exact::of(total, 4),
        };
        let sums = [
            sum("EUR", Status::Filed, false, 2, 450_000),
            sum("EUR", Status::Filed, true, 1, 100_000),
            sum("EUR", Status::InReview, false, 3, 1),
            sum("COP", Status::Filed, false, 1, -5_000),
            Sum { held: true, ..sum("EUR", Status::Filed, false, 1, 990_000) },
        ];
        let filed =
            DocumentFilter { status: Some(Status::Filed), held: Some(false), ..DocumentFilter::default() };
        let shown: Vec<_> =
            totals(&sums, &filed).into_iter().map(|t| (t.currency, t.documents, t.total)).collect();
        assert_eq!(shown, [("EUR".into(), 2, "45.00".into()), ("COP".into(), 1, "-0.50".into())]);
        let all = DocumentFilter::default();
        assert_eq!(totals(&sums, &all)[0].documents, 7);
        let rest = beside(&sums, &Ask::default());
        assert_eq!(
            rest.iter().map(|b| (b.label, b.documents)).collect::<Vec<_>>(),
            [("In review", 3), (HELD_LABEL, 1), ("Duplicate", 1)]
        );
    }
}
