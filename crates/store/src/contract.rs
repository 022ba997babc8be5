//! The suite that every backend passes: a list of functions that take a [`Backend`], and [`contract_tests!`](crate::contract_tests), which makes a test
//! of each.
//!
//! A backend's own tests say how to open a database; what it must then do stands here once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "test support: a panic is how a test fails"
)]

mod concurrency;
mod derived;
mod faults;
mod journal;
mod mail;
mod people;
mod samples;
mod small;
mod tables;
mod uploads;
pub mod windows;

pub use concurrency::*;
pub use derived::*;
pub use faults::*;
pub use journal::*;
pub use mail::*;
pub use people::*;
pub use small::*;
pub use tables::*;
pub use uploads::*;

use crate::Store;
use crate::fault::Faults;
use async_trait::async_trait;
use std::sync::Arc;

/// A database of a backend, empty at first.
#[async_trait]
pub trait Backend: Send + Sync {
    /// Opens the database, or opens it again: an earlier handle is killed first, as the end of the process would.
    async fn open(&self) -> Arc<dyn Store>;

    /// The faults that every handle obeys.
    fn faults(&self) -> Faults;
}

/// Makes one `tokio` test of each function of the suite. The expression makes a fresh backend.
#[macro_export]
macro_rules! contract_tests {
    ($backend:expr) => {
        $crate::contract_tests! { @each $backend;
            groups_get_consecutive_places
            a_group_is_appended_once
            an_empty_group_leaves_no_row
            nothing_gathered_leaves_no_row
            the_journal_is_read_from_any_entry
            leaves_are_read_from_any_ordinal
            leaves_are_read_from_any_entry
            a_panicking_decision_saves_nothing
            people_are_found_by_every_number
            a_decision_sees_people_plans_and_contacts
            the_first_person_of_a_number_stays
            people_are_hidden_and_shown
            erasing_removes_everything_of_a_person
            nothing_is_kept_of_a_person_erased_meanwhile
            sealed_columns_are_replaced_but_not_of_erased_people
            people_are_listed_in_pages
            staged_rows_are_invisible_until_flipped
            the_latest_version_wins
            plans_are_listed_in_pages
            a_flip_needs_the_expected_sequence
            the_service_s_own_numbers_are_a_series_of_their_own
            a_flip_needs_every_staged_entry
            discarded_groups_cannot_be_flipped
            flipped_groups_cannot_be_discarded
            staging_twice_is_staging_once
            waiting_files_are_replaced
            accepted_uploads_stand
            sequences_are_skipped
            raw_files_are_destroyed
            uploads_are_listed_in_pages
            sealed_columns_of_uploads_are_replaced
            nothing_is_left_without_its_group
            one_of_two_appliers_wins
            lists_come_with_their_tail
            notices_are_acknowledged_once
            checkpoints_are_numbered_without_gaps
            a_tile_at_the_edge_grows
            accesses_are_listed_in_pages
            a_look_is_held_with_what_it_owes
            the_first_month_key_stays
            the_register_finds_people
            the_register_is_searched
            organisations_are_kept_in_versions
            what_is_kept_is_changed_by_whoever_saw_it
            reports_are_found_by_their_author
            looks_are_found_by_their_reader
            what_nobody_read_is_found_by_its_age
            settings_are_kept
            messages_lie_in_the_order_in_which_they_became_complete
            a_step_of_messages_is_all_or_nothing
            chunks_make_a_message_once
            messages_are_found_by_their_sender_s_name
            messages_run_out_and_are_removed
            what_was_told_is_told_once
            a_lease_has_one_holder
            a_closed_store_says_so
            appends_survive_every_fault
            uploads_survive_every_fault
            appliers_survive_every_fault
            many_writers_leave_no_gap
            reads_go_on_while_an_upload_is_staged
        }
    };
    (@each $backend:expr; $($name:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                $crate::contract::$name(&$backend).await;
            }
        )*
    };
}
