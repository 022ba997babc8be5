-- Schema 3. The register of organisations, what the doors keep, reports from clinicians, search by name.

-- One row a version; the newest of a code counts. The entry that made it stands in the group's journal row.
CREATE TABLE organisation (
    number INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    code TEXT NOT NULL,
    version INTEGER NOT NULL,
    record BLOB NOT NULL,
    group_no INTEGER NOT NULL,
    UNIQUE (kind, code, version)
) STRICT;

-- Sessions, local accounts, and what may be used once.
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
CREATE INDEX kept_group_a ON kept (kind, group_a) WHERE group_a IS NOT NULL;
CREATE INDEX kept_group_b ON kept (kind, group_b) WHERE group_b IS NOT NULL;
CREATE INDEX kept_ends ON kept (kind, ends) WHERE ends IS NOT NULL;

ALTER TABLE notice ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
ALTER TABLE notice ADD COLUMN acknowledged_by BLOB;
CREATE INDEX notice_report ON notice (author, number) WHERE kind > 0;

ALTER TABLE register ADD COLUMN search_a BLOB;
ALTER TABLE register ADD COLUMN search_b BLOB;
CREATE INDEX register_search_a ON register (search_a) WHERE search_a IS NOT NULL;
CREATE INDEX register_search_b ON register (search_b) WHERE search_b IS NOT NULL;
