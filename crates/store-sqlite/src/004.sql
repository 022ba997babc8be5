-- Schema 4. Mailboxes, how far authorities were told of their notices, and whose looks notices are of.

-- What a message says is sealed under its key. Complete messages have a place, in the order in which they became so.
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
CREATE INDEX mail_inbox ON mail (recipient, status, place);
CREATE INDEX mail_place ON mail (place);
CREATE INDEX mail_local ON mail (local) WHERE local IS NOT NULL;
CREATE INDEX mail_expires ON mail (expires) WHERE status <= 2;
CREATE INDEX mail_ended ON mail (ended) WHERE ended IS NOT NULL;

CREATE TABLE mail_part (
    mail_id TEXT NOT NULL,
    chunk INTEGER NOT NULL,
    part INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (mail_id, chunk, part)
) STRICT;

-- A row each time that an authority was told, in one way, of its notices up to a number.
CREATE TABLE delivery (
    authority TEXT NOT NULL,
    channel TEXT NOT NULL,
    upto INTEGER NOT NULL,
    at INTEGER NOT NULL,
    mail_id TEXT,
    PRIMARY KEY (authority, channel, upto)
) STRICT, WITHOUT ROWID;

CREATE INDEX upload_group ON upload (group_no) WHERE group_no IS NOT NULL;

-- Who looked, by a digest that is the same for every child: for some days. Notices from before have none.
ALTER TABLE notice ADD COLUMN reader BLOB;
CREATE INDEX notice_reader ON notice (reader, number) WHERE kind = 0 AND reader IS NOT NULL;
