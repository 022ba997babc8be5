-- Schema 5. A look says itself which authorities it owed a notice: following a person takes one place of one table, not two of two.

ALTER TABLE access ADD COLUMN listed INTEGER NOT NULL DEFAULT 1 CHECK (listed IN (0, 1));
ALTER TABLE access ADD COLUMN owed TEXT NOT NULL DEFAULT '';

-- What may still be in a window of a person: 24 hours and 5 minutes before the last notice.
INSERT OR IGNORE INTO access (person_id, entry_index, seq, at, author, listed)
    SELECT person_id, entry_index, seq, at, author, 0 FROM notice WHERE kind = 0 AND at >=
    (SELECT max(at) FROM notice AS last WHERE last.person_id = notice.person_id AND last.kind = 0) - 86700000;
UPDATE access SET owed = (SELECT coalesce(group_concat(authority, ' '), '') FROM notice
    WHERE notice.person_id = access.person_id AND notice.entry_index = access.entry_index AND notice.kind = 0);

-- Only an erasure asks for all notices of a person, and nobody looks meanwhile.
DROP INDEX notice_person;
-- Whether somebody was erased meanwhile, without reading the row of everybody who was not.
CREATE INDEX person_erased ON person (id) WHERE data_key IS NULL;
