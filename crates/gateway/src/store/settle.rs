//! What is owed for a visit becomes rows: questions, messages to the hospital's system, reasons why it is not checked.

use super::{Ground, StoreError, asks, persons, pushes, rows};
use crate::facts::{Person, State, Visit};
use crate::outbound::Says;
use crate::owed::{self, Known, ONE_ATTENDANCE, Owed};
use crate::vault::Key;
use jiff::Timestamp;
use rusqlite::Connection;

/// Settles all visits of a person.
pub(super) fn person(connection: &Connection, ground: &Ground, key: Key, now: Timestamp) -> Result<(), StoreError> {
    for visit in rows::visits_of(connection, ground, key)? {
        self::visit(connection, ground, visit, now)?;
    }
    Ok(())
}

/// Settles a visit, and those that were announced after it for the same attendance.
pub(super) fn visit(connection: &Connection, ground: &Ground, visit: Visit, now: Timestamp) -> Result<(), StoreError> {
    let key = visit.key;
    one(connection, ground, visit, now)?;
    for with in rows::visits_with(connection, ground, key)? {
        one(connection, ground, with, now)?;
    }
    Ok(())
}

fn one(connection: &Connection, ground: &Ground, mut visit: Visit, now: Timestamp) -> Result<(), StoreError> {
    let before = visit.clone();
    let Some((_, Some(person))) = persons::find(connection, ground, visit.person)? else {
        return Err(StoreError::Row("a visit without its person"));
    };
    let number = person.number.map(|number| ground.number_key(number));
    let identity = ground.identity_key(&person);
    join(connection, ground, &mut visit, number)?;
    let mut questions = asks::of(connection, visit.key)?;
    if let Some(with) = visit.with {
        questions.extend(asks::of(connection, with)?);
    }
    let known = Known {
        visit: &visit,
        person: &person,
        number,
        identity,
        questions: &questions,
        window: ground.rules.window(&visit.feed),
        now,
    };
    let Owed { ask, forget, withdraw, show, unchecked } = owed::owed(&known);
    match number.filter(|_| !forget) {
        Some(number) => asks::forget_others(connection, visit.key, number, identity)?,
        None => asks::forget(connection, visit.key)?,
    }
    if let Some(number) = person.number.filter(|_| ask) {
        asks::make(connection, ground, &visit, number, identity, now)?;
    }
    if withdraw {
        pushes::make(connection, ground, &visit, &person, Says::Withdrawn, now)?;
        visit.shown = None;
    }
    if show {
        let is_late = asks::is_late(connection, &visit, number)?;
        let says = if is_late { Says::ShownLate } else { Says::Shown };
        pushes::make(connection, ground, &visit, &person, says, now)?;
        visit.shown = number;
    }
    if unchecked.is_none() {
        visit.unchecked_at = None;
    } else if visit.unchecked_at.is_none() {
        visit.unchecked_at = Some(now);
    }
    visit.unchecked = unchecked;
    if visit != before {
        rows::save(connection, ground, &visit, now)?;
    }
    Ok(())
}

/// Two unscheduled visits of one person to one site within some hours are one attendance, of which the authority is told once: the
/// later one shares the questions of the earlier.
fn join(connection: &Connection, ground: &Ground, visit: &mut Visit, number: Option<Key>) -> Result<(), StoreError> {
    if let Some(with) = visit.with {
        let first = rows::visit(connection, ground, with)?;
        let stands = first.is_some_and(|first| {
            first.state != State::Cancelled && of_person(connection, ground, &first).is_ok_and(|of| of == number)
        });
        if !stands && !asks::any_answered(connection, with)? {
            visit.with = None;
        }
        return Ok(());
    }
    let Some(number) = number.filter(|_| visit.arrived.is_some() && visit.state != State::Cancelled) else {
        return Ok(());
    };
    if !asks::of(connection, visit.key)?.is_empty() || !rows::visits_with(connection, ground, visit.key)?.is_empty() {
        return Ok(());
    }
    let edge = |start: Result<Timestamp, jiff::Error>| start.unwrap_or(visit.started);
    let between = (edge(visit.started.checked_sub(ONE_ATTENDANCE)), edge(visit.started.checked_add(ONE_ATTENDANCE)));
    let others = rows::same_attendance(connection, ground, &visit.site, number, between)?;
    visit.with = others.iter().map(|other| other.key).find(|other| *other != visit.key);
    Ok(())
}

fn of_person(connection: &Connection, ground: &Ground, visit: &Visit) -> Result<Option<Key>, StoreError> {
    let found = persons::find(connection, ground, visit.person)?;
    let person: Option<Person> = found.and_then(|(_, person)| person);
    Ok(person.and_then(|person| person.number).map(|number| ground.number_key(number)))
}
