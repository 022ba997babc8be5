-- A database of schema 4 as the program of that day left it, with some rows in every table. Sealed columns hold made-up
-- bytes. It is upgraded by `migrations.rs`. Do not change it: databases like it are out there.

PRAGMA application_id = 1129335123;
PRAGMA user_version = 4;

BEGIN TRANSACTION;
CREATE TABLE access (
    person_id INTEGER NOT NULL,
    entry_index INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    author BLOB NOT NULL,
    PRIMARY KEY (person_id, entry_index)
) STRICT, WITHOUT ROWID;
INSERT INTO access VALUES(77,1,2,1780000004000,X'c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1');
CREATE TABLE alias (
    id INTEGER PRIMARY KEY,
    lookup_a BLOB,
    lookup_b BLOB,
    number BLOB NOT NULL,
    person_id INTEGER NOT NULL,
    until INTEGER
) STRICT;
INSERT INTO alias VALUES(1,X'a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3',NULL,X'5ea1ed05',77,20271124);
CREATE TABLE checkpoint (number INTEGER PRIMARY KEY, size INTEGER NOT NULL UNIQUE, note TEXT NOT NULL) STRICT;
INSERT INTO checkpoint VALUES(1,2,'test.example/log');
CREATE TABLE contact (
    authority TEXT NOT NULL,
    version INTEGER NOT NULL,
    group_no INTEGER NOT NULL,
    name TEXT NOT NULL,
    emergency TEXT NOT NULL,
    office TEXT,
    PRIMARY KEY (authority, version, group_no)
) STRICT, WITHOUT ROWID;
INSERT INTO contact VALUES('702',1,1780000000001,'Camden','01632960001',NULL);
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    group_no INTEGER NOT NULL UNIQUE,
    first_index INTEGER NOT NULL,
    count INTEGER NOT NULL,
    digest BLOB NOT NULL,
    body BLOB
) STRICT;
INSERT INTO journal VALUES(1,1780000000001,0,1,X'4444444444444444444444444444444444444444444444444444444444444444',NULL);
INSERT INTO journal VALUES(2,1780000000002,1,1,X'5555555555555555555555555555555555555555555555555555555555555555',X'5ea1ed11');
CREATE TABLE kept (
    kind INTEGER NOT NULL,
    id BLOB NOT NULL,
    revision INTEGER NOT NULL,
    group_a BLOB,
    group_b BLOB,
    ends INTEGER,
    body BLOB NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
INSERT INTO kept VALUES(1,X'c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5',1,X'd5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5',NULL,1780000900000,X'5ea1ed21');
INSERT INTO kept VALUES(2,X'c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6',3,NULL,NULL,NULL,X'5ea1ed22');
CREATE TABLE leaf (
    group_no INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (group_no, ordinal)
) STRICT, WITHOUT ROWID;
INSERT INTO leaf VALUES(1780000000001,0,X'1111111111111111111111111111111111111111111111111111111111111111');
INSERT INTO leaf VALUES(1780000000002,0,X'2222222222222222222222222222222222222222222222222222222222222222');
INSERT INTO leaf VALUES(1780000000003,0,X'3333333333333333333333333333333333333333333333333333333333333333');
CREATE TABLE month_key (month INTEGER PRIMARY KEY, key BLOB NOT NULL) STRICT;
INSERT INTO month_key VALUES(202611,X'00112233');
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
, kind INTEGER NOT NULL DEFAULT 0, acknowledged_by BLOB, reader BLOB) STRICT;
INSERT INTO notice VALUES(1,X'00000000000000000000000000002001','702',77,1,2,1780000004000,X'c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1',1780000005000,0,X'5ea1ed23',X'f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1');
CREATE TABLE organisation (
    number INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    code TEXT NOT NULL,
    version INTEGER NOT NULL,
    record BLOB NOT NULL,
    group_no INTEGER NOT NULL,
    UNIQUE (kind, code, version)
) STRICT;
INSERT INTO organisation VALUES(1,3,'RJ122',1,X'5ea1ed20',1780000000002);
CREATE TABLE person (
    id INTEGER PRIMARY KEY,
    lookup_a BLOB UNIQUE,
    lookup_b BLOB UNIQUE,
    number BLOB,
    data_key BLOB,
    hidden INTEGER,
    own_until INTEGER
) STRICT;
INSERT INTO person VALUES(77,X'a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1',NULL,X'5ea1ed01',X'5ea1ed02',NULL,NULL);
INSERT INTO person VALUES(78,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO person VALUES(79,X'a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2',X'b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2',X'5ea1ed03',X'5ea1ed04',1,20271124);
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
INSERT INTO "plan" VALUES(77,X'00000000000000000000000000001001',1,1780000000001,'E06000001',1,20260115,NULL,NULL,X'5ea1ed06');
INSERT INTO "plan" VALUES(77,X'00000000000000000000000000001001',2,1780000000003,'E06000001',1,20260115,20261001,20261101,X'5ea1ed07');
CREATE TABLE quarantine (entry_index INTEGER PRIMARY KEY, why TEXT NOT NULL) STRICT;
INSERT INTO quarantine VALUES(0,'the row is not in the expected form');
CREATE TABLE register (
    id INTEGER PRIMARY KEY,
    lookup_a BLOB UNIQUE,
    lookup_b BLOB UNIQUE,
    person BLOB NOT NULL
, search_a BLOB, search_b BLOB) STRICT;
INSERT INTO register VALUES(1,X'a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4',NULL,X'5ea1ed08',X'e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5',NULL);
CREATE TABLE schema_version (version INTEGER PRIMARY KEY, serves INTEGER NOT NULL, name TEXT NOT NULL) STRICT;
INSERT INTO schema_version VALUES(1,1,'the first schema');
INSERT INTO schema_version VALUES(2,2,'the schema''s version in a table');
INSERT INTO schema_version VALUES(3,2,'organisations, sessions, reports');
INSERT INTO schema_version VALUES(4,2,'mailboxes');
CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
INSERT INTO setting VALUES('demo',X'01ff');
CREATE TABLE staging (
    group_no INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    discarded INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO staging VALUES(1780000000003,1780000003000,0);
CREATE TABLE tile (
    level INTEGER NOT NULL,
    tile_index INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (level, tile_index)
) STRICT, WITHOUT ROWID;
INSERT INTO tile VALUES(0,0,X'11111111111111111111111111111111111111111111111111111111111111112222222222222222222222222222222222222222222222222222222222222222');
CREATE TABLE tree (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    size INTEGER NOT NULL,
    frontier BLOB NOT NULL
) STRICT;
INSERT INTO tree VALUES(1,2,X'00000000000000026666666666666666666666666666666666666666666666666666666666666666');
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
INSERT INTO upload VALUES('702',1,X'0000000000000000000000000000000000000000000000000000000000000000',4,'CPF02',1780000000000,X'5ea1ed09',X'5ea1ed0a',X'5ea1ed0b',1780000000001,1780000001000);
INSERT INTO upload VALUES('702',3,X'0000000000000000000000000000000000000000000000000000000000000000',1,NULL,1780000002000,X'5ea1ed0c',NULL,X'5ea1ed0d',NULL,NULL);
CREATE TABLE upload_body (
    group_no INTEGER NOT NULL,
    slice INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (group_no, slice)
) STRICT;
INSERT INTO upload_body VALUES(1780000000001,0,X'5ea1ed0f');
INSERT INTO upload_body VALUES(1780000000003,0,X'5ea1ed10');
CREATE TABLE upload_file (
    authority TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    part INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (authority, sequence, part)
) STRICT;
INSERT INTO upload_file VALUES('702',3,0,X'5ea1ed0e');
CREATE TABLE watermark (name TEXT PRIMARY KEY, next_index INTEGER NOT NULL) STRICT;
INSERT INTO watermark VALUES('looks',2);
INSERT INTO watermark VALUES('tree',2);
CREATE TABLE mail (
    id TEXT PRIMARY KEY,
    sender TEXT,
    recipient TEXT NOT NULL,
    workflow TEXT NOT NULL,
    status INTEGER NOT NULL,
    place INTEGER NOT NULL,
    at INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    ended INTEGER,
    chunks INTEGER NOT NULL,
    compressed INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    local BLOB,
    held INTEGER,
    key BLOB NOT NULL,
    envelope BLOB NOT NULL
) STRICT;
INSERT INTO mail VALUES('20260601120000000001_AAAAAA','X26OT001','702OT001','CPIS_NOTICE',1,1,1780000006000,1780432006000,NULL,1,0,4,NULL,NULL,X'5ea1ed30',X'5ea1ed31');
CREATE TABLE mail_part (
    mail_id TEXT NOT NULL,
    chunk INTEGER NOT NULL,
    part INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (mail_id, chunk, part)
) STRICT;
INSERT INTO mail_part VALUES('20260601120000000001_AAAAAA',1,1,X'5ea1ed32');
CREATE TABLE delivery (
    authority TEXT NOT NULL,
    channel TEXT NOT NULL,
    upto INTEGER NOT NULL,
    at INTEGER NOT NULL,
    mail_id TEXT,
    PRIMARY KEY (authority, channel, upto)
) STRICT, WITHOUT ROWID;
INSERT INTO delivery VALUES('702','mail',1,1780000006000,'20260601120000000001_AAAAAA');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('notice',2);
CREATE INDEX journal_first_index ON journal (first_index);
CREATE INDEX alias_lookup_a ON alias (lookup_a) WHERE lookup_a IS NOT NULL;
CREATE INDEX alias_lookup_b ON alias (lookup_b) WHERE lookup_b IS NOT NULL;
CREATE INDEX alias_person ON alias (person_id);
CREATE INDEX plan_group ON plan (group_no);
CREATE INDEX contact_group ON contact (group_no);
CREATE INDEX notice_authority ON notice (authority, number);
CREATE INDEX notice_person ON notice (person_id, at);
CREATE INDEX notice_open ON notice (at) WHERE acknowledged IS NULL;
CREATE INDEX upload_waiting ON upload (authority, sequence) WHERE status < 4;
CREATE INDEX upload_file_kept ON upload (received) WHERE file_key IS NOT NULL;
CREATE INDEX kept_group_a ON kept (kind, group_a) WHERE group_a IS NOT NULL;
CREATE INDEX kept_group_b ON kept (kind, group_b) WHERE group_b IS NOT NULL;
CREATE INDEX kept_ends ON kept (kind, ends) WHERE ends IS NOT NULL;
CREATE INDEX notice_report ON notice (author, number) WHERE kind > 0;
CREATE INDEX register_search_a ON register (search_a) WHERE search_a IS NOT NULL;
CREATE INDEX register_search_b ON register (search_b) WHERE search_b IS NOT NULL;
CREATE INDEX mail_inbox ON mail (recipient, status, place);
CREATE INDEX mail_place ON mail (place);
CREATE INDEX mail_local ON mail (local) WHERE local IS NOT NULL;
CREATE INDEX mail_expires ON mail (expires) WHERE status <= 2;
CREATE INDEX mail_ended ON mail (ended) WHERE ended IS NOT NULL;
CREATE INDEX upload_group ON upload (group_no) WHERE group_no IS NOT NULL;
CREATE INDEX notice_reader ON notice (reader, number) WHERE kind = 0 AND reader IS NOT NULL;
COMMIT;
