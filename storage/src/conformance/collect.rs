//! Promises of what is owed, and of decisions that are asked for: somebody who owes us, and what each of them does.

mod approvals;
mod at_once;
mod currencies;
mod ended;
mod feed;
mod firms;
mod late;
mod left;
mod merged;
mod receipts;
mod reminders;
mod stops;
mod twice;
mod unheard;
mod used;
mod withheld;

use acuse_conversation::Policies;
use time::{Duration, OffsetDateTime};

use super::{
    cases::{cases_of, contact_of, filed, said_to, sends},
    door::Sample,
    given::{customer, says},
};
use crate::{
    Access, Catalog, ContactId, CustomerId, DocumentId,
    consents::{Category, Word},
    documents::Amount,
    names::{ObligationId, micros, now},
    obligations::{NewObligation, Obligation, Owing},
};

pub(super) use approvals::{
    one_approver_decides, who_approves_in_words_has_a_person,
    who_may_be_somebody_else_by_now_approves_nothing,
};
pub(super) use at_once::{
    two_of_a_customers_are_not_both_reminded, two_receipts_at_once_both_count,
    whoever_schedules_holds_one_contact,
};
pub(super) use currencies::a_slip_in_another_currency_is_a_persons;
pub(super) use ended::{
    an_answer_waits_for_the_end_of_a_hold, nobody_files_past_an_approver_who_was_asked,
    what_is_decided_is_asked_of_nobody,
};
pub(super) use feed::who_follows_hears_where_what_is_owed_stands;
pub(super) use firms::{
    what_each_firm_is_owed_is_told_from_its_number, who_is_named_for_a_bill_hears_of_no_other,
};
pub(super) use late::{
    an_approval_that_nobody_taps_in_time_is_a_persons, what_is_cancelled_is_nobodys_to_decide,
    what_nobody_taps_in_time_a_person_decides,
};
pub(super) use left::{
    BEFORE_LEFT, an_approvers_buttons_count_beside_a_reviewer, is_left_to_somebody, was_left_before,
    what_a_rule_wants_waits_for_somebody, what_nobody_is_left_to_approve_a_person_does,
    who_answers_too_early_is_asked_again, who_is_bound_decides_nothing_beyond_them,
    whoever_is_asked_in_words_is_heard_whoever_speaks_with_them,
    whoever_takes_an_approvers_case_leaves_nothing_waiting,
};
pub(super) use merged::{
    who_turns_out_to_be_one_decides_once, who_turns_out_to_be_one_owes_once,
    who_was_merged_away_is_written_to_as_who_was_kept,
    who_was_merged_before_their_turn_is_asked_as_who_was_kept,
};
pub(super) use receipts::{
    a_receipt_pays_only_once_a_person_says_so, a_receipt_pays_whichever_way_it_came,
    three_bills_are_paid_by_one_slip_or_by_two, up_to_its_cap_a_receipt_settles_by_itself,
    what_a_withheld_receipt_pays_is_told_with_the_right, what_an_erased_receipt_paid_stays_paid,
    what_we_gave_back_settles_nothing_by_itself, whoever_sent_the_slip_is_thanked,
};
pub(super) use reminders::{
    a_reminder_that_never_left_has_a_person, a_stop_in_the_middle_ends_what_reminds,
    what_a_pause_held_is_told_with_the_next_stage, what_is_given_back_goes_on_at_once,
    what_is_handed_in_comes_from_the_firms_number, what_is_owed_goes_on_by_the_rules_of_now,
    what_is_paid_since_counts_for_the_day, what_nobody_may_be_reminded_of_is_told,
    who_agrees_later_is_reminded_of_what_is_owed_already, who_is_bound_has_only_their_own_reminded,
    who_owes_is_reminded_in_one_message_and_then_a_person_has_it,
};
pub(super) use stops::who_wants_no_advertising_is_reminded_of_what_they_owe;
pub(super) use twice::what_came_twice_stays_in_front_of_a_person;
pub(super) use unheard::{
    a_receipt_that_nobody_sent_is_seen, what_came_too_late_is_said_anew_or_a_persons,
    who_else_agreed_is_reminded_after_a_stop, who_sent_a_receipt_is_not_reminded_for_it,
};
pub(super) use used::what_was_used_pays_nothing_by_itself;
pub(super) use withheld::what_is_said_of_a_withheld_bill_is_told_with_the_right;

/// Ten in the morning of today, in Madrid, where the debtors of these promises are.
fn morning() -> OffsetDateTime {
    now().replace_time(time::macros::time!(9:00))
}

fn leading(catalog: &Catalog) -> Catalog {
    catalog.clone().with_policies(Some(Policies::ours().unwrap())).with_clock(morning)
}

async fn agrees(catalog: &Catalog, contact: ContactId, number: &str, category: Category) {
    says(catalog, contact, number, (category, Word::Granted)).await;
}

/// The tax id of ours to which the receipts of these promises are paid.
const OURS: &str = "B-12345678";

/// A customer who writes to us.
struct Debtor {
    sample: Sample,
    contact: ContactId,
    customer: CustomerId,
    number: String,
}

async fn debtor(catalog: &Catalog) -> Debtor {
    let sample = Sample::new();
    let id = sends(catalog, &sample, 1).await[0];
    filed(catalog, id).await;
    let contact = contact_of(catalog, id).await;
    let number = catalog.document(id).await.unwrap().unwrap().phone_number_id.unwrap();
    let customer = customer(catalog).await;
    let mut tx = catalog.writing().await.unwrap();
    let sql = "UPDATE contacts SET customer_id = $2, phone = $3 WHERE id = $1";
    let phone = format!("346{:08}", contact.0.as_u128() % 100_000_000);
    execute!(tx, sql, contact.0, customer.0, phone).unwrap();
    tx.commit().await.unwrap();
    Debtor { sample, contact, customer, number }
}

impl Debtor {
    async fn owes(&self, catalog: &Catalog, number: &str, amount: &str, in_days: i64) -> Obligation {
        let new = NewObligation {
            customer: self.customer,
            number: number.into(),
            amount: amount.parse().unwrap(),
            currency: "EUR".into(),
            due: (morning() + Duration::days(in_days)).date(),
            contact: None,
            phone_number_id: None,
            document: None,
        };
        let unled = catalog.clone().with_policies(None);
        let refused = unled.add_obligation(&Access::new(true), &new, "key:erp").await.unwrap();
        assert!(matches!(refused, Owing::NotLed), "nobody would remind of it: {refused:?}");
        match catalog.add_obligation(&Access::new(true), &new, "key:erp").await.unwrap() {
            Owing::Added(added) => {
                let again = catalog.add_obligation(&Access::new(true), &new, "key:erp").await.unwrap();
                assert!(matches!(again, Owing::Before(_)), "handed in again it is the same: {again:?}");
                *added
            }
            other => panic!("{other:?}"),
        }
    }

    /// A receipt of theirs, filed with these fields.
    async fn pays(&self, catalog: &Catalog, amount: &str, reference: &str, words: &str) -> DocumentId {
        self.pays_in(catalog, (Some(amount), Some("eur")), reference, words).await
    }

    /// The same in any currency, or in none, and of no amount.
    async fn pays_in(
        &self,
        catalog: &Catalog,
        (amount, currency): (Option<&str>, Option<&str>),
        reference: &str,
        words: &str,
    ) -> DocumentId {
        let id = sends(catalog, &self.sample, 1).await[0];
        filed(catalog, id).await;
        self.slip(catalog, id, (amount, currency), (reference, words)).await;
        id
    }

    /// A filed document is a receipt of theirs that was paid to us, with these fields.
    async fn slip(
        &self,
        catalog: &Catalog,
        id: DocumentId,
        paid: (Option<&str>, Option<&str>),
        said: (&str, &str),
    ) {
        self.slip_to(catalog, (id, Some("b12345678")), paid, said).await;
    }

    /// The same, paid to whom this tax id is of; to nobody known without one.
    async fn slip_to(
        &self,
        catalog: &Catalog,
        (id, payee): (DocumentId, Option<&str>),
        (amount, currency): (Option<&str>, Option<&str>),
        (reference, words): (&str, &str),
    ) {
        let mut tx = catalog.writing().await.unwrap();
        let field = |value: &str| serde_json::json!({ "value": value, "confidence": 1.0, "page": 1, "box": null, "source": "ocr" });
        let mut fields =
            serde_json::json!({ "number": field(reference), "date": field(&morning().date().to_string()) });
        for (name, value) in [("total", amount), ("currency", currency)] {
            if let Some(value) = value {
                fields[name] = field(value);
            }
        }
        let value = amount.map(|amount| amount.parse::<Amount>().unwrap().0);
        execute!(
            tx,
            "UPDATE documents SET kind = 'receipt', customer_id = $2, amount = $3, currency = $9, text = $4, \
             fields = $5, original_sha256 = $6, fingerprint = $7, issuer_tax_id = $10, doc_date = $8, \
             sensitivity = 'open' WHERE id = $1",
            id.0,
            self.customer.0,
            value,
            words,
            fields.to_string(),
            [id.0.as_bytes().as_slice(); 2].concat(),
            i64::from_be_bytes(id.0.as_bytes()[8..].try_into().unwrap()),
            morning().date().to_string(),
            currency,
            payee
        )
        .unwrap();
        crate::events::tell(&mut tx, "document.filed", id, serde_json::json!({})).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn case(&self, catalog: &Catalog) -> Option<(String, Option<i64>)> {
        let all = cases_of(catalog, self.contact).await;
        all.into_iter().filter(|c| c.1 == "collection").map(|c| (c.2, c.3)).next_back()
    }

    /// The deadline of their collection comes.
    async fn time_comes(&self, catalog: &Catalog) {
        let all = cases_of(catalog, self.contact).await;
        let (id, ..) = all.into_iter().rfind(|c| c.1 == "collection" && c.3.is_some()).expect("an open one");
        let mut tx = catalog.writing().await.unwrap();
        let past = micros(morning() - Duration::SECOND);
        execute!(tx, "UPDATE cases SET due_at = $2, task_at = $2 WHERE id = $1", id.0, past).unwrap();
        tx.commit().await.unwrap();
        assert!(catalog.case_turn(id).await.unwrap().stepped);
    }

    async fn said(&self, catalog: &Catalog, purpose: &str) -> Vec<String> {
        let all = said_to(catalog, self.contact).await;
        all.into_iter().filter(|(p, _)| p == purpose).map(|(_, body)| body).collect()
    }
}

async fn now_of(catalog: &Catalog, id: ObligationId) -> Obligation {
    catalog.obligation(&Access::new(true), id).await.unwrap().unwrap()
}
