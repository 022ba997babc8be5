-- Schema 4. A look says itself which authorities it owed a notice: following a person takes one place of one table, not two of two.

ALTER TABLE access ADD COLUMN listed bigint NOT NULL DEFAULT 1 CHECK (listed IN (0, 1));
ALTER TABLE access ADD COLUMN owed text COLLATE "C" NOT NULL DEFAULT '';

-- What may still be in a window of a person: 24 hours and 5 minutes before the last notice.
INSERT INTO access (person_id, entry_index, seq, at, author, listed)
    SELECT person_id, entry_index, seq, at, author, 0 FROM notice WHERE kind = 0 AND at >=
    (SELECT max(at) FROM notice AS last WHERE last.person_id = notice.person_id AND last.kind = 0) - 86700000
    ON CONFLICT DO NOTHING;
UPDATE access SET owed = told.authorities FROM (SELECT person_id, entry_index, string_agg(authority, ' ' ORDER BY number) AS authorities
    FROM notice WHERE kind = 0 GROUP BY person_id, entry_index) AS told
    WHERE told.person_id = access.person_id AND told.entry_index = access.entry_index;

-- Only an erasure asks for all notices of a person, and nobody looks meanwhile.
DROP INDEX notice_person;
