//! A year of looks that nobody made, put into the tables directly: through the service's doors, millions would take hours.
//!
//! Everything stands there as the service itself would have written it, sealed, hashed and derived, so that `cpis audit verify`
//! finds nothing wrong. All people are looked at one after the other, then all of them again by somebody else.

use anyhow::{Context, Result, anyhow};
use cpis_app::applier::{Tree, notice_id};
use cpis_app::frame::{self, KeyOf};
use cpis_app::people::{Keys, author_key, group_at};
use cpis_app::recorder::seal_entry;
use cpis_app::seal::SealKey;
use cpis_audit::{Hash, group_digest};
use cpis_load::words::whole;
use cpis_model::Timestamp;
use cpis_model::access::{AuthorKey, Purpose};
use cpis_model::caller::{Caller, Mode, Rights, Staff, Who};
use cpis_model::entry::{Entry, Look, Outcome, PersonId, Seen, What};
use cpis_model::organisation::{AuthorityCode, Site};
use cpis_model::register::Register;
use cpis_store::tables::{Row, Table, Value, table};
use cpis_store::{Database, GroupId, HeldAccess, LookStep, PlanKey};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Looks of one journal row: what a flush takes in a busy hour of the country.
const GROUP_LOOKS: u64 = 4;
/// Groups that are put at once.
const GROUPS_AT_ONCE: u64 = 4_000;
/// People whose lists are put at once.
const PEOPLE_AT_ONCE: usize = 1_000;
/// Rows that are read at once.
const ROWS: u32 = 5_000;
/// The looks end so long ago, and begin a year earlier.
const ENDED_MS: i64 = 3 * 86_400_000;
const YEAR_MS: i64 = 362 * 86_400_000;

/// A person who was looked at.
struct Known {
    person: PersonId,
    key: [u8; 32],
    seen: Vec<Seen>,
}

/// The year.
pub struct History {
    keys: Keys,
    people: Vec<Known>,
    callers: Vec<Arc<Caller>>,
    /// Index of the first entry.
    first_index: u64,
    /// Number of the first journal row.
    first_seq: u64,
    /// The highest number of a notice before.
    last_notice: u64,
    /// When it begins.
    begins: Timestamp,
}

/// Where a look stands.
#[derive(Clone, Copy)]
struct Place {
    index: u64,
    seq: u64,
    group: GroupId,
    ordinal: u32,
    at: Timestamp,
}

/// Journal rows with their leaves and notices, in order.
#[derive(Default)]
struct Rows {
    journal: Vec<Row>,
    leaves: Vec<Row>,
    hashes: Vec<Hash>,
    notices: Vec<Row>,
}

impl History {
    /// Plans so many looks at each person with a plan, after what the journal holds.
    pub async fn of(
        store: &dyn Database,
        keys: Keys,
        register: &Register,
        looks: u32,
        now: Timestamp,
    ) -> Result<Arc<Self>> {
        let begins = Timestamp::from_millisecond(now.as_millisecond() - ENDED_MS - YEAR_MS)?;
        let last = store.last_key(rows_of("journal")?).await?;
        let first_seq = match last.as_deref() {
            Some([Value::Integer(seq)]) => u64::try_from(*seq)? + 1,
            _ => 1,
        };
        let callers = callers(register, looks)?;
        let (people, first_index) = (known(store, &keys).await?, store.size().await?);
        let last_notice = store.highest(rows_of("notice")?).await?;
        Ok(Arc::new(Self { keys, people, callers, first_index, first_seq, last_notice, begins }))
    }

    /// Writes it.
    pub async fn load(self: Arc<Self>, store: &dyn Database, say: &dyn Fn(&str)) -> Result<()> {
        let (hand_over, mut made) = mpsc::channel::<Rows>(2);
        let own = self.clone();
        let making = tokio::task::spawn_blocking(move || own.make(&hand_over));
        let (journal, leaf, notice, mut done) = (rows_of("journal")?, rows_of("leaf")?, rows_of("notice")?, 0);
        let (mut tree, mut grown) = (Tree::load(store).await?, self.first_index);
        while let Some(rows) = made.recv().await {
            done += rows.hashes.len() as u64;
            rows.hashes.iter().for_each(|leaf| tree.push(*leaf));
            store.put_rows(leaf, rows.leaves).await?;
            store.put_rows(journal, rows.journal).await?;
            store.put_rows(notice, rows.notices).await?;
            store.apply_tree(tree.step(grown, None)).await?;
            grown = self.first_index + done;
            if done % 1_000_000 < GROUPS_AT_ONCE * GROUP_LOOKS {
                say(&format!("history: {} of {} looks", whole(done as f64), whole(self.looks() as f64)));
            }
        }
        making.await?;
        store.number_after(notice, store.highest(notice).await?).await?;
        self.list(store, say).await?;
        // Uploads, which bring nothing to lists, may not have been looked through yet.
        let from = store.watermarks().await?.looks;
        let step = LookStep { from, to: self.first_index + self.looks(), ..LookStep::default() };
        store.apply_looks(step).await?;
        Ok(())
    }

    fn looks(&self) -> u64 {
        (self.people.len() * self.callers.len()) as u64
    }

    /// Where the nth look stands.
    fn place(&self, nth: u64) -> Place {
        let group_no = nth / GROUP_LOOKS;
        let groups = self.looks().div_ceil(GROUP_LOOKS).max(1);
        let passed = YEAR_MS.unsigned_abs() * group_no / groups;
        let at = Timestamp::from_millisecond(self.begins.as_millisecond() + passed as i64).unwrap_or(self.begins);
        Place {
            index: self.first_index + nth,
            seq: self.first_seq + group_no,
            group: group_at(at, group_no),
            ordinal: (nth % GROUP_LOOKS) as u32,
            at,
        }
    }

    fn make(&self, hand_over: &mpsc::Sender<Rows>) {
        let (groups, mut number) = (self.looks().div_ceil(GROUP_LOOKS), self.last_notice);
        for first in (0..groups).step_by(GROUPS_AT_ONCE as usize) {
            let mut rows = Rows::default();
            for group_no in first..groups.min(first + GROUPS_AT_ONCE) {
                self.group(group_no, &mut rows, &mut number);
            }
            if hand_over.blocking_send(rows).is_err() {
                return;
            }
        }
    }

    fn group(&self, group_no: u64, rows: &mut Rows, number: &mut u64) {
        let (mut body, first) = (Vec::new(), group_no * GROUP_LOOKS);
        let begun = rows.hashes.len();
        for nth in first..self.looks().min(first + GROUP_LOOKS) {
            let of = (nth % self.people.len() as u64, nth / self.people.len() as u64);
            let (Some(known), Some(caller)) = (self.people.get(of.0 as usize), self.callers.get(of.1 as usize)) else {
                continue;
            };
            let (place, key) = (self.place(nth), SealKey::new(known.key));
            let author = author_key(&key, caller);
            let look = Look {
                caller: caller.clone(),
                author: Some(author),
                purpose: Purpose::Flags,
                mode: Mode::Notifying,
                declared_against_activity: false,
                outcome: Outcome::Shown(known.seen.clone()),
                number: None,
                trace: None,
            };
            let entry = Entry { at: place.at, person: Some(known.person), what: What::Look(look) };
            let key_of = KeyOf::Person(known.person);
            let (sealed, leaf) = seal_entry(&self.keys, place.group, place.ordinal, &entry, key_of, &key);
            frame::push(&mut body, key_of, &sealed);
            rows.leaves.push(vec![
                Value::Integer(place.group.0),
                Value::Integer(place.ordinal.into()),
                Value::Bytes(leaf.to_vec()),
            ]);
            rows.hashes.push(leaf);
            for authority in authorities(known) {
                *number += 1;
                rows.notices.push(notice(*number, known.person, author, place, authority));
            }
        }
        let (place, leaves) = (self.place(first), rows.hashes.get(begun..).unwrap_or_default());
        rows.journal.push(vec![
            integer(place.seq),
            Value::Integer(place.group.0),
            integer(place.index),
            integer(leaves.len() as u64),
            Value::Bytes(group_digest(leaves).to_vec()),
            Value::Bytes(body),
        ]);
    }

    /// Lists: person by person, so that pages are filled one after another.
    async fn list(&self, store: &dyn Database, say: &dyn Fn(&str)) -> Result<()> {
        let access = rows_of("access")?;
        for (nth, some) in self.people.chunks(PEOPLE_AT_ONCE).enumerate() {
            let mut accesses = Vec::new();
            for (within, known) in some.iter().enumerate() {
                let (key, person) = (SealKey::new(known.key), Value::Integer(known.person.value()));
                let held = [Value::Integer(1), Value::Text(HeldAccess::owed_text(&authorities(known)))];
                for (round, caller) in self.callers.iter().enumerate() {
                    let place = self.place((round * self.people.len() + nth * PEOPLE_AT_ONCE + within) as u64);
                    let what = what(author_key(&key, caller), place);
                    accesses.push([std::slice::from_ref(&person), &what, &held].concat());
                }
            }
            store.put_rows(access, accesses).await?;
            if nth % 100 == 0 {
                say(&format!("history: lists of {} people", whole((nth * PEOPLE_AT_ONCE) as f64)));
            }
        }
        Ok(())
    }
}

/// The columns of a look that lists and notices have.
fn what(author: AuthorKey, place: Place) -> [Value; 4] {
    let at = Value::Integer(place.at.as_millisecond());
    [integer(place.index), integer(place.seq), at, Value::Bytes(author.0.to_vec())]
}

/// Authorities that are owed a notice.
fn authorities(known: &Known) -> Vec<AuthorityCode> {
    let mut authorities: Vec<AuthorityCode> = Vec::new();
    for seen in &known.seen {
        if !authorities.contains(&seen.authority) {
            authorities.push(seen.authority);
        }
    }
    authorities
}

/// A notice that was acknowledged at once and whose reader was forgotten.
fn notice(number: u64, person: PersonId, author: AuthorKey, place: Place, authority: AuthorityCode) -> Row {
    let code = authority.0.as_str();
    let id = notice_id(place.group, place.ordinal, code).as_bytes().to_vec();
    let head = [integer(number), Value::Bytes(id), Value::Text(code.to_owned()), Value::Integer(person.value())];
    let acknowledged = Value::Integer(place.at.as_millisecond());
    let tail = [acknowledged, Value::Integer(0), Value::Null, Value::Null];
    [head.as_slice(), &what(author, place), &tail].concat()
}

fn rows_of(name: &'static str) -> Result<&'static Table> {
    table(name).with_context(|| format!("there is no table {name}"))
}

fn integer(number: u64) -> Value {
    Value::Integer(number as i64)
}

/// Nurses at as many sites.
fn callers(register: &Register, looks: u32) -> Result<Vec<Arc<Caller>>> {
    let of = |(nth, site): (u64, &&Site)| {
        let organisation = register.organisation(site.organisation).context("a site without an organisation")?;
        let staff = Staff {
            user_id: format!("{:012}", 555_000_000_000 + nth).into(),
            role_profile_id: None,
            role_code: "R8001".into(),
            role_name: "Nurse Access Role".into(),
            name: "Benchmark Nurse".into(),
        };
        let rights = Rights { view: true, ..Rights::default() };
        Ok(Arc::new(Caller { who: Who::Person(staff), organisation, site: Some((**site).clone()), rights }))
    };
    (0..).zip(register.sites().iter().rev()).take(looks as usize).map(of).collect()
}

/// Everybody with a plan.
async fn known(store: &dyn Database, keys: &Keys) -> Result<Vec<Known>> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let people = store.people_after(after, ROWS).await?;
        let Some(last) = people.last() else { break };
        after = Some(last.row.id);
        for person in &people {
            let key = keys.person(&person.row).map_err(|error| anyhow!("{error}"))?;
            all.push(Known { person: person.row.id, key: *key.raw(), seen: Vec::new() });
        }
    }
    // Both come in the order of people.
    let (mut after, mut at): (Option<PlanKey>, usize) = (None, 0);
    loop {
        let plans = store.plans_after(after, ROWS).await?;
        let Some((person, plan)) = plans.last() else { break };
        after = Some(PlanKey { person: *person, plan: plan.id, version: plan.version, group: plan.group });
        for (person, plan) in plans {
            at += all.iter().skip(at).position(|known| known.person == person).context("a plan of nobody")?;
            let known = all.get_mut(at).context("a plan of nobody")?;
            known.seen.push(Seen { plan: plan.id, version: plan.version, authority: plan.authority });
        }
    }
    all.retain(|known| !known.seen.is_empty());
    Ok(all)
}

#[cfg(test)]
mod tests;
