-- Schema 3. Mailboxes, how far authorities were told of their notices, and whose looks notices are of.

-- What a message says is sealed under its key. Complete messages have a place, in the order in which they became so.
CREATE TABLE mail (
    id text COLLATE "C" PRIMARY KEY,
    sender text COLLATE "C",
    recipient text COLLATE "C" NOT NULL,
    workflow text COLLATE "C" NOT NULL,
    status bigint NOT NULL,
    place bigint NOT NULL,
    at bigint NOT NULL,
    expires bigint NOT NULL,
    ended bigint,
    chunks bigint NOT NULL,
    compressed bigint NOT NULL,
    bytes bigint NOT NULL,
    local bytea,
    held bigint,
    key bytea NOT NULL,
    envelope bytea NOT NULL
);
CREATE INDEX mail_inbox ON mail (recipient, status, place);
CREATE INDEX mail_place ON mail (place);
CREATE INDEX mail_local ON mail (local) WHERE local IS NOT NULL;
CREATE INDEX mail_expires ON mail (expires) WHERE status <= 2;
CREATE INDEX mail_ended ON mail (ended) WHERE ended IS NOT NULL;

CREATE TABLE mail_part (
    mail_id text COLLATE "C" NOT NULL,
    chunk bigint NOT NULL,
    part bigint NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (mail_id, chunk, part)
);

-- A row each time that an authority was told, in one way, of its notices up to a number.
CREATE TABLE delivery (
    authority text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    upto bigint NOT NULL,
    at bigint NOT NULL,
    mail_id text COLLATE "C",
    PRIMARY KEY (authority, channel, upto)
);

CREATE INDEX upload_group ON upload (group_no) WHERE group_no IS NOT NULL;

-- Who looked, by a digest that is the same for every child: for some days. Notices from before have none.
ALTER TABLE notice ADD COLUMN reader bytea;
CREATE INDEX notice_reader ON notice (reader, number) WHERE kind = 0 AND reader IS NOT NULL;

REVOKE ALL ON mail, mail_part, delivery FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON mail TO @service@;
GRANT SELECT, INSERT, DELETE ON mail_part TO @service@;
GRANT SELECT, INSERT ON delivery TO @service@;
GRANT UPDATE (reader) ON notice TO @service@;
GRANT UPDATE (until) ON alias TO @service@;
