//! Each operation of [`Store`] as one transaction.

use crate::people::find;
use crate::tx::Tx;
use crate::{
    PgStore, commit, derived, examine, journal, judged, kept, leases, notices, organisations, people, plans, register,
    staging, uploads,
};
use async_trait::async_trait;
use cpis_model::access::AuthorKey;
use cpis_model::entry::PersonId;
use cpis_model::organisation::AuthorityCode;
use cpis_model::{Timestamp, Uuid};
use cpis_store::{
    AccessView, CheckpointRow, ContactRow, Finding, Flip, Followed, Forget, Found, Gather, GroupId, HeldAccess,
    JournalRow, KeptKind, KeptRow, LookStep, NewPerson, NotApplied, NoticeRow, NumberKeys, OrganisationRow, PersonRow,
    Place, PlanKey, PlanRow, RegisterRow, Slice, Store, StoreError, StoredAlias, StoredPerson, TreeStep, UploadRow,
    UploadState, Watermarks,
};

type Answer<T> = Result<T, StoreError>;

/// Runs what only reads on a connection of the pool.
macro_rules! read {
    ($self:ident, $tx:ident => $work:expr) => {{
        let $tx = $self.tx().await?;
        let done = $work.await;
        $tx.end_read(done).await
    }};
}

/// Runs a transaction on a connection of the pool and waits until it is on disk.
macro_rules! write {
    ($self:ident, $tx:ident => $work:expr) => {{
        let $tx = $self.tx().await?;
        let done = $work.await;
        $tx.end(done).await
    }};
}

#[async_trait]
impl Store for PgStore {
    async fn append_gathered(&self, gather: Gather) -> Answer<Option<Place>> {
        let done = journal::append(&self.ordered, gather).await;
        self.committed(done)
    }

    /// The lock is asked for together with whom the group is about: what waited behind another append would be smaller groups.
    fn appends_max(&self) -> usize {
        1
    }

    /// Looks do not wait for another session that saves.
    fn saved_max(&self) -> usize {
        usize::MAX
    }

    async fn find_group(&self, group: GroupId) -> Answer<Option<Place>> {
        read!(self, tx => journal::find_group(&tx, group))
    }

    async fn size(&self) -> Answer<u64> {
        read!(self, tx => journal::size(&tx))
    }

    async fn journal_from(&self, index: u64, entries_max: usize) -> Answer<Vec<JournalRow>> {
        read!(self, tx => journal::from(&tx, index, entries_max))
    }

    async fn journal_rows(&self, seqs: Vec<u64>) -> Answer<Vec<JournalRow>> {
        read!(self, tx => journal::rows(&tx, &seqs))
    }

    async fn upload_bodies(&self, group: GroupId, slice: u32, slices_max: u32) -> Answer<Vec<Vec<u8>>> {
        read!(self, tx => journal::upload_bodies(&tx, group, slice, slices_max))
    }

    async fn leaves(&self, group: GroupId, ordinal: u32, leaves_max: u32) -> Answer<Vec<(u32, [u8; 32])>> {
        read!(self, tx => journal::leaves(&tx, group, ordinal, leaves_max))
    }

    async fn leaves_from(&self, index: u64, leaves_max: u32) -> Answer<Vec<[u8; 32]>> {
        read!(self, tx => journal::leaves_from(&tx, index, leaves_max))
    }

    async fn accesses(&self, people: Vec<PersonId>, entries_max: usize) -> Answer<AccessView> {
        read!(self, tx => derived::view(&tx, &people, entries_max))
    }

    async fn watermarks(&self) -> Answer<Watermarks> {
        read!(self, tx => derived::watermarks(&tx))
    }

    async fn not_applied(&self, entries_max: usize) -> Answer<NotApplied> {
        read!(self, tx => derived::not_applied(&tx, entries_max))
    }

    async fn followed(&self, people: Vec<PersonId>) -> Answer<Vec<Followed>> {
        read!(self, tx => derived::followed(&tx, &people))
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
        read!(self, tx => derived::tree(&tx))
    }

    async fn tile(&self, level: u8, index: u64) -> Answer<Option<Vec<u8>>> {
        read!(self, tx => derived::tile(&tx, level, index))
    }

    async fn checkpoints(&self, number: u64, rows_max: u32) -> Answer<Vec<CheckpointRow>> {
        read!(self, tx => derived::checkpoints(&tx, number, rows_max))
    }

    async fn find(&self, asked: Vec<NumberKeys>) -> Answer<Vec<Vec<Found>>> {
        read!(self, tx => find::plain(&tx, &asked))
    }

    async fn create_people(&self, people: Vec<NewPerson>) -> Answer<Vec<PersonRow>> {
        write!(self, tx => people::create(&tx, &people))
    }

    async fn people_after(&self, after: Option<PersonId>, rows_max: u32) -> Answer<Vec<StoredPerson>> {
        read!(self, tx => people::after(&tx, after, rows_max))
    }

    async fn people(&self, ids: Vec<PersonId>) -> Answer<Vec<StoredPerson>> {
        read!(self, tx => people::by_id(&tx, &ids))
    }

    async fn reseal_people(&self, people: Vec<StoredPerson>) -> Answer<()> {
        write!(self, tx => people::reseal(&tx, &people))
    }

    async fn aliases_after(&self, after: u64, rows_max: u32) -> Answer<Vec<StoredAlias>> {
        read!(self, tx => people::aliases_after(&tx, after, rows_max))
    }

    async fn reseal_aliases(&self, aliases: Vec<StoredAlias>) -> Answer<()> {
        write!(self, tx => people::reseal_aliases(&tx, &aliases))
    }

    async fn plans_after(&self, after: Option<PlanKey>, rows_max: u32) -> Answer<Vec<(PersonId, PlanRow)>> {
        read!(self, tx => plans::after(&tx, after, rows_max))
    }

    async fn accesses_after(
        &self,
        after: Option<(PersonId, u64)>,
        rows_max: u32,
    ) -> Answer<Vec<(PersonId, HeldAccess)>> {
        read!(self, tx => derived::accesses_after(&tx, after, rows_max))
    }

    async fn contacts(&self) -> Answer<Vec<ContactRow>> {
        read!(self, tx => plans::contacts(&tx))
    }

    async fn month_key(&self, month: u32, proposed: Option<Vec<u8>>) -> Answer<Option<Vec<u8>>> {
        let stored = read!(self, tx => register::month_key(&tx, month))?;
        match proposed {
            Some(key) if stored.is_none() => write!(self, tx => register::propose_month_key(&tx, month, &key)),
            _ => Ok(stored),
        }
    }

    async fn month_keys(&self) -> Answer<Vec<(u32, Vec<u8>)>> {
        read!(self, tx => register::month_keys(&tx))
    }

    async fn reseal_month_keys(&self, keys: Vec<(u32, Vec<u8>)>) -> Answer<()> {
        write!(self, tx => register::reseal_month_keys(&tx, &keys))
    }

    async fn upload_state(&self, authority: AuthorityCode) -> Answer<UploadState> {
        read!(self, tx => uploads::state(&tx, authority))
    }

    async fn upload(&self, authority: AuthorityCode, sequence: u64) -> Answer<Option<UploadRow>> {
        read!(self, tx => uploads::one(&tx, authority, sequence))
    }

    async fn keep_file(&self, upload: UploadRow, parts: Vec<Vec<u8>>) -> Answer<()> {
        write!(self, tx => uploads::keep_file(&tx, &upload, &parts))
    }

    async fn file_parts(&self, authority: AuthorityCode, sequence: u64) -> Answer<Vec<Vec<u8>>> {
        read!(self, tx => uploads::file_parts(&tx, authority, sequence))
    }

    async fn waiting(&self) -> Answer<Vec<UploadRow>> {
        read!(self, tx => uploads::waiting(&tx))
    }

    async fn uploads_after(&self, after: Option<(AuthorityCode, u64)>, rows_max: u32) -> Answer<Vec<UploadRow>> {
        read!(self, tx => uploads::after(&tx, after, rows_max))
    }

    async fn reseal_uploads(&self, rows: Vec<UploadRow>) -> Answer<()> {
        write!(self, tx => uploads::reseal(&tx, &rows))
    }

    async fn orphans(&self) -> Answer<Vec<(&'static str, i64)>> {
        let mut tx = self.tx().await?;
        let done = uploads::orphans(&mut tx).await;
        tx.end_read(done).await
    }

    async fn begin_staging(&self, group: GroupId, at: Timestamp) -> Answer<()> {
        write!(self, tx => staging::begin(&tx, group, at))
    }

    async fn stage(&self, group: GroupId, slice: Slice) -> Answer<()> {
        write!(self, tx => staging::stage(&tx, group, &slice))
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
        while write!(self, tx => staging::discard_some(&tx, group))? {}
        Ok(())
    }

    async fn stale_staging(&self, before: Timestamp) -> Answer<Vec<GroupId>> {
        read!(self, tx => staging::stale(&tx, before))
    }

    /// In several transactions, each of some whole files.
    async fn destroy_files(&self, before: Timestamp) -> Answer<u64> {
        let mut destroyed = 0;
        loop {
            let some = write!(self, tx => uploads::destroy_some_files(&tx, before))?;
            destroyed += some;
            if some == 0 {
                return Ok(destroyed);
            }
        }
    }

    async fn notices(&self, authority: AuthorityCode, after: u64, rows_max: u32) -> Answer<Vec<NoticeRow>> {
        read!(self, tx => notices::of_authority(&tx, authority, after, rows_max))
    }

    async fn notices_before(
        &self,
        authority: AuthorityCode,
        acknowledged: bool,
        before: u64,
        rows_max: u32,
    ) -> Answer<Vec<NoticeRow>> {
        read!(self, tx => notices::before(&tx, authority, acknowledged, before, rows_max))
    }

    async fn notices_after(&self, after: u64, rows_max: u32) -> Answer<Vec<NoticeRow>> {
        read!(self, tx => notices::after(&tx, after, rows_max))
    }

    async fn acknowledge(
        &self,
        authority: AuthorityCode,
        id: Uuid,
        at: Timestamp,
        by: Vec<u8>,
    ) -> Answer<Option<NoticeRow>> {
        write!(self, tx => notices::acknowledge(&tx, authority, id, at, &by))
    }

    async fn notice(&self, authority: AuthorityCode, id: Uuid) -> Answer<Option<NoticeRow>> {
        read!(self, tx => notices::one(&tx, authority, id))
    }

    async fn reports_by(&self, author: AuthorKey, before: u64, rows_max: u32) -> Answer<Vec<NoticeRow>> {
        read!(self, tx => notices::reports_by(&tx, author, before, rows_max))
    }

    async fn looks_by(&self, reader: AuthorKey, before: u64, rows_max: u32) -> Answer<Vec<NoticeRow>> {
        read!(self, tx => notices::looks_by(&tx, reader, before, rows_max))
    }

    async fn forget_readers(&self, before: Timestamp) -> Answer<u64> {
        write!(self, tx => notices::forget_readers(&tx, before))
    }

    async fn overdue(
        &self,
        authority: Option<AuthorityCode>,
        before: Timestamp,
        rows_max: u32,
    ) -> Answer<Vec<NoticeRow>> {
        read!(self, tx => notices::overdue(&tx, authority, before, rows_max))
    }

    async fn unacknowledged(&self) -> Answer<(u64, Option<Timestamp>)> {
        read!(self, tx => notices::unacknowledged(&tx))
    }

    async fn register_put(&self, rows: Vec<RegisterRow>) -> Answer<()> {
        write!(self, tx => register::put(&tx, &rows))
    }

    async fn register_find(&self, asked: Vec<NumberKeys>) -> Answer<Vec<Option<RegisterRow>>> {
        read!(self, tx => register::find(&tx, &asked))
    }

    async fn register_after(&self, after: u64, rows_max: u32) -> Answer<Vec<RegisterRow>> {
        read!(self, tx => register::after(&tx, after, rows_max))
    }

    async fn register_search(&self, search: NumberKeys, rows_max: u32) -> Answer<Vec<RegisterRow>> {
        read!(self, tx => register::search(&tx, search, rows_max))
    }

    async fn organisations_after(&self, number: u64, rows_max: u32) -> Answer<Vec<OrganisationRow>> {
        read!(self, tx => organisations::after(&tx, number, rows_max))
    }

    async fn keep(&self, row: KeptRow, now: Timestamp) -> Answer<bool> {
        write!(self, tx => kept::keep(&tx, &row, now))
    }

    async fn kept(&self, kind: KeptKind, id: [u8; 32]) -> Answer<Option<KeptRow>> {
        read!(self, tx => kept::one(&tx, kind, &id))
    }

    async fn kept_after(&self, kind: KeptKind, after: Option<[u8; 32]>, rows_max: u32) -> Answer<Vec<KeptRow>> {
        read!(self, tx => kept::after(&tx, kind, after, rows_max))
    }

    async fn forget(&self, kind: KeptKind, which: Forget) -> Answer<u64> {
        write!(self, tx => kept::forget(&tx, kind, which))
    }

    async fn quarantined(&self) -> Answer<Vec<(u64, String)>> {
        read!(self, tx => derived::quarantined(&tx))
    }

    async fn setting(&self, name: &'static str) -> Answer<Option<Vec<u8>>> {
        read!(self, tx => register::setting(&tx, name))
    }

    async fn set_setting(&self, name: &'static str, value: Vec<u8>) -> Answer<()> {
        write!(self, tx => register::set_setting(&tx, name, &value))
    }

    async fn lease(&self, name: String, holder: u64, ms: u32) -> Answer<bool> {
        write!(self, tx => leases::take(&tx, &name, holder, ms))
    }

    async fn end_lease(&self, name: String, holder: u64) -> Answer<()> {
        write!(self, tx => leases::end(&tx, &name, holder))
    }

    async fn wake(&self) {
        self.signals.wake().await;
    }

    async fn maintain(&self) -> Answer<()> {
        self.make_room().await
    }

    async fn examine(&self) -> Answer<Vec<Finding>> {
        read!(self, tx => examine::examine(&tx, &self.state))
    }

    /// Judges the schema too: nodes run on while it is migrated.
    async fn ping(&self) -> Answer<()> {
        judged(&self.others).await
    }

    async fn close(&self) {
        self.state.close();
        self.signals.stop();
        let within = self.state.connector.options.statement_timeout;
        self.ordered.close(within).await;
        self.others.close(within).await;
    }
}
