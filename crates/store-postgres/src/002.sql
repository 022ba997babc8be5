-- Schema 2. The register of organisations, what the doors keep, reports from clinicians, search by name.

-- One row a version; the newest of a code counts. The entry that made it stands in the group's journal row.
CREATE TABLE organisation (
    number bigint PRIMARY KEY,
    kind bigint NOT NULL,
    code text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    record bytea NOT NULL,
    group_no bigint NOT NULL,
    UNIQUE (kind, code, version)
);

-- Sessions, local accounts, and what may be used once.
CREATE TABLE kept (
    kind bigint NOT NULL,
    id bytea NOT NULL,
    revision bigint NOT NULL,
    group_a bytea,
    group_b bytea,
    ends bigint,
    body bytea NOT NULL,
    PRIMARY KEY (kind, id)
) WITH (fillfactor = 50);
CREATE INDEX kept_group_a ON kept (kind, group_a) WHERE group_a IS NOT NULL;
CREATE INDEX kept_group_b ON kept (kind, group_b) WHERE group_b IS NOT NULL;
CREATE INDEX kept_ends ON kept (kind, ends) WHERE ends IS NOT NULL;

ALTER TABLE notice ADD COLUMN kind bigint NOT NULL DEFAULT 0;
ALTER TABLE notice ADD COLUMN acknowledged_by bytea;
CREATE INDEX notice_report ON notice (author, number) WHERE kind > 0;

ALTER TABLE register ADD COLUMN search_a bytea;
ALTER TABLE register ADD COLUMN search_b bytea;
CREATE INDEX register_search_a ON register (search_a) WHERE search_a IS NOT NULL;
CREATE INDEX register_search_b ON register (search_b) WHERE search_b IS NOT NULL;

REVOKE ALL ON organisation, kept FROM PUBLIC;
GRANT SELECT, INSERT ON organisation TO @service@;
GRANT SELECT, INSERT, UPDATE, DELETE ON kept TO @service@;
GRANT UPDATE (acknowledged_by) ON notice TO @service@;
