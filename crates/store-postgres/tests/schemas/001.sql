-- Rows in every table of a database of schema 1, as the program of that day left them. Sealed columns hold made-up bytes.
-- It is upgraded by `migrations.rs`. Do not change it: databases like it are out there.

INSERT INTO setting (name, value) VALUES ('demo', '\x01ff');
INSERT INTO month_key (month, key) VALUES (202611, '\x00112233');
INSERT INTO person (id, lookup_a, lookup_b, number, data_key, hidden, own_until) VALUES (77, '\xa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1', NULL, '\x5ea1ed01', '\x5ea1ed02', NULL, NULL);
INSERT INTO person (id, lookup_a, lookup_b, number, data_key, hidden, own_until) VALUES (78, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO person (id, lookup_a, lookup_b, number, data_key, hidden, own_until) VALUES (79, '\xa2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2', '\xb2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2', '\x5ea1ed03', '\x5ea1ed04', 1, 20271124);
INSERT INTO alias (id, lookup_a, lookup_b, number, person_id, until) VALUES (1, '\xa3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3', NULL, '\x5ea1ed05', 77, 20271124);
INSERT INTO plan (person_id, plan_id, version, group_no, authority, kind, start_on, end_on, delete_on, details) VALUES (77, '\x00000000000000000000000000001001', 1, 1780000000001, 'E06000001', 1, 20260115, NULL, NULL, '\x5ea1ed06');
INSERT INTO plan (person_id, plan_id, version, group_no, authority, kind, start_on, end_on, delete_on, details) VALUES (77, '\x00000000000000000000000000001001', 2, 1780000000003, 'E06000001', 1, 20260115, 20261001, 20261101, '\x5ea1ed07');
INSERT INTO contact (authority, version, group_no, name, emergency, office) VALUES ('702', 1, 1780000000001, 'Camden', '01632960001', NULL);
INSERT INTO register (id, lookup_a, lookup_b, person) VALUES (1, '\xa4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4', NULL, '\x5ea1ed08');
INSERT INTO upload (authority, sequence, checksum, status, code, received, file_key, acknowledgement, sender, group_no, effective) VALUES ('702', 1, '\x0000000000000000000000000000000000000000000000000000000000000000', 4, 'CPF02', 1780000000000, '\x5ea1ed09', '\x5ea1ed0a', '\x5ea1ed0b', 1780000000001, 1780000001000);
INSERT INTO upload (authority, sequence, checksum, status, code, received, file_key, acknowledgement, sender, group_no, effective) VALUES ('702', 3, '\x0000000000000000000000000000000000000000000000000000000000000000', 1, NULL, 1780000002000, '\x5ea1ed0c', NULL, '\x5ea1ed0d', NULL, NULL);
INSERT INTO upload_file (authority, sequence, part, sealed) VALUES ('702', 3, 0, '\x5ea1ed0e');
INSERT INTO staging (group_no, at, discarded) VALUES (1780000000003, 1780000003000, 0);
INSERT INTO upload_body (group_no, slice, body) VALUES (1780000000001, 0, '\x5ea1ed0f');
INSERT INTO upload_body (group_no, slice, body) VALUES (1780000000003, 0, '\x5ea1ed10');
INSERT INTO leaf (group_no, ordinal, hash) VALUES (1780000000001, 0, '\x1111111111111111111111111111111111111111111111111111111111111111');
INSERT INTO leaf (group_no, ordinal, hash) VALUES (1780000000002, 0, '\x2222222222222222222222222222222222222222222222222222222222222222');
INSERT INTO leaf (group_no, ordinal, hash) VALUES (1780000000003, 0, '\x3333333333333333333333333333333333333333333333333333333333333333');
INSERT INTO journal (seq, group_no, first_index, count, digest, body) VALUES (1, 1780000000001, 0, 1, '\x4444444444444444444444444444444444444444444444444444444444444444', NULL);
INSERT INTO journal (seq, group_no, first_index, count, digest, body) VALUES (2, 1780000000002, 1, 1, '\x5555555555555555555555555555555555555555555555555555555555555555', '\x5ea1ed11');
INSERT INTO access (person_id, entry_index, seq, at, author) VALUES (77, 1, 2, 1780000004000, '\xc1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1');
INSERT INTO notice (number, id, authority, person_id, entry_index, seq, at, author, acknowledged) VALUES (1, '\x00000000000000000000000000002001', '702', 77, 1, 2, 1780000004000, '\xc1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1', NULL);
INSERT INTO quarantine (entry_index, why) VALUES (0, 'the row is not in the expected form');
DELETE FROM watermark;
INSERT INTO watermark (name, next_index) VALUES ('looks', 2);
INSERT INTO watermark (name, next_index) VALUES ('tree', 2);
DELETE FROM tree;
INSERT INTO tree (id, size, frontier) VALUES (1, 2, '\x00000000000000026666666666666666666666666666666666666666666666666666666666666666');
INSERT INTO tile (level, tile_index, hashes) VALUES (0, 0, '\x11111111111111111111111111111111111111111111111111111111111111112222222222222222222222222222222222222222222222222222222222222222');
INSERT INTO checkpoint (number, size, note) VALUES (1, 2, 'test.example/log');
INSERT INTO group_id (group_no, seq, first_index, count) SELECT group_no, seq, first_index, count FROM journal;
