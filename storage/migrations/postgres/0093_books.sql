-- The hash over the hashes of a closed month's lines, which can still be made when one of them was erased. Months that were
-- closed before have none.
ALTER TABLE periods ADD COLUMN lines_sha256 BYTEA;
-- What came late to a month is frozen as it came (periods::late); what came before that is, once, behind the migration.
INSERT INTO backfills (name, upto_id, total)
SELECT 'late_lines', (SELECT id FROM periods ORDER BY month DESC LIMIT 1), COUNT(*) FROM periods HAVING COUNT(*) > 0;
-- Under which the numbers of events are hidden in cursors: they count what happens to everybody.
ALTER TABLE feed ADD COLUMN veil BYTEA;
UPDATE feed SET veil = uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
