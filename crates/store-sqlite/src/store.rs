//! Each operation of [`Store`] as one job for a thread.

use crate::journal::Limit;
use crate::queue::Lane::{Background, Urgent};
use crate::{SqliteStore, derived, journal, kept, notices, organisations, people, plans, register, schema, uploads};
use async_trait::async_trait;
use cpis_model::access::AuthorKey;
use cpis_model::entry::PersonId;
use cpis_model::organisation::AuthorityCode;
use cpis_model::{Timestamp, Uuid};
use cpis_store::{
    AccessView, CheckpointRow, ContactRow, Finding, Flip, Followed, Forget, Found, Gather, GroupId, HeldAccess,
    JournalRow, KeptKind, KeptRow, LookStep, NewPerson, NotApplied, NoticeRow, NumberKeys, OrganisationRow, PersonRow,
    Place, PlanKey, PlanRow, RegisterRow, Slice, Store, StoreError, StoredAlias, StoredPerson, TreeStep, UploadRow,
    UploadState, Watermarks, Weight,
};

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl Store for SqliteStore {
    async fn append_gathered(&self, gather: Gather) -> Answer<Option<Place>> {
        self.write(Urgent, move |tx| gather().map(|asked| journal::append(tx, asked)).transpose()).await
    }

    fn appends_max(&self) -> usize {
        2
    }

    /// There is one writer, and each access touches some pages at random places.
    fn saved_max(&self) -> usize {
        32
    }

    async fn find_group(&self, group: GroupId) -> Answer<Option<Place>> {
        self.read(move |tx| journal::find_group(tx, group)).await
    }

    async fn size(&self) -> Answer<u64> {
        self.read(journal::size).await
    }

    async fn journal_from(&self, index: u64, entries_max: usize) -> Answer<Vec<JournalRow>> {
        self.read(move |tx| journal::from(tx, index, Limit::Reached(entries_max))).await
    }

    async fn journal_rows(&self, seqs: Vec<u64>) -> Answer<Vec<JournalRow>> {
        self.read(move |tx| journal::rows(tx, &seqs)).await
    }

    async fn upload_bodies(&self, group: GroupId, slice: u32, slices_max: u32) -> Answer<Vec<Vec<u8>>> {
        self.read(move |tx| journal::upload_bodies(tx, group, slice, slices_max)).await
    }

    async fn leaves(&self, group: GroupId, ordinal: u32, leaves_max: u32) -> Answer<Vec<(u32, [u8; 32])>> {
        self.read(move |tx| journal::leaves(tx, group, ordinal, leaves_max)).await
    }

    async fn leaves_from(&self, index: u64, leaves_max: u32) -> Answer<Vec<[u8; 32]>> {
        self.read(move |tx| journal::leaves_from(tx, index, leaves_max)).await
    }

    async fn accesses(&self, people: Vec<PersonId>, entries_max: usize) -> Answer<AccessView> {
        self.read(move |tx| derived::view(tx, &people, entries_max)).await
    }

    async fn watermarks(&self) -> Answer<Watermarks> {
        self.read(derived::watermarks).await
    }

    async fn not_applied(&self, entries_max: usize) -> Answer<NotApplied> {
        self.read(move |tx| derived::not_applied(tx, entries_max)).await
    }

    async fn followed(&self, people: Vec<PersonId>) -> Answer<Vec<Followed>> {
        self.read(move |tx| derived::followed(tx, &people)).await
    }

    async fn apply_looks(&self, step: LookStep) -> Answer<()> {
        self.write(Background, move |tx| derived::apply_looks(tx, &step)).await
    }

    async fn apply_tree(&self, step: TreeStep) -> Answer<()> {
        self.write(Background, move |tx| derived::apply_tree(tx, &step)).await
    }

    async fn tree(&self) -> Answer<(u64, Vec<u8>)> {
        self.read(derived::tree).await
    }

    async fn tile(&self, level: u8, index: u64) -> Answer<Option<Vec<u8>>> {
        self.read(move |tx| derived::tile(tx, level, index)).await
    }

    async fn checkpoints(&self, number: u64, rows_max: u32) -> Answer<Vec<CheckpointRow>> {
        self.read(move |tx| derived::checkpoints(tx, number, rows_max)).await
    }

    async fn find(&self, asked: Vec<NumberKeys>) -> Answer<Vec<Vec<Found>>> {
        self.read(move |tx| {
            let staging = plans::staging(tx)?;
            people::find(tx, &asked, &staging)
        })
        .await
    }

    async fn create_people(&self, people: Vec<NewPerson>) -> Answer<Vec<PersonRow>> {
        self.write(Background, move |tx| people::create(tx, &people)).await
    }

    async fn people_after(&self, after: Option<PersonId>, rows_max: u32) -> Answer<Vec<StoredPerson>> {
        self.read(move |tx| people::after(tx, after, rows_max)).await
    }

    async fn people(&self, ids: Vec<PersonId>) -> Answer<Vec<StoredPerson>> {
        self.read(move |tx| people::by_id(tx, &ids)).await
    }

    async fn reseal_people(&self, people: Vec<StoredPerson>) -> Answer<()> {
        self.write(Background, move |tx| people::reseal(tx, &people)).await
    }

    async fn aliases_after(&self, after: u64, rows_max: u32) -> Answer<Vec<StoredAlias>> {
        self.read(move |tx| people::aliases_after(tx, after, rows_max)).await
    }

    async fn reseal_aliases(&self, aliases: Vec<StoredAlias>) -> Answer<()> {
        self.write(Background, move |tx| people::reseal_aliases(tx, &aliases)).await
    }

    async fn plans_after(&self, after: Option<PlanKey>, rows_max: u32) -> Answer<Vec<(PersonId, PlanRow)>> {
        self.read(move |tx| plans::after(tx, after, rows_max)).await
    }

    async fn accesses_after(
        &self,
        after: Option<(PersonId, u64)>,
        rows_max: u32,
    ) -> Answer<Vec<(PersonId, HeldAccess)>> {
        self.read(move |tx| derived::accesses_after(tx, after, rows_max)).await
    }

    async fn contacts(&self) -> Answer<Vec<ContactRow>> {
        self.read(plans::contacts).await
    }

    async fn month_key(&self, month: u32, proposed: Option<Vec<u8>>) -> Answer<Option<Vec<u8>>> {
        let stored = self.read(move |tx| register::month_key(tx, month)).await?;
        match proposed {
            Some(key) if stored.is_none() => {
                self.write(Urgent, move |tx| register::propose_month_key(tx, month, &key)).await
            }
            _ => Ok(stored),
        }
    }

    async fn month_keys(&self) -> Answer<Vec<(u32, Vec<u8>)>> {
        self.read(register::month_keys).await
    }

    async fn reseal_month_keys(&self, keys: Vec<(u32, Vec<u8>)>) -> Answer<()> {
        self.write(Background, move |tx| register::reseal_month_keys(tx, &keys)).await
    }

    async fn upload_state(&self, authority: AuthorityCode) -> Answer<UploadState> {
        self.read(move |tx| uploads::state(tx, authority)).await
    }

    async fn upload(&self, authority: AuthorityCode, sequence: u64) -> Answer<Option<UploadRow>> {
        self.read(move |tx| uploads::one(tx, authority, sequence)).await
    }

    async fn keep_file(&self, upload: UploadRow, parts: Vec<Vec<u8>>) -> Answer<()> {
        self.write(Background, move |tx| uploads::keep_file(tx, &upload, &parts)).await
    }

    async fn file_parts(&self, authority: AuthorityCode, sequence: u64) -> Answer<Vec<Vec<u8>>> {
        self.read(move |tx| uploads::file_parts(tx, authority, sequence)).await
    }

    async fn waiting(&self) -> Answer<Vec<UploadRow>> {
        self.read(uploads::waiting).await
    }

    async fn uploads_after(&self, after: Option<(AuthorityCode, u64)>, rows_max: u32) -> Answer<Vec<UploadRow>> {
        self.read(move |tx| uploads::after(tx, after, rows_max)).await
    }

    async fn reseal_uploads(&self, rows: Vec<UploadRow>) -> Answer<()> {
        self.write(Background, move |tx| uploads::reseal(tx, &rows)).await
    }

    async fn orphans(&self) -> Answer<Vec<(&'static str, i64)>> {
        self.read(uploads::orphans).await
    }

    async fn begin_staging(&self, group: GroupId, at: Timestamp) -> Answer<()> {
        self.write(Background, move |tx| uploads::begin_staging(tx, group, at)).await
    }

    async fn stage(&self, group: GroupId, slice: Slice) -> Answer<()> {
        self.write(Background, move |tx| uploads::stage(tx, group, &slice)).await
    }

    async fn flip(&self, flip: Flip) -> Answer<Place> {
        self.write(Urgent, move |tx| uploads::flip(tx, &flip)).await
    }

    /// In several transactions; the first one makes the group impossible to flip.
    async fn discard(&self, group: GroupId) -> Answer<()> {
        while self.write(Background, move |tx| uploads::discard_some(tx, group)).await? {}
        Ok(())
    }

    async fn stale_staging(&self, before: Timestamp) -> Answer<Vec<GroupId>> {
        self.read(move |tx| uploads::stale_staging(tx, before)).await
    }

    /// In several transactions, each of some whole files.
    async fn destroy_files(&self, before: Timestamp) -> Answer<u64> {
        let mut destroyed = 0;
        loop {
            let some = self.write(Background, move |tx| uploads::destroy_some_files(tx, before)).await?;
            destroyed += some;
            if some == 0 {
                return Ok(destroyed);
            }
        }
    }

    async fn notices(&self, authority: AuthorityCode, after: u64, rows_max: u32) -> Answer<Vec<NoticeRow>> {
        self.read(move |tx| notices::of_authority(tx, authority, after, rows_max)).await
    }

    async fn notices_before(
        &self,
        authority: AuthorityCode,
        acknowledged: bool,
        before: u64,
        rows_max: u32,
    ) -> Answer<Vec<NoticeRow>> {
        self.read(move |tx| notices::before(tx, authority, acknowledged, before, rows_max)).await
    }

    async fn notices_after(&self, after: u64, rows_max: u32) -> Answer<Vec<NoticeRow>> {
        self.read(move |tx| notices::after(tx, after, rows_max)).await
    }

    async fn acknowledge(
        &self,
        authority: AuthorityCode,
        id: Uuid,
        at: Timestamp,
        by: Vec<u8>,
    ) -> Answer<Option<NoticeRow>> {
        self.write(Background, move |tx| notices::acknowledge(tx, authority, id, at, &by)).await
    }

    async fn notice(&self, authority: AuthorityCode, id: Uuid) -> Answer<Option<NoticeRow>> {
        self.read(move |tx| notices::one(tx, authority, id)).await
    }

    async fn reports_by(&self, author: AuthorKey, before: u64, rows_max: u32) -> Answer<Vec<NoticeRow>> {
        self.read(move |tx| notices::reports_by(tx, author, before, rows_max)).await
    }

    async fn looks_by(&self, reader: AuthorKey, before: u64, rows_max: u32) -> Answer<Vec<NoticeRow>> {
        self.read(move |tx| notices::looks_by(tx, reader, before, rows_max)).await
    }

    async fn forget_readers(&self, before: Timestamp) -> Answer<u64> {
        self.write(Background, move |tx| notices::forget_readers(tx, before)).await
    }

    async fn overdue(
        &self,
        authority: Option<AuthorityCode>,
        before: Timestamp,
        rows_max: u32,
    ) -> Answer<Vec<NoticeRow>> {
        self.read(move |tx| notices::overdue(tx, authority, before, rows_max)).await
    }

    async fn unacknowledged(&self) -> Answer<(u64, Option<Timestamp>)> {
        self.read(notices::unacknowledged).await
    }

    async fn register_put(&self, rows: Vec<RegisterRow>) -> Answer<()> {
        self.write(Background, move |tx| register::put(tx, &rows)).await
    }

    async fn register_find(&self, asked: Vec<NumberKeys>) -> Answer<Vec<Option<RegisterRow>>> {
        self.read(move |tx| register::find(tx, &asked)).await
    }

    async fn register_after(&self, after: u64, rows_max: u32) -> Answer<Vec<RegisterRow>> {
        self.read(move |tx| register::after(tx, after, rows_max)).await
    }

    async fn register_search(&self, search: NumberKeys, rows_max: u32) -> Answer<Vec<RegisterRow>> {
        self.read(move |tx| register::search(tx, search, rows_max)).await
    }

    async fn organisations_after(&self, number: u64, rows_max: u32) -> Answer<Vec<OrganisationRow>> {
        self.read(move |tx| organisations::after(tx, number, rows_max)).await
    }

    async fn keep(&self, row: KeptRow, now: Timestamp) -> Answer<bool> {
        self.write(Background, move |tx| kept::keep(tx, &row, now)).await
    }

    async fn kept(&self, kind: KeptKind, id: [u8; 32]) -> Answer<Option<KeptRow>> {
        self.read(move |tx| kept::one(tx, kind, &id)).await
    }

    async fn kept_after(&self, kind: KeptKind, after: Option<[u8; 32]>, rows_max: u32) -> Answer<Vec<KeptRow>> {
        self.read(move |tx| kept::after(tx, kind, after, rows_max)).await
    }

    async fn forget(&self, kind: KeptKind, which: Forget) -> Answer<u64> {
        self.write(Background, move |tx| kept::forget(tx, kind, which)).await
    }

    async fn quarantined(&self) -> Answer<Vec<(u64, String)>> {
        self.read(derived::quarantined).await
    }

    async fn setting(&self, name: &'static str) -> Answer<Option<Vec<u8>>> {
        self.read(move |tx| register::setting(tx, name)).await
    }

    async fn set_setting(&self, name: &'static str, value: Vec<u8>) -> Answer<()> {
        self.write(Background, move |tx| register::set_setting(tx, name, &value)).await
    }

    async fn lease(&self, name: String, holder: u64, ms: u32) -> Answer<bool> {
        Ok(self.leases.take(name, holder, ms))
    }

    async fn end_lease(&self, name: String, holder: u64) -> Answer<()> {
        self.leases.end(&name, holder);
        Ok(())
    }

    async fn wake(&self) {
        std::future::pending::<()>().await;
    }

    async fn maintain(&self) -> Answer<()> {
        Ok(())
    }

    async fn examine(&self) -> Answer<Vec<Finding>> {
        let mut findings = self.read(schema::examine).await?;
        findings.push(if self.is_degraded() {
            let mend = "Make room on the disk; the reserve is set aside again by itself.";
            Finding::bad(Weight::Warning, "reserve", "given up: the disk was full", mend)
        } else {
            Finding::good("reserve", "set aside")
        });
        Ok(findings)
    }

    async fn ping(&self) -> Answer<()> {
        self.read(journal::size).await.map(drop)
    }

    async fn close(&self) {
        self.shared.close();
        let mut ended = self.ended.clone();
        // An error: the writer is gone already.
        let _ = ended.wait_for(|ended| *ended).await;
    }
}
