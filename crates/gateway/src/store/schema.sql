-- The gateway's own file. Times are milliseconds since 1970; what tells who somebody is lies sealed or as a keyed digest.
CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

-- A local identity. `into_key` names the one that it was merged into.
CREATE TABLE person (
    key BLOB PRIMARY KEY,
    into_key BLOB,
    number_key BLOB,
    sealed BLOB,
    touched INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX person_number ON person (number_key) WHERE number_key IS NOT NULL;
CREATE INDEX person_into ON person (into_key) WHERE into_key IS NOT NULL;

CREATE TABLE visit (
    key BLOB PRIMARY KEY,
    person_key BLOB NOT NULL,
    feed TEXT NOT NULL,
    site TEXT NOT NULL,
    state INTEGER NOT NULL,
    state_at INTEGER NOT NULL,
    arrived INTEGER,
    started INTEGER NOT NULL,
    place_at INTEGER NOT NULL,
    with_key BLOB,
    shown BLOB,
    unchecked TEXT,
    unchecked_at INTEGER,
    sealed BLOB NOT NULL,
    touched INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX visit_person ON visit (person_key);
CREATE INDEX visit_unchecked ON visit (unchecked, unchecked_at) WHERE unchecked IS NOT NULL;
CREATE INDEX visit_touched ON visit (touched);
CREATE INDEX visit_with ON visit (with_key) WHERE with_key IS NOT NULL;

-- A key of a visit that was moved: the number that it has now.
CREATE TABLE moved (
    key BLOB PRIMARY KEY,
    to_key BLOB NOT NULL,
    touched INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A question to the national service. state: 0 waits, 1 a record, 2 none, 3 the details do not match, 4 the question has a fault.
CREATE TABLE ask (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    visit_key BLOB NOT NULL,
    number_key BLOB NOT NULL,
    identity_key BLOB NOT NULL,
    event_id BLOB NOT NULL,
    state INTEGER NOT NULL,
    trouble TEXT,
    made INTEGER NOT NULL,
    answered INTEGER,
    late INTEGER NOT NULL DEFAULT 0,
    silent INTEGER NOT NULL DEFAULT 0,
    UNIQUE (visit_key, number_key, identity_key)
) STRICT;
CREATE INDEX ask_waiting ON ask (id) WHERE state = 0;
CREATE INDEX ask_found ON ask (answered) WHERE state = 1;
CREATE INDEX ask_number ON ask (number_key);

-- A message owed to a hospital's system. state: 0 waits, 1 accepted, 2 rejected.
CREATE TABLE push (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    target TEXT NOT NULL,
    visit_key BLOB NOT NULL,
    shows INTEGER NOT NULL,
    control_id TEXT NOT NULL,
    state INTEGER NOT NULL,
    made INTEGER NOT NULL,
    done INTEGER,
    sealed BLOB NOT NULL
) STRICT;
CREATE INDEX push_waiting ON push (target, id) WHERE state = 0;
CREATE INDEX push_visit ON push (visit_key);

-- Something that somebody should look at, beside what is not checked.
CREATE TABLE note (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    feed TEXT NOT NULL,
    visit_key BLOB,
    control_id TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX note_visit ON note (visit_key) WHERE visit_key IS NOT NULL;

-- Raw messages of visits that were asked about, for disputes; purged after days.
CREATE TABLE raw (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    visit_key BLOB NOT NULL,
    at INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT;

-- Messages that were accepted and could not be applied. state: 0 waits, 1 applied since.
CREATE TABLE dead_letter (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    feed TEXT NOT NULL,
    reason TEXT NOT NULL,
    control_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    sealed BLOB NOT NULL
) STRICT;

-- Messages that had an effect: the same one again has none.
CREATE TABLE seen (
    digest BLOB PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_at ON seen (at);
