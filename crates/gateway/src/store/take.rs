//! A message is taken: what it says becomes facts, and what is owed for them becomes rows. One transaction; the sender is answered
//! after it.

use super::notes::{self, NoteKind};
use super::{Ground, Store, StoreError, persons, pushes, rows, settle};
use crate::facts::{Local, Person, Place, State, Visit};
use crate::happening::{Happening, Said, What};
use crate::outbound::Says;
use crate::vault::Key;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};

/// A visit number that comes again after this is another visit.
const REUSED: SignedDuration = SignedDuration::from_hours(24 * 60);

/// What a message came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Taken {
    /// Nothing of it is kept.
    Dropped,
    /// It had its effect before.
    Again,
    /// It had an effect.
    Applied,
    /// Somebody must look at it.
    Noted,
}

impl Store {
    /// Puts a message into the queue, in the order of calls. `told` is called once it is on disk, or once that failed.
    pub fn take(
        &self,
        happenings: Vec<Happening>,
        raw: Vec<u8>,
        now: Timestamp,
        told: impl FnOnce(Result<Taken, StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        let ground = std::sync::Arc::clone(&self.ground);
        self.writer.push(move |connection| take(connection, &ground, &happenings, &raw, now), told)
    }
}

impl Store {
    /// Takes a message of a file. Where nobody is to be told, what is asked because of it is asked silently.
    pub async fn load(
        &self,
        happenings: Vec<Happening>,
        raw: Vec<u8>,
        silent: bool,
        now: Timestamp,
    ) -> Result<Taken, StoreError> {
        self.step(move |connection, ground| {
            let last: i64 = connection
                .prepare_cached("-- ask.last_id\nSELECT coalesce(max(id), 0) FROM ask")?
                .query_row([], |row| row.get(0))?;
            let taken = take(connection, ground, &happenings, &raw, now)?;
            if silent {
                let sql = "-- ask.silence\nUPDATE ask SET silent = 1 WHERE id > ?1 AND state = 0";
                connection.prepare_cached(sql)?.execute([last])?;
            }
            Ok(taken)
        })
        .await
    }
}

/// Everything that a message does, within the transaction of its caller. A merge of several persons is several happenings.
pub(super) fn take(
    connection: &Connection,
    ground: &Ground,
    happenings: &[Happening],
    raw: &[u8],
    now: Timestamp,
) -> Result<Taken, StoreError> {
    let feed = happenings.first().map_or("", |happening| &happening.feed);
    let digest = ground.vault.digest_bytes("message", &[feed.as_bytes(), raw]);
    let sql = "-- seen.read\nSELECT 1 FROM seen WHERE digest = ?1";
    if connection.prepare_cached(sql)?.exists([digest])? {
        return Ok(Taken::Again);
    }
    let mut taken = Taken::Dropped;
    for happening in happenings {
        taken = taken.max(Step { connection, ground, happening, now }.apply()?);
    }
    if taken != Taken::Dropped {
        let sql = "-- seen.save\nINSERT OR IGNORE INTO seen (digest, at) VALUES (?1, ?2)";
        connection.prepare_cached(sql)?.execute(params![digest, now.as_millisecond()])?;
        if let Some(said) = happenings.iter().find_map(|happening| happening.visit.as_ref()) {
            keep_raw(connection, ground, said, raw, now)?;
        }
    }
    Ok(taken)
}

/// Keeps the message itself, sealed, where it is about a visit that was announced in scope.
fn keep_raw(
    connection: &Connection,
    ground: &Ground,
    said: &Said,
    raw: &[u8],
    now: Timestamp,
) -> Result<(), StoreError> {
    let key = ground.visit_key(&said.place);
    let Some(visit) = rows::visit(connection, ground, key)?.filter(|visit| visit.arrived.is_some()) else {
        return Ok(());
    };
    let sql = "-- raw.save\nINSERT INTO raw (visit_key, at, sealed) VALUES (?1, ?2, ?3)";
    let sealed = ground.vault.seal("raw", &visit.key, raw);
    connection.prepare_cached(sql)?.execute(params![visit.key, now.as_millisecond(), sealed])?;
    Ok(())
}

impl Ground {
    /// The key of a visit's number. The site is no part of it: not every message of a visit says where it is.
    pub fn visit_key(&self, place: &Place) -> Key {
        self.vault.digest("visit", &[&place.authority, &place.feed, &place.number])
    }
}

/// One message on its way into the store.
struct Step<'a> {
    connection: &'a Connection,
    ground: &'a Ground,
    happening: &'a Happening,
    now: Timestamp,
}

impl Step<'_> {
    fn apply(&self) -> Result<Taken, StoreError> {
        let Some(said) = &self.happening.person else {
            return if self.happening.arrival { self.note(NoteKind::Nobody, None) } else { Ok(Taken::Dropped) };
        };
        match &self.happening.what {
            What::Merge(old) => self.merge(old, said),
            What::Delete => self.delete(said),
            What::Unclear => self.unclear(said),
            What::MoveVisit(from) => self.move_visit(from, said),
            What::Facts | What::End | What::Cancel | What::Reopen => match &self.happening.visit {
                Some(visit) => self.of_visit(said, visit),
                None => self.of_person(said),
            },
        }
    }

    /// Learns what a message says of a person who is known; tells where they are held.
    fn learn(&self, said: &Person) -> Result<Option<Key>, StoreError> {
        let local = self.ground.local_key(&said.local);
        let Some((key, held)) = persons::find(self.connection, self.ground, local)? else { return Ok(None) };
        let mut person = held.unwrap_or_else(|| Person { earlier: Vec::new(), ..said.clone() });
        let mut said = said.clone();
        if key != local && person.number.is_some() {
            // A message under an identity that was merged away says nothing about the number any more.
            (said.number, said.trouble) = (None, None);
        }
        person.learn(&said);
        persons::save(self.connection, self.ground, key, &person, self.now)?;
        Ok(Some(key))
    }

    /// A message about a person alone: of somebody who is not known nothing is kept.
    fn of_person(&self, said: &Person) -> Result<Taken, StoreError> {
        let Some(key) = self.learn(said)? else { return Ok(Taken::Dropped) };
        settle::person(self.connection, self.ground, key, self.now)?;
        Ok(Taken::Applied)
    }

    fn of_visit(&self, said: &Person, told: &Said) -> Result<Taken, StoreError> {
        let key = self.ground.visit_key(&told.place);
        let mut known = rows::visit(self.connection, self.ground, key)?;
        if let Some(visit) = &known
            && self.happening.arrival
            && visit.state != State::Open
            && told.started.duration_since(visit.started) > REUSED
        {
            // The number was given out again: the old visit gets a key that nobody asks for.
            let aside = self
                .ground
                .vault
                .digest_bytes("visit.aside", &[&visit.key, &visit.started.as_millisecond().to_be_bytes()]);
            let (old, from) = (Visit { key: aside, ..visit.clone() }, visit.key);
            rows::rename(self.connection, from, aside, self.now)?;
            rows::save(self.connection, self.ground, &old, self.now)?;
            self.connection.prepare_cached("-- moved.undo\nDELETE FROM moved WHERE key = ?1")?.execute([from])?;
            known = None;
        }
        let is_kept = self.happening.arrival || (self.happening.eligible && self.happening.what != What::Facts);
        if known.is_none() && !is_kept {
            // Not a visit to ask about; but the person may have one that is.
            return self.of_person(said);
        }
        let person = if let Some(key) = self.learn(said)? {
            key
        } else {
            let key = self.ground.local_key(&said.local);
            persons::save(self.connection, self.ground, key, said, self.now)?;
            key
        };
        let is_new = known.is_none();
        let mut visit = known.unwrap_or_else(|| new_visit(key, person, self.happening, told));
        // A visit that was registered for the wrong person goes over to the right one.
        if visit.person != person && self.happening.at >= visit.place_at {
            visit.person = person;
        }
        self.tell(&mut visit, told, is_new);
        let starts = visit.arrived == Some(self.now);
        rows::save(self.connection, self.ground, &visit, self.now)?;
        let key = visit.key;
        settle::visit(self.connection, self.ground, visit, self.now)?;
        settle::person(self.connection, self.ground, person, self.now)?;
        if starts && self.happening.unknown_location {
            self.note(NoteKind::UnknownLocation, Some(key))?;
        }
        if starts && !told.place.is_numbered() {
            self.note(NoteKind::Unnumbered, Some(key))?;
        }
        Ok(Taken::Applied)
    }

    /// What the message says of a visit.
    fn tell(&self, visit: &mut Visit, told: &Said, is_new: bool) {
        let at = self.happening.at;
        visit.learn(&told.place, at);
        match self.happening.what {
            What::End => visit.become_state(State::Ended, at),
            What::Cancel => visit.become_state(State::Cancelled, at),
            What::Reopen => visit.become_state(State::Open, at),
            // An arrival after a cancellation that it does not know of: the number is used again at once.
            What::Facts
                if self.happening.arrival && !is_new && visit.state == State::Cancelled && at > visit.state_at =>
            {
                visit.become_state(State::Open, at);
            }
            _ => {}
        }
        if self.happening.arrival && visit.arrived.is_none() {
            visit.arrived = Some(self.now);
            visit.started = told.started;
            visit.feed.clone_from(&self.happening.feed);
        }
    }

    fn merge(&self, old: &Local, said: &Person) -> Result<Taken, StoreError> {
        let (from, into) = (self.ground.local_key(old), self.ground.local_key(&said.local));
        if from == into {
            // Merged into herself: nothing but what the message says of her.
            return self.of_person(said);
        }
        // One that was merged elsewhere before has nothing of its own any more.
        let loser = persons::find(self.connection, self.ground, from)?.filter(|(key, _)| *key == from);
        let survivor = persons::find(self.connection, self.ground, into)?;
        if loser.is_none() && survivor.is_none() && !self.happening.eligible {
            return Ok(Taken::Dropped);
        }
        let lost = loser.as_ref().and_then(|(_, person)| person.clone());
        let held = survivor.and_then(|(key, person)| person.filter(|_| key == into));
        let mut person = match (held, &lost) {
            (Some(held), _) => held,
            (None, Some(lost)) => Person { local: said.local.clone(), ..lost.clone() },
            (None, None) => said.clone(),
        };
        // A merge may come before what it follows; its identifiers count, whatever the time.
        person.learn(said);
        if let Some(lost) = &lost {
            let numbers = lost.earlier.iter().copied().chain(lost.number);
            let others: Vec<_> = numbers.filter(|number| Some(*number) != person.number).collect();
            person
                .earlier
                .extend(others.into_iter().filter(|number| !person.earlier.contains(number)).collect::<Vec<_>>());
            self.withdraw_of(loser.as_ref())?;
        }
        persons::merge(self.connection, from, into, self.now)?;
        persons::save(self.connection, self.ground, into, &person, self.now)?;
        settle::person(self.connection, self.ground, into, self.now)?;
        Ok(Taken::Applied)
    }

    /// What is shown under an identity that is merged away goes; what is owed is shown again under the one that stays.
    fn withdraw_of(&self, loser: Option<&(Key, Option<Person>)>) -> Result<(), StoreError> {
        let Some((key, Some(person))) = loser else { return Ok(()) };
        for mut visit in rows::visits_of(self.connection, self.ground, *key)? {
            if visit.shown.take().is_some() {
                pushes::make(self.connection, self.ground, &visit, person, Says::Withdrawn, self.now)?;
                rows::save(self.connection, self.ground, &visit, self.now)?;
            }
        }
        Ok(())
    }

    fn delete(&self, said: &Person) -> Result<Taken, StoreError> {
        let local = self.ground.local_key(&said.local);
        let Some((key, _)) = persons::find(self.connection, self.ground, local)? else { return Ok(Taken::Dropped) };
        for mut visit in rows::visits_of(self.connection, self.ground, key)? {
            visit.become_state(State::Cancelled, self.happening.at);
            rows::save(self.connection, self.ground, &visit, self.now)?;
        }
        settle::person(self.connection, self.ground, key, self.now)?;
        Ok(Taken::Applied)
    }

    /// Identifiers or accounts were moved: with somebody who is known, a person must look.
    fn unclear(&self, said: &Person) -> Result<Taken, StoreError> {
        let local = self.ground.local_key(&said.local);
        if persons::find(self.connection, self.ground, local)?.is_none() {
            return Ok(Taken::Dropped);
        }
        self.note(NoteKind::Moved, None)
    }

    fn move_visit(&self, from: &Place, said: &Person) -> Result<Taken, StoreError> {
        let Some(told) = &self.happening.visit else { return self.unclear(said) };
        let (from, to) = (self.ground.visit_key(from), self.ground.visit_key(&told.place));
        let Some(mut visit) = rows::visit(self.connection, self.ground, from)?.filter(|_| from != to) else {
            return self.of_person(said);
        };
        let person = self.learn(said)?.unwrap_or(visit.person);
        let target = rows::visit(self.connection, self.ground, to)?.filter(|target| target.key != visit.key);
        if let Some(mut target) = target {
            // Two visits were one: the first stays in history, what is owed is owed for the second.
            visit.become_state(State::Cancelled, self.happening.at);
            rows::save(self.connection, self.ground, &visit, self.now)?;
            if target.with.is_none() && visit.arrived.is_some() {
                target.with = Some(visit.key);
                target.arrived = target.arrived.or(visit.arrived);
            }
            target.person = person;
            let first = visit.key;
            rows::save(self.connection, self.ground, &target, self.now)?;
            settle::visit(self.connection, self.ground, visit, self.now)?;
            settle::visit(self.connection, self.ground, target, self.now)?;
            rows::moved(self.connection, first, to, self.now)?;
        } else {
            let old = visit.key;
            visit.key = to;
            visit.person = person;
            visit.learn(&told.place, self.happening.at);
            let location = std::mem::take(&mut visit.place.location);
            visit.place = Place { location, class: visit.place.class.clone(), ..told.place.clone() };
            rows::rename(self.connection, old, to, self.now)?;
            rows::save(self.connection, self.ground, &visit, self.now)?;
            settle::visit(self.connection, self.ground, visit, self.now)?;
        }
        Ok(Taken::Applied)
    }

    fn note(&self, kind: NoteKind, visit: Option<Key>) -> Result<Taken, StoreError> {
        let Happening { feed, control_id, .. } = self.happening;
        notes::add(self.connection, kind, feed, control_id, visit, self.now)?;
        Ok(Taken::Noted)
    }
}

fn new_visit(key: Key, person: Key, happening: &Happening, told: &Said) -> Visit {
    Visit {
        key,
        person,
        feed: happening.feed.clone(),
        site: told.site.clone(),
        state: State::Open,
        state_at: happening.at,
        arrived: None,
        started: told.started,
        place: told.place.clone(),
        place_at: happening.at,
        with: None,
        shown: None,
        unchecked: None,
        unchecked_at: None,
    }
}
