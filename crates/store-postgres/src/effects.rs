//! What else changes with a group, in its transaction.

use crate::batch::{Batch, owned};
use crate::values::date;
use cpis_model::entry::HiddenFor;
use cpis_store::{Effect, GroupId, NumberKey, StoredAlias};

/// A digest as it is stored.
pub(crate) fn key(key: Option<NumberKey>) -> Option<Vec<u8>> {
    key.map(|key| key.to_vec())
}

/// Adds the statements of an effect.
pub(crate) fn add(batch: &mut Batch, group: GroupId, effect: Effect) {
    match effect {
        Effect::Hide(person, hidden) => batch.add(
            "-- person.hide\nUPDATE person SET hidden = $1 WHERE id = $2",
            owned![hidden.map(|hidden| i64::from(HiddenFor::number(hidden))), person.value()],
        ),
        Effect::EndOwnNumber(person, until) => batch.add(
            "-- person.end_own_number\nUPDATE person SET own_until = $1 WHERE id = $2",
            owned![date(until), person.value()],
        ),
        Effect::AddAlias(StoredAlias { keys, number, person, until, .. }) => batch.add(
            "-- alias.insert\nINSERT INTO alias (lookup_a, lookup_b, number, person_id, until) VALUES ($1, $2, $3, $4, $5)",
            owned![key(keys.a), key(keys.b), number, person.value(), until.map(date)],
        ),
        Effect::EndAlias(person, keys, until) => batch.add(
            "-- alias.end\nUPDATE alias SET until = $1 WHERE person_id = $2 AND (lookup_a = $3 OR lookup_b = $4) AND until IS NULL",
            owned![date(until), person.value(), key(keys.a), key(keys.b)],
        ),
        Effect::Erase(person) => {
            // The applier holds this lock while it saves; what it saves next sees the person erased. What stages plans locks
            // the person.
            batch.add("-- watermark.lock\nSELECT 1 FROM watermark WHERE name = 'looks' FOR UPDATE", owned![]);
            // The row of the person stays, empty, so that the id is known as erased.
            for sql in [
                "-- person.erase\nUPDATE person SET lookup_a = NULL, lookup_b = NULL, number = NULL, data_key = NULL, \
                 hidden = NULL, own_until = NULL WHERE id = $1",
                "-- alias.erase\nDELETE FROM alias WHERE person_id = $1",
                "-- plan.erase\nDELETE FROM plan WHERE person_id = $1",
                "-- access.erase\nDELETE FROM access WHERE person_id = $1",
                "-- notice.erase\nDELETE FROM notice WHERE person_id = $1",
            ] {
                batch.add(sql, owned![person.value()]);
            }
        }
        Effect::SkipSequence(authority, sequence) => batch.add(
            "-- upload.skip\nINSERT INTO upload (authority, sequence, checksum, status, received, sender) \
             VALUES ($1, $2, decode(repeat('00', 32), 'hex'), 5, 0, '') ON CONFLICT (authority, sequence) DO UPDATE SET status = 5 \
             WHERE upload.status < 4",
            owned![authority.0.as_str().to_owned(), sequence as i64],
        ),
        // Under the sequence lock, so that numbers rise in the order of the journal. What is not the next version would have
        // none, which the table refuses.
        Effect::Organisation(new) => batch.add(
            "-- organisation.insert\nINSERT INTO organisation (number, kind, code, version, record, group_no) \
             SELECT (SELECT coalesce(max(number), 0) FROM organisation) + 1, $1, $2, \
             (SELECT CASE WHEN coalesce(max(version), 0) + 1 = $5::bigint THEN $5 END FROM organisation \
             WHERE kind = $1 AND code = $2), $3, $4",
            owned![i64::from(new.kind), new.code, new.record, group.0, i64::from(new.version)],
        ),
    }
}
