//! Each operation of [`Store`] as one transaction.

use crate::people::find;
use crate::tx::Tx;
use crate::{PgStore, commit, derived, examine, journal, leases, notices, people, plans, register, staging, uploads};
use async_trait::async_trait;
use cpis_model::entry::PersonId;
use cpis_model::organisation::AuthorityCode;
use cpis_model::{Timestamp, Uuid};
use cpis_store::{
    AccessRow, AccessView, CheckpointRow, ContactRow, Decide, Derived, Finding, Flip, Found, GroupId, JournalRow,
    LookStep, NewPerson, NoticeRow, NumberKeys, PersonRow, Place, PlanKey, PlanRow, RegisterRow, Slice, Store,
    StoreError, StoredAlias, StoredPerson, TreeStep, UploadRow, UploadState, Watermarks,
};

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl Store for PgStore {
    async fn append(&self, group: GroupId, asked: Vec<NumberKeys>, decide: Decide) -> Answer<Place> {
        let done = journal::append(&self.ordered, group, &asked, decide).await;
        self.committed(done)
    }

    async fn find_group(&self, group: GroupId) -> Answer<Option<Place>> {
        let tx = self.tx().await?;
        let done = journal::find_group(&tx, group).await;
        tx.end_read(done).await
    }

    async fn size(&self) -> Answer<u64> {
        let tx = self.tx().await?;
        let done = journal::size(&tx).await;
        tx.end_read(done).await
    }

    async fn journal_from(&self, index: u64, entries_max: usize) -> Answer<Vec<JournalRow>> {
        let tx = self.tx().await?;
        let done = journal::from(&tx, index, entries_max).await;
        tx.end_read(done).await
    }

    async fn journal_rows(&self, seqs: Vec<u64>) -> Answer<Vec<JournalRow>> {
        let tx = self.tx().await?;
        let done = journal::rows(&tx, &seqs).await;
        tx.end_read(done).await
    }

    async fn upload_bodies(&self, group: GroupId, slice: u32, slices_max: u32) -> Answer<Vec<Vec<u8>>> {
        let tx = self.tx().await?;
        let done = journal::upload_bodies(&tx, group, slice, slices_max).await;
        tx.end_read(done).await
    }

    async fn leaves(&self, group: GroupId, ordinal: u32, leaves_max: u32) -> Answer<Vec<(u32, [u8; 32])>> {
        let tx = self.tx().await?;
        let done = journal::leaves(&tx, group, ordinal, leaves_max).await;
        tx.end_read(done).await
    }

    async fn accesses(&self, people: Vec<PersonId>, entries_max: usize) -> Answer<AccessView> {
        let tx = self.tx().await?;
        let done = derived::view(&tx, &people, entries_max).await;
        tx.end_read(done).await
    }

    async fn watermarks(&self) -> Answer<Watermarks> {
        let tx = self.tx().await?;
        let done = derived::watermarks(&tx).await;
        tx.end_read(done).await
    }

    async fn derived(&self, people: Vec<PersonId>) -> Answer<Vec<Derived>> {
        let tx = self.tx().await?;
        let done = derived::of_people_now(&tx, &people).await;
        tx.end_read(done).await
    }

    async fn apply_looks(&self, step: LookStep) -> Answer<()> {
        let tx = self.tx().await?;
        let decided = derived::apply_looks(&tx, step).await;
        commit(tx, decided).await
    }

    async fn apply_tree(&self, step: TreeStep) -> Answer<()> {
        let tx = self.tx().await?;
        let decided = derived::apply_tree(&tx, step).await;
        commit(tx, decided).await
    }

    async fn tree(&self) -> Answer<(u64, Vec<u8>)> {
        let tx = self.tx().await?;
        let done = derived::tree(&tx).await;
        tx.end_read(done).await
    }

    async fn tile(&self, level: u8, index: u64) -> Answer<Option<Vec<u8>>> {
        let tx = self.tx().await?;
        let done = derived::tile(&tx, level, index).await;
        tx.end_read(done).await
    }

    async fn checkpoints(&self, number: u64, rows_max: u32) -> Answer<Vec<CheckpointRow>> {
        let tx = self.tx().await?;
        let done = derived::checkpoints(&tx, number, rows_max).await;
        tx.end_read(done).await
    }

    async fn find(&self, asked: Vec<NumberKeys>) -> Answer<Vec<Vec<Found>>> {
        let tx = self.tx().await?;
        let done = find::plain(&tx, &asked).await;
        tx.end_read(done).await
    }

    async fn create_people(&self, people: Vec<NewPerson>) -> Answer<Vec<PersonRow>> {
        let tx = self.tx().await?;
        let done = people::create(&tx, &people).await;
        tx.end(done).await
    }

    async fn people_after(&self, after: Option<PersonId>, rows_max: u32) -> Answer<Vec<StoredPerson>> {
        let tx = self.tx().await?;
        let done = people::after(&tx, after, rows_max).await;
        tx.end_read(done).await
    }

    async fn people(&self, ids: Vec<PersonId>) -> Answer<Vec<StoredPerson>> {
        let tx = self.tx().await?;
        let done = people::by_id(&tx, &ids).await;
        tx.end_read(done).await
    }

    async fn reseal_people(&self, people: Vec<StoredPerson>) -> Answer<()> {
        let tx = self.tx().await?;
        let done = people::reseal(&tx, &people).await;
        tx.end(done).await
    }

    async fn aliases_after(&self, after: u64, rows_max: u32) -> Answer<Vec<StoredAlias>> {
        let tx = self.tx().await?;
        let done = people::aliases_after(&tx, after, rows_max).await;
        tx.end_read(done).await
    }

    async fn reseal_aliases(&self, aliases: Vec<StoredAlias>) -> Answer<()> {
        let tx = self.tx().await?;
        let done = people::reseal_aliases(&tx, &aliases).await;
        tx.end(done).await
    }

    async fn plans_after(&self, after: Option<PlanKey>, rows_max: u32) -> Answer<Vec<(PersonId, PlanRow)>> {
        let tx = self.tx().await?;
        let done = plans::after(&tx, after, rows_max).await;
        tx.end_read(done).await
    }

    async fn accesses_after(
        &self,
        after: Option<(PersonId, u64)>,
        rows_max: u32,
    ) -> Answer<Vec<(PersonId, AccessRow)>> {
        let tx = self.tx().await?;
        let done = derived::accesses_after(&tx, after, rows_max).await;
        tx.end_read(done).await
    }

    async fn contacts(&self) -> Answer<Vec<ContactRow>> {
        let tx = self.tx().await?;
        let done = plans::contacts(&tx).await;
        tx.end_read(done).await
    }

    async fn month_key(&self, month: u32, proposed: Option<Vec<u8>>) -> Answer<Option<Vec<u8>>> {
        let tx = self.tx().await?;
        let stored = register::month_key(&tx, month).await;
        let stored = tx.end_read(stored).await?;
        match proposed {
            Some(key) if stored.is_none() => {
                let tx = self.tx().await?;
                let done = register::propose_month_key(&tx, month, &key).await;
                tx.end(done).await
            }
            _ => Ok(stored),
        }
    }

    async fn month_keys(&self) -> Answer<Vec<(u32, Vec<u8>)>> {
        let tx = self.tx().await?;
        let done = register::month_keys(&tx).await;
        tx.end_read(done).await
    }

    async fn reseal_month_keys(&self, keys: Vec<(u32, Vec<u8>)>) -> Answer<()> {
        let tx = self.tx().await?;
        let done = register::reseal_month_keys(&tx, &keys).await;
        tx.end(done).await
    }

    async fn upload_state(&self, authority: AuthorityCode) -> Answer<UploadState> {
        let tx = self.tx().await?;
        let done = uploads::state(&tx, authority).await;
        tx.end_read(done).await
    }

    async fn upload(&self, authority: AuthorityCode, sequence: u64) -> Answer<Option<UploadRow>> {
        let tx = self.tx().await?;
        let done = uploads::one(&tx, authority, sequence).await;
        tx.end_read(done).await
    }

    async fn keep_file(&self, upload: UploadRow, parts: Vec<Vec<u8>>) -> Answer<()> {
        let tx = self.tx().await?;
        let done = uploads::keep_file(&tx, &upload, &parts).await;
        tx.end(done).await
    }

    async fn file_parts(&self, authority: AuthorityCode, sequence: u64) -> Answer<Vec<Vec<u8>>> {
        let tx = self.tx().await?;
        let done = uploads::file_parts(&tx, authority, sequence).await;
        tx.end_read(done).await
    }

    async fn waiting(&self) -> Answer<Vec<UploadRow>> {
        let tx = self.tx().await?;
        let done = uploads::waiting(&tx).await;
        tx.end_read(done).await
    }

    async fn uploads_after(&self, after: Option<(AuthorityCode, u64)>, rows_max: u32) -> Answer<Vec<UploadRow>> {
        let tx = self.tx().await?;
        let done = uploads::after(&tx, after, rows_max).await;
        tx.end_read(done).await
    }

    async fn reseal_uploads(&self, rows: Vec<UploadRow>) -> Answer<()> {
        let tx = self.tx().await?;
        let done = uploads::reseal(&tx, &rows).await;
        tx.end(done).await
    }

    async fn orphans(&self) -> Answer<Vec<(&'static str, i64)>> {
        let mut tx = self.tx().await?;
        let done = uploads::orphans(&mut tx).await;
        tx.end_read(done).await
    }

    async fn begin_staging(&self, group: GroupId, at: Timestamp) -> Answer<()> {
        let tx = self.tx().await?;
        let done = staging::begin(&tx, group, at).await;
        tx.end(done).await
    }

    async fn stage(&self, group: GroupId, slice: Slice) -> Answer<()> {
        let tx = self.tx().await?;
        let done = staging::stage(&tx, group, &slice).await;
        tx.end(done).await
    }

    async fn flip(&self, flip: Flip) -> Answer<Place> {
        let tx = Tx::new(self.ordered.take().await?);
        let done = match staging::flip(&tx, &flip).await {
            Ok((place, batch)) => tx.commit(batch).await.map(|()| place),
            Err(stop) => tx.end(Err(stop)).await,
        };
        self.committed(done)
    }

    /// In several transactions; the first one makes the group impossible to flip.
    async fn discard(&self, group: GroupId) -> Answer<()> {
        loop {
            let tx = self.tx().await?;
            let some = staging::discard_some(&tx, group).await;
            if !tx.end(some).await? {
                return Ok(());
            }
        }
    }

    async fn stale_staging(&self, before: Timestamp) -> Answer<Vec<GroupId>> {
        let tx = self.tx().await?;
        let done = staging::stale(&tx, before).await;
        tx.end_read(done).await
    }

    /// In several transactions, each of some whole files.
    async fn destroy_files(&self, before: Timestamp) -> Answer<u64> {
        let mut destroyed = 0;
        loop {
            let tx = self.tx().await?;
            let some = uploads::destroy_some_files(&tx, before).await;
            let some = tx.end(some).await?;
            destroyed += some;
            if some == 0 {
                return Ok(destroyed);
            }
        }
    }

    async fn notices(&self, authority: AuthorityCode, after: u64, rows_max: u32) -> Answer<Vec<NoticeRow>> {
        let tx = self.tx().await?;
        let done = notices::of_authority(&tx, authority, after, rows_max).await;
        tx.end_read(done).await
    }

    async fn notices_after(&self, after: u64, rows_max: u32) -> Answer<Vec<NoticeRow>> {
        let tx = self.tx().await?;
        let done = notices::after(&tx, after, rows_max).await;
        tx.end_read(done).await
    }

    async fn acknowledge(&self, authority: AuthorityCode, id: Uuid, at: Timestamp) -> Answer<Option<NoticeRow>> {
        let tx = self.tx().await?;
        let done = notices::acknowledge(&tx, authority, id, at).await;
        tx.end(done).await
    }

    async fn unacknowledged(&self) -> Answer<(u64, Option<Timestamp>)> {
        let tx = self.tx().await?;
        let done = notices::unacknowledged(&tx).await;
        tx.end_read(done).await
    }

    async fn register_put(&self, rows: Vec<RegisterRow>) -> Answer<()> {
        let tx = self.tx().await?;
        let done = register::put(&tx, &rows).await;
        tx.end(done).await
    }

    async fn register_find(&self, asked: Vec<NumberKeys>) -> Answer<Vec<Option<RegisterRow>>> {
        let tx = self.tx().await?;
        let done = register::find(&tx, &asked).await;
        tx.end_read(done).await
    }

    async fn register_after(&self, after: u64, rows_max: u32) -> Answer<Vec<RegisterRow>> {
        let tx = self.tx().await?;
        let done = register::after(&tx, after, rows_max).await;
        tx.end_read(done).await
    }

    async fn quarantined(&self) -> Answer<Vec<(u64, String)>> {
        let tx = self.tx().await?;
        let done = derived::quarantined(&tx).await;
        tx.end_read(done).await
    }

    async fn setting(&self, name: &'static str) -> Answer<Option<Vec<u8>>> {
        let tx = self.tx().await?;
        let done = register::setting(&tx, name).await;
        tx.end_read(done).await
    }

    async fn set_setting(&self, name: &'static str, value: Vec<u8>) -> Answer<()> {
        let tx = self.tx().await?;
        let done = register::set_setting(&tx, name, &value).await;
        tx.end(done).await
    }

    async fn lease(&self, name: String, holder: u64, ms: u32) -> Answer<bool> {
        let tx = self.tx().await?;
        let done = leases::take(&tx, &name, holder, ms).await;
        tx.end(done).await
    }

    async fn end_lease(&self, name: String, holder: u64) -> Answer<()> {
        let tx = self.tx().await?;
        let done = leases::end(&tx, &name, holder).await;
        tx.end(done).await
    }

    async fn wake(&self) {
        self.signals.wake().await;
    }

    async fn maintain(&self) -> Answer<()> {
        self.make_room().await
    }

    async fn examine(&self) -> Answer<Vec<Finding>> {
        let tx = self.tx().await?;
        let done = examine::examine(&tx, &self.state).await;
        tx.end_read(done).await
    }

    async fn ping(&self) -> Answer<()> {
        let tx = self.tx().await?;
        let done = journal::size(&tx).await;
        tx.end_read(done).await.map(drop)
    }

    async fn close(&self) {
        self.state.close();
        self.signals.stop();
        let within = self.state.connector.options.statement_timeout;
        self.ordered.close(within).await;
        self.others.close(within).await;
    }
}
