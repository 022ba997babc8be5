-- Schema 2. Which schema this is, and the oldest program that works on it. It is the embedded database's own: other
-- backends keep this in their own way.

CREATE TABLE schema_version (version INTEGER PRIMARY KEY, serves INTEGER NOT NULL, name TEXT NOT NULL) STRICT;
INSERT INTO schema_version (version, serves, name) VALUES (1, 1, 'the first schema');
