//! Promises of a closed month to accounting: what came to it since is frozen too, what is missing of it is said, and an erased
//! line leaves what its hash is made of.

use std::collections::BTreeMap;

use acuse_pipeline::{document::Sha256, fields::FieldName};
use sha2::Digest;
use time::Duration;
use uuid::Uuid;

use super::{
    books::{bill, decide, exported, filed, hidden, month, part, total, waiting},
    desk::LEASE,
    erasure::wish,
    given::one_of_us,
    road::field,
};
use crate::{
    Access, Catalog, DocumentId,
    access::Bound,
    customers::Merged,
    erasure::{Keep, Wish, Wished},
    export::{Missing, Sums, Totals},
    key_file::ErasedKind,
    names::now,
    periods::{Closing, Entry, Period, PeriodLine, PeriodPart},
    reviews::{Deciding, Decision, Reopened, Resolved, Undone},
    stages::ReadFacts,
};

async fn closed(catalog: &Catalog, text: &str) -> Period {
    let Closing::Closed(period) = catalog.close_period(month(text), "user:eva", true, now()).await.unwrap()
    else {
        panic!("it is closed")
    };
    period
}

async fn reopened(catalog: &Catalog, id: DocumentId) {
    let until = now() + Duration::minutes(5);
    let reopened = catalog.reopen(id, "user:ana", None, "a typo", until).await.unwrap();
    assert!(matches!(reopened, Reopened::Waits(_)));
}

async fn corrected(catalog: &Catalog, id: DocumentId, name: FieldName, value: &str) {
    reopened(catalog, id).await;
    let mut fields = catalog.document(id).await.unwrap().unwrap().fields;
    fields.insert(name, field(value));
    decide(catalog, id, &Decision::Correct { kind: None, fields, customer_id: None }, 0).await;
}

pub(super) async fn what_came_late_is_frozen_too(catalog: &Catalog) {
    let all = Access::whole();
    filed(catalog, &bill("2016-08-01", "invoice", "10.00", "EUR")).await;
    let slow = waiting(catalog, &bill("2016-08-03", "invoice", "40.00", "EUR")).await;
    let other = filed(catalog, &bill("2016-10-02", "invoice", "5.00", "EUR")).await;
    let period = closed(catalog, "2016-08").await;
    decide(catalog, slow, &Decision::Approve { customer_id: None }, 0).await;
    let mut late = vec![(Entry::Late, slow, "40.00".to_owned())];
    assert_eq!(part(catalog, &all, &period, PeriodPart::Late).await, late);

    // It is corrected: it came as it came, and what is booked otherwise is said beside it.
    corrected(catalog, slow, FieldName::Total, "41.00").await;
    let said = |entry, total: &str| (entry, slow, total.to_owned());
    let mut since = vec![said(Entry::Reversal, "-40.00"), said(Entry::Restated, "41.00")];
    assert_eq!(part(catalog, &all, &period, PeriodPart::Late).await, late);
    assert_eq!(part(catalog, &all, &period, PeriodPart::Adjustments).await, since);
    // It leaves, and comes back; one that was of another month comes.
    corrected(catalog, slow, FieldName::IssueDate, "2016-10-03").await;
    since.push(said(Entry::Reversal, "-41.00"));
    assert_eq!(part(catalog, &all, &period, PeriodPart::Adjustments).await, since);
    corrected(catalog, slow, FieldName::IssueDate, "2016-08-03").await;
    since.push(said(Entry::Restated, "41.00"));
    corrected(catalog, other, FieldName::IssueDate, "2016-08-30").await;
    late.push((Entry::Late, other, "5.00".to_owned()));
    assert_eq!(part(catalog, &all, &period, PeriodPart::Late).await, late);
    assert_eq!(part(catalog, &all, &period, PeriodPart::Adjustments).await, since);

    // The three are what the books say now.
    let after = catalog.period_afterwards(&period).await.unwrap();
    assert_eq!(
        (total(&after.late, "EUR"), total(&after.adjustments, "EUR")),
        ("45.00".into(), "1.00".into())
    );
    let (_, sums) = exported(catalog, &all, period.month.span()).await;
    assert_eq!(total(&sums, "EUR"), "56.00");
    what_nobody_wrote_down_is_frozen_once(catalog, &period, other, &late).await;
}

/// A version before booked a late document without a word.
async fn what_nobody_wrote_down_is_frozen_once(
    catalog: &Catalog,
    period: &Period,
    unsaid: DocumentId,
    late: &[(Entry, DocumentId, String)],
) {
    let all = Access::whole();
    let mut tx = catalog.writing().await.unwrap();
    let sql = "DELETE FROM period_adjustments WHERE period_id = $1 AND document_id = $2";
    execute!(tx, sql, period.id, unsaid.0).unwrap();
    let sql = "INSERT INTO backfills (name, upto_id, total) VALUES ('late_lines', $1, 1)";
    execute!(tx, sql, period.id).unwrap();
    tx.commit().await.unwrap();
    assert_eq!(part(catalog, &all, period, PeriodPart::Late).await, late, "it is listed all the same");
    for _ in 0..2 {
        catalog.freeze_late_lines().await.unwrap();
        assert_eq!(part(catalog, &all, period, PeriodPart::Late).await, late);
    }
    corrected(catalog, unsaid, FieldName::Total, "6.00").await;
    assert_eq!(part(catalog, &all, period, PeriodPart::Late).await, late, "and is as it came from then on");
    let said = part(catalog, &all, period, PeriodPart::Adjustments).await;
    let of: Vec<_> = said.into_iter().filter(|(_, id, _)| *id == unsaid).map(|(_, _, total)| total).collect();
    assert_eq!(of, ["-5.00", "6.00"]);
}

async fn missing(catalog: &Catalog, access: &Access, period: &Period, part: PeriodPart) -> Missing {
    catalog.books().await.unwrap().period_missing(access, period, part).await.unwrap()
}

/// These documents are of this customer.
async fn become_theirs(catalog: &Catalog, customer: Uuid, ids: &[DocumentId]) {
    let mut tx = catalog.writing().await.unwrap();
    for id in ids {
        execute!(tx, "UPDATE documents SET customer_id = $2 WHERE id = $1", id.0, customer).unwrap();
    }
    tx.commit().await.unwrap();
}

pub(super) async fn what_a_month_was_closed_without_is_said(catalog: &Catalog) {
    let all = Access::whole();
    filed(catalog, &bill("2016-11-01", "invoice", "10.00", "EUR")).await;
    let unsure = ReadFacts { confidence: 0.5, ..bill("2016-11-02", "invoice", "5.00", "EUR") };
    let unsure = filed(catalog, &unsure).await;
    let slow = waiting(catalog, &bill("2016-11-03", "invoice", "40.00", "EUR")).await;
    let period = closed(catalog, "2016-11").await;
    assert!(period.totals.missing.waiting >= 1);
    let rows = missing(catalog, &all, &period, PeriodPart::Rows).await;
    assert_eq!(rows, period.totals.missing, "as it was when it was closed");
    assert!(missing(catalog, &hidden(), &period, PeriodPart::Rows).await.withheld >= 1);

    // Who is bound is told of what is theirs: nothing of it is, and then two are.
    let (holder, customer) = (Uuid::now_v7(), super::access::customer(catalog).await);
    let mut tx = catalog.writing().await.unwrap();
    let sql = "INSERT INTO bindings (holder_id, customer_id, created_at) VALUES ($1, $2, 1)";
    execute!(tx, sql, holder, customer.0).unwrap();
    tx.commit().await.unwrap();
    let bound = Access::of(false, Some(Bound { holder, customers: true, ..Bound::default() }));
    for part in PeriodPart::ALL {
        let told = missing(catalog, &bound, &period, *part).await;
        assert!(told.is_nothing(), "{part}: {told:?}");
    }
    become_theirs(catalog, customer.0, &[unsure, slow]).await;
    let told = missing(catalog, &bound, &period, PeriodPart::Rows).await;
    assert_eq!((told.waiting, told.withheld), (1, 1), "{told:?}");
    assert!(part(catalog, &bound, &period, PeriodPart::Rows).await.is_empty());

    // What waited comes late: it was missing then, and is not now.
    decide(catalog, slow, &Decision::Approve { customer_id: None }, 0).await;
    become_theirs(catalog, customer.0, &[unsure, slow]).await;
    assert_eq!(part(catalog, &bound, &period, PeriodPart::Late).await.len(), 1);
    let told = missing(catalog, &bound, &period, PeriodPart::Rows).await;
    assert_eq!((told.waiting, told.withheld), (1, 1), "{told:?}");
    assert_eq!(missing(catalog, &bound, &period, PeriodPart::Late).await.waiting, 0);
    assert_eq!(missing(catalog, &all, &period, PeriodPart::Rows).await, period.totals.missing);

    // What is taken back is withheld with what it is of, also where that is in no books any more.
    reopened(catalog, unsure).await;
    assert!(part(catalog, &bound, &period, PeriodPart::Adjustments).await.is_empty());
    for of in [PeriodPart::Rows, PeriodPart::Adjustments] {
        let told = missing(catalog, &bound, &period, of).await;
        assert_eq!(told.withheld, 1, "{of}: {told:?}");
        let complete = Totals::new(Sums::default(), told).complete;
        assert!(!complete, "{of}");
    }
}

async fn lines(catalog: &Catalog, period: &Period, part: PeriodPart) -> Vec<PeriodLine> {
    let mut books = catalog.books().await.unwrap();
    let (lines, next) = books.period_page(&Access::whole(), period, part, None, 1000).await.unwrap();
    assert_eq!(next, None);
    lines
}

async fn frozen(catalog: &Catalog, period: &Period) -> Vec<PeriodLine> {
    lines(catalog, period, PeriodPart::Rows).await
}

/// Over the lines, and over the hash of each, as anybody makes them.
fn hashes(lines: &[PeriodLine]) -> (Sha256, Sha256) {
    let (mut whole, mut of_each) = (sha2::Sha256::new(), sha2::Sha256::new());
    for line in lines {
        let text = line.text.as_deref().unwrap();
        whole.update(format!("{text}\n"));
        of_each.update(line.erased.unwrap_or_else(|| Sha256::of(text.as_bytes())).0);
    }
    (Sha256(whole.finalize().into()), Sha256(of_each.finalize().into()))
}

pub(super) async fn an_erased_line_leaves_what_its_hash_is_made_of(catalog: &Catalog) {
    filed(catalog, &bill("2016-12-01", "invoice", "10.00", "EUR")).await;
    let gone = filed(catalog, &bill("2016-12-02", "invoice", "20.00", "EUR")).await;
    let period = closed(catalog, "2016-12").await;
    let lines = frozen(catalog, &period).await;
    assert_eq!(hashes(&lines), (period.sha256, period.lines_sha256.unwrap()));
    assert!(lines.iter().all(|line| line.frozen(true) == line.text), "nothing is said of what is there");
    erased(catalog, gone, Keep::Amounts).await;

    let after = frozen(catalog, &period).await;
    let (whole, of_each) = hashes(&after);
    assert_ne!(whole, period.sha256, "of a line that says less");
    assert_eq!(Some(of_each), period.lines_sha256, "this one stands");
    let line = after.iter().find(|line| line.line.document_id == gone).unwrap();
    assert_eq!(line.erased, lines[1].text.as_deref().map(|text| Sha256::of(text.as_bytes())));
    let told: serde_json::Value = serde_json::from_str(&line.frozen(true).unwrap()).unwrap();
    assert_eq!(told["erased_sha256"], line.erased.unwrap().to_string());
    assert_eq!(told["total"], "20.00");
    assert_eq!(line.frozen(false), line.text, "no hash for who may not see all");
}

async fn erased(catalog: &Catalog, id: DocumentId, keep: Keep) {
    let wish = Wish { keep, ..wish(ErasedKind::Document, id.0) };
    let begun = catalog.erase(&wish).await.unwrap();
    assert!(matches!(begun, Wished::Begun(_)), "{begun:?}");
}

/// The hash of each line that came late, as it stands.
async fn hashes_of_late(catalog: &Catalog, period: &Period) -> BTreeMap<DocumentId, Sha256> {
    let mut tx = catalog.writing().await.unwrap();
    let sql = "SELECT document_id, becomes FROM period_adjustments WHERE period_id = $1 AND reason = 'late'";
    let rows = all!(tx, (Uuid, String), sql, period.id).unwrap();
    rows.into_iter().map(|(id, line)| (DocumentId(id), Sha256::of(line.as_bytes()))).collect()
}

/// What was closed with a month and what came late are erased alike: the line says less and keeps its hash, a dated entry says
/// so, and a date that names nobody stays.
pub(super) async fn a_late_line_is_erased_as_a_closed_one_is(catalog: &Catalog) {
    const DUE: &str = "2016-07-30";
    let due = |day: &str, total: &str| {
        let mut facts = bill(day, "invoice", total, "EUR");
        facts.fields.insert(FieldName::DueDate, field(DUE));
        facts
    };
    let with_it = filed(catalog, &due("2016-06-01", "10.00")).await;
    let plain = waiting(catalog, &bill("2016-06-02", "invoice", "20.00", "EUR")).await;
    let dated = waiting(catalog, &due("2016-06-03", "30.00")).await;
    let whole = waiting(catalog, &due("2016-06-04", "40.00")).await;
    let period = closed(catalog, "2016-06").await;
    for id in [plain, dated, whole] {
        decide(catalog, id, &Decision::Approve { customer_id: None }, 0).await;
    }
    let all = Access::whole();
    let late = part(catalog, &all, &period, PeriodPart::Late).await;
    assert_eq!(late.len(), 3);
    assert!(part(catalog, &all, &period, PeriodPart::Adjustments).await.is_empty());
    let were = hashes_of_late(catalog, &period).await;
    for (id, keep) in
        [(with_it, Keep::Amounts), (plain, Keep::Amounts), (dated, Keep::Amounts), (whole, Keep::Nothing)]
    {
        erased(catalog, id, keep).await;
    }

    assert_eq!(part(catalog, &all, &period, PeriodPart::Late).await, late, "it came as it came");
    for line in lines(catalog, &period, PeriodPart::Late).await {
        let id = line.line.document_id;
        assert_eq!(line.erased, were.get(&id).copied(), "{id}");
        let dates = if id == plain { "" } else { DUE };
        assert_eq!((line.line.issuer_name.as_str(), line.line.due_date.as_str()), ("", dates));
    }
    let since = lines(catalog, &period, PeriodPart::Adjustments).await;
    let of = |id: DocumentId| {
        let entries = since.iter().filter(move |line| line.line.document_id == id);
        entries.map(|l| (l.entry, l.line.total.as_str(), l.line.due_date.as_str())).collect::<Vec<_>>()
    };
    for (id, back, total, date) in
        [(with_it, "-10.00", "10.00", DUE), (plain, "-20.00", "20.00", ""), (dated, "-30.00", "30.00", DUE)]
    {
        assert_eq!(of(id), [(Entry::Reversal, back, date), (Entry::Restated, total, date)]);
        let document = catalog.document(id).await.unwrap().unwrap();
        assert_eq!(document.fields.contains_key(&FieldName::DueDate), !date.is_empty(), "in the books too");
    }
    assert_eq!(of(whole), [(Entry::Reversal, "-40.00", DUE)]);
    // The three are what the books say now.
    let after = catalog.period_afterwards(&period).await.unwrap();
    assert_eq!(
        (total(&after.late, "EUR"), total(&after.adjustments, "EUR")),
        ("90.00".into(), "-40.00".into())
    );
    let (_, sums) = exported(catalog, &all, period.month.span()).await;
    assert_eq!(total(&sums, "EUR"), "60.00");
}

/// What nobody decided document by document is an adjustment of each of them: two customers become one, and who we are is said
/// when a month is closed already.
pub(super) async fn what_becomes_anothers_is_adjusted(catalog: &Catalog) {
    let (kept, gone) = (super::access::customer(catalog).await, super::access::customer(catalog).await);
    let tax_id = format!("W{}", Uuid::now_v7().as_u128() % 1_000_000_000_000);
    let mut facts = bill("2016-04-01", "invoice", "10.00", "EUR");
    facts.fields.insert(FieldName::RecipientTaxId, field(&tax_id));
    let ours = filed(catalog, &facts).await;
    let theirs = filed(catalog, &bill("2016-04-02", "invoice", "20.00", "EUR")).await;
    let slow = waiting(catalog, &bill("2016-04-03", "invoice", "40.00", "EUR")).await;
    become_theirs(catalog, gone.0, &[theirs]).await;
    let period = closed(catalog, "2016-04").await;
    decide(catalog, slow, &Decision::Approve { customer_id: Some(gone) }, 0).await;
    let late = lines(catalog, &period, PeriodPart::Late).await;
    assert_eq!(late.len(), 1);

    assert_eq!(catalog.merge_customers(kept, gone, "user:eva").await.unwrap(), Merged::Done(2));
    let us = one_of_us(catalog, &tax_id).await;
    while catalog.settle_entities_of_what_was_there(500).await.unwrap() {}
    let since = lines(catalog, &period, PeriodPart::Adjustments).await;
    for (id, was, is) in [
        (theirs, (Some(gone), None, None), (Some(kept), None, None)),
        (slow, (Some(gone), None, None), (Some(kept), None, None)),
        (ours, (None, None, None), (None, Some(us.id), Some("payable"))),
    ] {
        let of: Vec<_> = since.iter().filter(|l| l.line.document_id == id).collect();
        assert_eq!(of.iter().map(|l| l.entry).collect::<Vec<_>>(), [Entry::Reversal, Entry::Restated]);
        for (said, whose) in of.iter().zip([was, is]) {
            let line = &said.line;
            assert_eq!((line.customer_id, line.entity_id, line.direction.as_deref()), whose);
        }
    }
    assert_eq!(lines(catalog, &period, PeriodPart::Late).await, late, "it came as it came");
    let after = catalog.period_afterwards(&period).await.unwrap();
    assert_eq!(
        (total(&after.late, "EUR"), total(&after.adjustments, "EUR")),
        ("40.00".into(), "0.00".into())
    );
}

/// What a correction that can still be taken back says is in no month that is closed meanwhile. Taken back, the document is in
/// the books as it was: it has come late, and what becomes of it since is an adjustment.
pub(super) async fn what_is_taken_back_comes_late(catalog: &Catalog) {
    let all = Access::whole();
    let id = filed(catalog, &bill("2016-02-03", "invoice", "10.00", "EUR")).await;
    let mut fields = catalog.document(id).await.unwrap().unwrap().fields;
    fields.insert(FieldName::Total, field("99.00"));
    let correct = Decision::Correct { kind: None, fields, customer_id: None };
    let held_until = Some(now() + Duration::minutes(5));
    let by = Deciding { who: "user:ana", held_until, sees_ids: true, ..Deciding::default() };
    let decided = catalog.decide_again(id, &by, &correct, None).await.unwrap();
    assert!(matches!(decided, Resolved::Done(_)), "{decided:?}");
    let period = closed(catalog, "2016-02").await;
    assert!(part(catalog, &all, &period, PeriodPart::Rows).await.is_empty());
    let undone = catalog.undo_decision(id, "user:ana", LEASE).await.unwrap();
    assert!(matches!(undone, Undone::Done(_)), "{undone:?}");

    let late = [(Entry::Late, id, "10.00".to_owned())];
    assert_eq!(part(catalog, &all, &period, PeriodPart::Late).await, late);
    reopened(catalog, id).await;
    assert_eq!(part(catalog, &all, &period, PeriodPart::Late).await, late, "as it came");
    let since = part(catalog, &all, &period, PeriodPart::Adjustments).await;
    assert_eq!(since, [(Entry::Reversal, id, "-10.00".to_owned())]);
}

/// The last version of the schema that knew no frozen late line.
pub(super) const BEFORE_LATE_LINES: i64 = 87;

/// A month of then, to which a document had come late.
pub(super) async fn came_late_before(catalog: &Catalog, filed: DocumentId) {
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE documents SET doc_date = '20150505' WHERE id = $1", filed.0).unwrap();
    execute!(
        tx,
        "INSERT INTO periods (id, month, closed_at, closed_by, totals, sha256) VALUES ($1, '2015-05', 1, 'eva', $2, $3)",
        Uuid::now_v7(),
        serde_json::to_string(&Totals::default()).unwrap(),
        &[7_u8; 32][..]
    )
    .unwrap();
    tx.commit().await.unwrap();
}

/// Its line is frozen, and the month keeps its hash; then all is as if it had not been.
pub(super) async fn is_late_still(catalog: &Catalog, filed: DocumentId) {
    let period = catalog.period(month("2015-05")).await.unwrap().unwrap();
    assert_eq!((period.sha256.0, period.lines_sha256, period.zone), ([7; 32], None, None));
    let mut tx = catalog.writing().await.unwrap();
    let rows = all!(
        tx,
        (Uuid, String, Option<String>),
        "SELECT document_id, reason, was FROM period_adjustments WHERE period_id = $1",
        period.id
    )
    .unwrap();
    assert_eq!(rows, [(filed.0, "late".to_owned(), None)]);
    execute!(tx, "DELETE FROM period_adjustments WHERE period_id = $1", period.id).unwrap();
    execute!(tx, "DELETE FROM periods WHERE id = $1", period.id).unwrap();
    execute!(tx, "UPDATE documents SET doc_date = NULL WHERE id = $1", filed.0).unwrap();
    tx.commit().await.unwrap();
}
