//! What every database and every S3 must do. One list, run against each; see `storage/tests` and the `tests` package.
//!
//! [`catalog`] wants a database of its own (it counts everything in it); [`objects`] a bucket it may write to. Both
//! panic at the first promise that is broken, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod abstention;
mod access;
mod answered;
mod answers;
mod arrivals;
mod attachments;
mod beside;
mod books;
mod came;
mod cases;
mod chain;
mod channel;
mod closed;
mod collect;
mod compare;
mod counted;
mod customers;
mod desk;
mod door;
mod entities;
mod erasure;
mod fair;
mod feed;
mod files;
mod finance;
mod found;
mod four_eyes;
mod given;
mod handed;
mod hold;
mod house;
mod lines;
mod lists;
mod locks;
mod many;
mod matters;
mod merges;
mod notes;
mod notices;
mod orders;
mod outgoing;
mod owed;
mod parts;
mod people;
mod plans;
mod quality;
mod retained;
mod road;
mod same_bytes;
mod sealed;
mod search;
mod split;
mod sweeps;
mod tallies;
mod upgrade;
mod vendors;
mod work;

pub use beside::{Beside, beside};
pub use compare::compare;
pub use door::{Sample, delivery, photo};
pub use erasure::erased;
pub use given::{brought, upload};
pub use lists::lists;
pub use many::{
    BUSY_ACTOR, COMMON_ACTION, COMMON_CONTACT, COMMON_CUSTOMER, Many, RARE_ACTION, RARE_ACTOR, RARE_EVENT,
    a_customer, a_firm, a_phone, a_tax_id, a_word, many, many_before, many_watched,
};
pub use retained::retained;
pub use sealed::{sealed, what_was_plain};
pub use upgrade::upgrade;
pub use work::contested;

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use crate::{Catalog, Objects};

type Promise<'a> = std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Each is kept in the heap by a function of its own, for in one future together they are more than a thread's stack; and
/// each is tried, whatever became of those before it.
macro_rules! promises {
    ($catalog:ident: [$($promise:path),* $(,)?]) => {
        let all: &[(&str, for<'a> fn(&'a Catalog) -> Promise<'a>)] =
            &[$((stringify!($promise), |catalog| Box::pin($promise(catalog)))),*];
        let mut broken = Vec::new();
        for (name, promise) in all {
            if AssertUnwindSafe(promise($catalog)).catch_unwind().await.is_err() {
                broken.push(*name);
            }
        }
        assert!(broken.is_empty(), "broken: {broken:?}");
    };
}

/// Runs every promise of the catalog against this database, which must be empty.
///
/// # Panics
/// When a promise is broken.
pub async fn catalog(catalog: &Catalog) {
    catalog.migrate().await.expect("migrating twice is harmless");
    promises!(catalog: [
        door::same_message_at_once_is_one_document,
        door::names_of_a_sender_meet,
        door::a_merge_moves_no_consent_and_every_stop,
        door::both_forms_of_a_number_are_one_contact,
        door::unknown_things_are_kept_and_counted,
        door::a_poison_item_harms_only_itself,
        door::statuses_settle_in_any_order,
        door::uploads_are_idempotent,
        road::a_document_goes_its_road_once,
        road::a_step_that_does_not_commit_leaves_nothing,
        road::retries_wait_and_are_counted,
        road::a_duplicate_counts_once,
        road::a_picture_nearly_alike_is_found,
        road::the_sweep_finds_what_a_crash_left,
        road::replies_leave_in_order_one_at_a_time,
        road::the_ledger_balances_while_documents_move,
        road::the_feed_never_skips,
        desk::one_of_two_claimers_wins,
        desk::a_duplicate_is_taken_up_again_and_is_none,
        desk::decisions_are_made_once,
        desk::a_new_customer_wakes_what_waits,
        customers::a_name_has_one_owner,
        customers::a_customer_is_replaced_changed_and_deleted,
        customers::of_two_who_saw_the_same_one_saves,
        customers::a_number_that_is_not_seen_is_not_taken_away,
        customers::only_what_is_named_is_claimed,
        customers::two_customers_become_one,
        customers::many_at_once_double_nothing,
        customers::both_forms_of_a_phone_are_one,
        customers::conflicts_come_a_page_at_a_time,
        feed::an_event_says_what_it_is_about,
        feed::what_comes_says_whose_it_is,
        feed::an_event_names_exactly_what_changed,
        feed::a_merge_is_told_of_each_document,
        feed::a_cursor_of_another_feed_is_foreign,
        hold::a_held_decision_is_told_when_its_time_is_over,
        hold::a_decision_is_taken_back_by_whoever_made_it,
        hold::a_held_split_begins_when_its_time_is_over,
        hold::the_sweep_ends_what_no_task_ends,
        hold::what_is_at_rest_is_taken_up_again,
        hold::a_lease_that_was_lost_saves_nothing,
        hold::next_goes_on_past_what_others_hold,
        hold::what_waits_on_purpose_is_nobodys_next,
        handed::what_is_beyond_whom_it_was_handed_to_is_left_to_the_others,
        hold::the_queue_is_a_table,
        hold::what_came_before_is_a_duplicate_and_no_more_when_taken_back,
        hold::what_was_typed_is_kept_until_it_is_told,
        hold::what_is_typed_after_a_decision_outlives_its_hold,
        access::doubt_withholds,
        access::a_word_does_not_open_an_id,
        access::what_lies_beside_an_id_is_withheld,
        access::what_was_not_compared_with_each_id_is_withheld,
        access::what_was_read_beside_an_id_is_compared_again_at_rest,
        access::what_was_read_as_an_id_is_opened_by_no_second_look,
        access::search_does_not_tell_what_is_withheld,
        access::who_is_bound_reaches_what_is_theirs,
        access::who_is_bound_learns_of_nobody_else,
        access::who_is_bound_reaches_nobody_else,
        access::who_is_bound_to_firms_lists_whose_papers_they_have,
        access::who_is_bound_to_many_hears_of_each,
        access::a_page_of_views_is_audited,
        found::what_is_said_is_found,
        found::who_there_is_is_found,
        found::a_long_beginning_is_found,
        found::a_contact_is_found_by_name_and_number,
        found::who_is_not_in_the_index_yet_is_found,
        tallies::every_change_is_counted,
        tallies::every_message_is_counted,
        tallies::what_came_on_a_day_is_told_by_its_place,
        counted::each_number_of_the_ledger_is_as_long_as_its_list,
        counted::each_age_of_what_waits_is_as_long_as_its_part_of_the_queue,
        arrivals::what_came_is_counted_once,
        arrivals::what_came_of_all_days_is_counted,
        arrivals::what_is_lost_is_listed,
        arrivals::what_nobody_counted_is_counted,
        came::each_number_of_what_came_is_as_long_as_its_list,
        search::a_search_ends_and_keeps_nobody_waiting,
        split::a_sure_reader_splits_a_file_once,
        split::a_file_sent_again_is_linked_to_its_first_part,
        split::a_person_splits_what_waits,
        split::a_part_of_a_part_and_what_is_no_split,
        split::whose_it_is_stays_only_where_it_was_said,
        channel::a_pause_is_of_one_number_and_direction,
        channel::each_direction_is_paused_for_its_own_reason,
        channel::a_pause_for_which_nothing_waits_is_the_watchs_to_probe,
        channel::of_two_who_pause_at_once_one_is_first,
        channel::a_token_that_is_taken_again_opens_what_it_closed_alone,
        channel::what_a_permission_closed_a_mark_may_open,
        channel::a_dead_token_pauses_its_numbers_only,
        channel::a_number_is_forgotten_when_nothing_waits_for_it,
        channel::a_failed_status_comes_back_and_delivered_wins,
        channel::what_may_have_left_waits_for_its_status,
        channel::how_long_a_delivery_is_waited_for_is_said,
        channel::all_that_nobody_confirmed_is_told_of_at_once,
        channel::the_message_ledger_can_come_out_false,
        lines::one_task_waits_for_a_line,
        lines::answers_go_before_what_we_say_of_ourselves_to_others,
        lines::what_stands_aside_holds_up_nobody,
        lines::what_is_released_waits_for_its_line_first,
        lines::whoever_turns_out_to_be_another_keeps_what_waits,
        lines::what_stands_behind_goes_on_when_a_status_settles_what_is_in_hand,
        lines::no_message_is_lost_when_tasks_race_with_new_ones,
        lines::a_pause_that_a_status_opened_ends_with_a_delivery,
        lines::a_clock_that_went_back_mutes_no_number,
        channel::workers_pay_into_one_bucket,
        channel::two_numbers_of_an_account_reach_no_more_than_its_tier_at_once,
        channel::what_two_refusals_say_of_a_person_is_written_once,
        channel::a_pair_that_meta_refuses_slows_until_all_is_paid_for,
        channel::nobody_else_decides_on_a_refusal_meanwhile,
        channel::whoever_decides_too_late_does_not_take_back_what_is_leaving,
        channel::what_a_status_said_outlives_a_lost_answer,
        channel::a_part_that_is_away_is_one_incident_until_it_is_back,
        parts::who_waits_for_a_part_is_woken_when_it_is_back,
        parts::what_cannot_be_fetched_is_not_begun,
        channel::a_window_is_of_a_contact_and_a_number,
        channel::asking_again_asks_each_time_and_waits_for_the_sender,
        channel::what_nobody_reminds_a_sender_of_is_a_persons_after_a_week,
        channel::what_failed_for_our_sake_goes_round_again,
        fair::the_first_of_each_goes_before_the_second_of_any,
        fair::each_key_is_a_sender_of_what_names_none,
        fair::beyond_the_quota_all_is_kept_and_read_later,
        fair::what_is_gone_soon_goes_first,
        fair::the_oldest_deadline_goes_first_of_what_lives_for_days,
        fair::a_steady_sender_is_not_over,
        fair::templates_stand_as_meta_tells_of_them,
        cases::a_burst_costs_two_messages,
        cases::one_file_is_answered_as_before,
        cases::what_is_not_open_is_repeated_nowhere,
        cases::what_takes_long_is_told_when_it_is_known,
        cases::an_answer_lands_on_the_same_document,
        cases::what_is_no_answer_leaves_the_question_open,
        cases::what_came_before_the_question_is_no_answer,
        cases::an_ask_that_nobody_answers_ends_in_front_of_a_person,
        cases::who_was_not_reminded_answers_all_the_same,
        cases::an_answer_is_known_by_what_it_says_and_how_it_looks,
        cases::a_reminder_goes_by_whichever_template_is_approved,
        cases::what_one_number_said_silences_no_other,
        cases::a_lost_timer_is_found,
        cases::a_turn_asks_nothing_twice,
        cases::a_stop_is_kept_and_ends_reminders,
        cases::a_stop_outlives_what_was_said_before_it,
        cases::who_is_not_understood_twice_has_a_person,
        cases::words_find_a_person,
        cases::what_a_person_holds_the_machine_leaves_alone,
        cases::what_came_meanwhile_is_told_when_it_is_given_back,
        cases::what_a_person_closes_is_told_to_its_sender,
        cases::who_heard_of_it_otherwise_answers_it,
        cases::another_burst_of_one_case_is_seen,
        answers::a_choice_counts_once,
        answers::words_answer_what_asked_for_them,
        answers::words_about_something_else_answer_no_question,
        answers::a_reminder_of_several_says_not_which_a_file_answers,
        answers::a_file_of_another_kind_answers_nothing_that_it_quotes,
        answers::a_reminder_of_several_says_not_what_words_answer,
        answers::who_agrees_answers_what_was_asked,
        answers::a_side_that_comes_late_takes_no_place,
        answers::a_password_stands_nowhere,
        answers::a_password_is_for_what_it_quotes,
        answers::a_password_that_a_person_asks_for_stands_nowhere,
        answers::a_choice_that_a_person_asks_for_is_asked_once,
        answers::who_may_be_somebody_else_by_now_hears_of_nothing_before,
        answers::a_file_answers_no_question_for_words,
        answers::a_password_comes_under_either_form_of_a_number,
        answers::a_password_comes_with_a_change_of_number,
        answers::a_tap_counts_whoever_its_contact_turns_out_to_be,
        answers::a_question_is_answered_from_what_there_is,
        answers::an_authorization_that_nobody_gives_is_a_persons_and_counts_still,
        answers::who_has_no_number_is_asked_by_their_country,
        answers::who_has_no_number_is_answered_in_the_language_of_their_country,
        answers::a_choice_counts_as_long_as_its_buttons,
        notices::only_who_agreed_gets_one_and_its_end_is_told,
        notices::a_key_that_is_used_for_two_at_once_is_the_firsts,
        notices::each_key_has_its_own_names_for_notices,
        notices::a_notice_waits_for_the_morning,
        notices::a_notice_is_held_to_what_its_template_is_by_now,
        notices::a_number_reaches_no_more_people_in_a_day_than_its_tier,
        notices::who_writes_waits_for_no_tier,
        notices::what_meta_assesses_says_so_until_it_is_delivered,
        notices::a_person_writes_by_a_template_when_the_window_is_closed,
        collect::who_owes_is_reminded_in_one_message_and_then_a_person_has_it,
        collect::what_is_owed_goes_on_by_the_rules_of_now,
        collect::up_to_its_cap_a_receipt_settles_by_itself,
        collect::a_receipt_pays_whichever_way_it_came,
        collect::whoever_sent_the_slip_is_thanked,
        collect::what_we_gave_back_settles_nothing_by_itself,
        collect::who_agrees_later_is_reminded_of_what_is_owed_already,
        collect::what_nobody_may_be_reminded_of_is_told,
        collect::what_is_paid_since_counts_for_the_day,
        collect::what_a_pause_held_is_told_with_the_next_stage,
        collect::what_each_firm_is_owed_is_told_from_its_number,
        collect::who_is_named_for_a_bill_hears_of_no_other,
        collect::two_of_a_customers_are_not_both_reminded,
        collect::whoever_schedules_holds_one_contact,
        collect::a_reminder_that_never_left_has_a_person,
        collect::what_came_too_late_is_said_anew_or_a_persons,
        collect::a_receipt_that_nobody_sent_is_seen,
        collect::who_else_agreed_is_reminded_after_a_stop,
        collect::who_sent_a_receipt_is_not_reminded_for_it,
        collect::a_receipt_pays_only_once_a_person_says_so,
        collect::what_is_said_of_a_withheld_bill_is_told_with_the_right,
        collect::three_bills_are_paid_by_one_slip_or_by_two,
        collect::what_an_erased_receipt_paid_stays_paid,
        collect::what_came_twice_stays_in_front_of_a_person,
        collect::a_slip_in_another_currency_is_a_persons,
        collect::what_a_withheld_receipt_pays_is_told_with_the_right,
        collect::two_receipts_at_once_both_count,
        collect::who_follows_hears_where_what_is_owed_stands,
        collect::what_was_used_pays_nothing_by_itself,
        collect::who_wants_no_advertising_is_reminded_of_what_they_owe,
        collect::who_turns_out_to_be_one_owes_once,
        collect::who_turns_out_to_be_one_decides_once,
        collect::who_was_merged_away_is_written_to_as_who_was_kept,
        collect::who_was_merged_before_their_turn_is_asked_as_who_was_kept,
        collect::what_is_given_back_goes_on_at_once,
        collect::what_is_handed_in_comes_from_the_firms_number,
        collect::a_stop_in_the_middle_ends_what_reminds,
        collect::who_is_bound_has_only_their_own_reminded,
        collect::one_approver_decides,
        collect::who_approves_in_words_has_a_person,
        collect::who_may_be_somebody_else_by_now_approves_nothing,
        collect::an_approval_that_nobody_taps_in_time_is_a_persons,
        collect::what_nobody_taps_in_time_a_person_decides,
        collect::what_is_cancelled_is_nobodys_to_decide,
        collect::what_is_decided_is_asked_of_nobody,
        collect::an_answer_waits_for_the_end_of_a_hold,
        collect::who_answers_too_early_is_asked_again,
        collect::an_approvers_buttons_count_beside_a_reviewer,
        collect::what_a_rule_wants_waits_for_somebody,
        collect::what_nobody_is_left_to_approve_a_person_does,
        collect::who_is_bound_decides_nothing_beyond_them,
        collect::whoever_takes_an_approvers_case_leaves_nothing_waiting,
        collect::whoever_is_asked_in_words_is_heard_whoever_speaks_with_them,
        collect::nobody_files_past_an_approver_who_was_asked,
        house::who_waits_for_an_answer_is_answered_or_a_supervisor_hears,
        house::each_number_of_the_flow_is_as_long_as_its_list,
        house::what_is_due_first_stands_first,
        cases::who_speaks_with_a_person_hears_no_machine,
        cases::who_wants_a_person_is_heard_beside_files,
        cases::who_follows_hears_how_a_case_ended,
        cases::what_a_person_ends_is_told_once,
        cases::who_answers_us_is_heard_beside_files,
        owed::a_filed_bill_of_ours_is_owed_and_follows_its_paper,
        access::what_is_owed_by_a_withheld_bill_is_told_with_the_right,
        access::what_is_handed_in_is_told_whatever_its_bill_is,
        owed::what_comes_to_much_is_approved_before_it_is_filed,
        owed::what_would_be_filed_by_itself_goes_on_once_approved,
        answered::an_approver_is_asked_when_it_cannot_be_taken_back,
        answered::of_nobody_stays_of_nobody_until_it_is_approved,
        answered::what_is_said_otherwise_once_it_was_settled_begins_anew,
        answered::an_approvers_yes_is_no_second_persons,
        answered::an_approvers_yes_settles_no_difference,
        answered::nobody_ends_the_time_of_another,
        answered::a_merge_takes_no_way_back,
        answered::a_password_is_asked_for_when_it_cannot_be_taken_back,
        attachments::a_picture_is_uploaded_once_for_each_number_and_paid_for_by_nobody,
        attachments::several_pages_are_the_file_itself_unless_it_is_dangerous,
        attachments::what_a_picture_shows_takes_it_along_when_it_goes,
        attachments::what_is_asked_without_its_picture_goes_with_its_document,
        attachments::a_file_that_is_asked_for_again_stays,
        attachments::a_persons_file_goes_with_its_contact,
        attachments::a_template_begins_with_a_document_of_ours_under_the_same_withholding,
        attachments::what_lies_beside_a_template_is_everybodys_and_stays,
        outgoing::a_route_hears_each_piece_of_news_once,
        outgoing::a_person_ends_an_incident_and_its_message_is_settled,
        outgoing::a_failed_event_holds_back_its_own_document_only,
        outgoing::an_endpoint_steps_over_what_it_is_not_for,
        outgoing::a_type_that_is_added_meanwhile_is_not_stepped_over,
        outgoing::a_conversation_is_read_without_what_is_withheld,
        notes::a_thread_is_of_one_number,
        books::the_books_are_exported_once,
        books::an_export_is_of_one_instant,
        books::what_of_a_month_waits_is_counted,
        books::what_may_be_no_id_counts_against_a_month,
        books::a_closed_month_is_never_rewritten,
        closed::what_came_late_is_frozen_too,
        closed::what_a_month_was_closed_without_is_said,
        closed::an_erased_line_leaves_what_its_hash_is_made_of,
        closed::a_late_line_is_erased_as_a_closed_one_is,
        closed::what_becomes_anothers_is_adjusted,
        closed::what_is_taken_back_comes_late,
        chain::what_tampers_with_the_trail_is_found,
        outgoing::what_something_open_needs_outlives_its_time,
        merges::a_hold_outlives_a_merge,
        merges::a_contacts_hold_outlives_a_merge,
        merges::who_was_merged_is_erased_by_any_of_their_ids,
        merges::who_was_merged_twice_is_erased_whole,
        merges::nobody_goes_by_the_id_of_another,
        merges::an_id_that_was_merged_away_stands_for_who_was_kept,
        merges::a_merge_carries_keys_and_endpoints,
        merges::what_is_written_meanwhile_is_moved,
        merges::who_is_reminded_goes_by_any_of_their_ids,
        cases::words_beside_an_id_are_told_and_go_with_it,
        same_bytes::what_was_found_in_one_is_in_each,
        same_bytes::what_an_erased_one_was_nobody_knows,
        merges::who_becomes_one_with_whom_is_erased_goes_too,
        merges::what_is_held_becomes_nobodys_who_is_erased,
        merges::each_document_that_a_merge_moves_is_told_once,
        locks::a_document_is_taken_before_its_review,
        locks::a_contact_is_taken_before_its_document,
        locks::what_is_decided_meanwhile_is_asked_nothing,
        locks::what_a_case_reminds_of_by_now_is_not_ended,
        vendors::a_persons_decision_teaches_and_its_taking_back_unteaches,
        vendors::what_can_be_taken_back_teaches_nothing_yet,
        vendors::nothing_is_learnt_of_a_customer_or_an_id,
        vendors::erasure_empties_memory,
        answers::an_answer_is_erased_with_its_document,
        notes::a_note_is_ours_and_goes_with_its_contact,
        vendors::what_persons_filed_before_is_learnt_of,
        entities::who_we_are_says_which_way_money_goes,
        entities::what_is_corrected_meanwhile_is_not_overwritten,
        desk::lists_page_and_filter,
        orders::each_order_of_a_reason_holds,
        orders::what_waits_is_found_by_its_names,
        orders::the_next_is_the_next_of_what_is_shown,
        lists::the_queue_stands_in_its_places,
        came::each_number_of_the_messages_is_as_long_as_its_list,
        desk::keys_people_and_pauses,
    ]);
    let ledger = catalog.ledger(None, None).await.expect("ledger");
    assert!(ledger.balanced, "at the end: {ledger:?}");
}

/// Runs every promise of the desk at work against this database, which must be empty.
///
/// # Panics
/// When a promise is broken.
pub async fn at_work(catalog: &Catalog) {
    promises!(catalog: [
        work::the_most_urgent_is_next,
        work::what_is_prepared_ahead_is_reserved,
        work::a_supervisor_takes_back,
        work::many_are_decided_and_taken_back_together,
        work::a_view_is_kept_under_its_name,
        quality::what_is_filed_by_itself_is_sampled_blind,
        quality::a_sample_is_one_persons_at_a_time_and_may_be_unreadable,
        quality::what_was_put_right_before_its_check_was_filed_wrong,
        quality::what_differs_counts_with_its_reopening_or_not_at_all,
        abstention::what_was_found_of_what_was_doubted_is_a_curve,
        abstention::a_threshold_is_set_and_taken_back,
        abstention::who_confirms_without_reading_is_told_apart,
        finance::totals_are_exact_and_what_comes_monthly_is_missed,
        finance::what_can_be_taken_back_counts_as_nothing_yet,
        four_eyes::two_say_the_same_or_a_third_settles_it,
        four_eyes::a_key_is_nobody_and_one_alone_changes_nothing_of_two,
        four_eyes::an_answer_is_taken_back_and_given_again,
        four_eyes::who_has_answered_is_asked_no_more,
        four_eyes::where_it_may_be_an_id_only_who_sees_them_counts,
        four_eyes::what_waited_for_a_reason_is_under_its_rule_when_it_rests,
        people::whom_a_provider_vouches_for_comes_in,
        people::who_may_what_is_changed_and_told,
        people::the_trail_is_searched,
    ]);
    let ledger = catalog.ledger(None, None).await.expect("ledger");
    assert!(ledger.balanced, "at the end: {ledger:?}");
}

/// Runs every promise of the object store against this bucket.
///
/// # Panics
/// When a promise is broken.
pub async fn objects(objects: &Objects) {
    files::the_bucket_is_made_once(objects).await;
    files::what_is_put_comes_back(objects).await;
    files::long_streams_are_kept_in_parts(objects).await;
    files::failures_leave_nothing(objects).await;
    files::links_work_for_anyone(objects).await;
    files::leftovers_of_another_day_go(objects).await;
}
