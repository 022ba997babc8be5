-- One look as the service makes one: lock and read in one round trip, write and commit in the next.
\set n random(1, :people)
\set k :k + 1
\set group :base + :k * 256 + :client_id
\startpipeline
BEGIN;
SELECT next_seq, next_index FROM sequence WHERE id = 1 FOR UPDATE;
SELECT group_no FROM staging WHERE group_no = :group;
SELECT person.id, data_key, hidden, own_until, plan.*, contact.*
FROM person
LEFT JOIN LATERAL (
    SELECT DISTINCT ON (plan_id) plan_id, version, group_no, authority, kind, start_on, end_on, delete_on, details
    FROM plan WHERE person_id = person.id AND group_no NOT IN (SELECT group_no FROM staging)
    ORDER BY plan_id DESC, version DESC, group_no DESC
) AS plan ON true
LEFT JOIN LATERAL (
    SELECT group_no, authority, version, name, emergency, office
    FROM contact WHERE authority = plan.authority AND group_no NOT IN (SELECT group_no FROM staging)
    ORDER BY version DESC, group_no DESC LIMIT 1
) AS contact ON true
WHERE lookup_a = substring(sha256(int8send(:n::bigint)) FOR 16);
SELECT id, person_id, until FROM alias WHERE lookup_a = substring(sha256(int8send(:n::bigint)) FOR 16);
\endpipeline
\startpipeline
INSERT INTO group_id (group_no, seq, first_index, count) SELECT :group::bigint, next_seq, next_index, 1 FROM sequence WHERE id = 1;
INSERT INTO journal (seq, group_no, first_index, count, digest, body) SELECT next_seq, :group::bigint, next_index, 1, :hash::bytea, :body::bytea FROM sequence WHERE id = 1;
UPDATE sequence SET next_seq = next_seq + 1, next_index = next_index + 1 WHERE id = 1;
INSERT INTO leaf (group_no, ordinal, hash) VALUES (:group, 0, :hash::bytea);
COMMIT;
\endpipeline
