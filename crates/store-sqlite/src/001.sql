-- Schema 1. Times are integer milliseconds since 1970 in UTC, dates integers yyyymmdd, sealed columns blobs.
-- A row that names a group is visible unless the group stands in `staging`.

CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    group_no INTEGER NOT NULL UNIQUE,
    first_index INTEGER NOT NULL,
    count INTEGER NOT NULL,
    digest BLOB NOT NULL,
    body BLOB
) STRICT;
CREATE INDEX journal_first_index ON journal (first_index);

CREATE TABLE leaf (
    group_no INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (group_no, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE upload_body (
    group_no INTEGER NOT NULL,
    slice INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (group_no, slice)
) STRICT;

CREATE TABLE staging (
    group_no INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    discarded INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE person (
    id INTEGER PRIMARY KEY,
    lookup_a BLOB UNIQUE,
    lookup_b BLOB UNIQUE,
    number BLOB,
    data_key BLOB,
    hidden INTEGER,
    own_until INTEGER
) STRICT;

CREATE TABLE alias (
    id INTEGER PRIMARY KEY,
    lookup_a BLOB,
    lookup_b BLOB,
    number BLOB NOT NULL,
    person_id INTEGER NOT NULL,
    until INTEGER
) STRICT;
CREATE INDEX alias_lookup_a ON alias (lookup_a) WHERE lookup_a IS NOT NULL;
CREATE INDEX alias_lookup_b ON alias (lookup_b) WHERE lookup_b IS NOT NULL;
CREATE INDEX alias_person ON alias (person_id);

CREATE TABLE plan (
    person_id INTEGER NOT NULL,
    plan_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    group_no INTEGER NOT NULL,
    authority TEXT NOT NULL,
    kind INTEGER NOT NULL,
    start_on INTEGER NOT NULL,
    end_on INTEGER,
    delete_on INTEGER,
    details BLOB NOT NULL,
    PRIMARY KEY (person_id, plan_id, version, group_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX plan_group ON plan (group_no);

CREATE TABLE contact (
    authority TEXT NOT NULL,
    version INTEGER NOT NULL,
    group_no INTEGER NOT NULL,
    name TEXT NOT NULL,
    emergency TEXT NOT NULL,
    office TEXT,
    PRIMARY KEY (authority, version, group_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_group ON contact (group_no);

CREATE TABLE access (
    person_id INTEGER NOT NULL,
    entry_index INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    author BLOB NOT NULL,
    PRIMARY KEY (person_id, entry_index)
) STRICT, WITHOUT ROWID;

CREATE TABLE notice (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    authority TEXT NOT NULL,
    person_id INTEGER NOT NULL,
    entry_index INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    author BLOB NOT NULL,
    acknowledged INTEGER
) STRICT;
CREATE INDEX notice_authority ON notice (authority, number);
CREATE INDEX notice_person ON notice (person_id, at);
CREATE INDEX notice_open ON notice (at) WHERE acknowledged IS NULL;

CREATE TABLE watermark (name TEXT PRIMARY KEY, next_index INTEGER NOT NULL) STRICT;
INSERT INTO watermark (name, next_index) VALUES ('looks', 0), ('tree', 0);

CREATE TABLE tree (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    size INTEGER NOT NULL,
    frontier BLOB NOT NULL
) STRICT;
INSERT INTO tree (id, size, frontier) VALUES (1, 0, x'');

CREATE TABLE tile (
    level INTEGER NOT NULL,
    tile_index INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (level, tile_index)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoint (number INTEGER PRIMARY KEY, size INTEGER NOT NULL UNIQUE, note TEXT NOT NULL) STRICT;

CREATE TABLE quarantine (entry_index INTEGER PRIMARY KEY, why TEXT NOT NULL) STRICT;

CREATE TABLE month_key (month INTEGER PRIMARY KEY, key BLOB NOT NULL) STRICT;

CREATE TABLE upload (
    authority TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    checksum BLOB NOT NULL,
    status INTEGER NOT NULL,
    code TEXT,
    received INTEGER NOT NULL,
    file_key BLOB,
    acknowledgement BLOB,
    sender BLOB NOT NULL,
    group_no INTEGER,
    effective INTEGER,
    PRIMARY KEY (authority, sequence)
) STRICT;
CREATE INDEX upload_waiting ON upload (authority, sequence) WHERE status < 4;
CREATE INDEX upload_file_kept ON upload (received) WHERE file_key IS NOT NULL;

CREATE TABLE upload_file (
    authority TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    part INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (authority, sequence, part)
) STRICT;

CREATE TABLE register (
    id INTEGER PRIMARY KEY,
    lookup_a BLOB UNIQUE,
    lookup_b BLOB UNIQUE,
    person BLOB NOT NULL
) STRICT;

CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
