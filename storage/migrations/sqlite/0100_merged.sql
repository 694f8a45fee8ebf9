-- Whoever was merged is one look away from whom they became, however often those were merged since.
WITH RECURSIVE chain (id, kept, steps) AS (
    SELECT c.id, k.merged_into, 1 FROM contacts c JOIN contacts k ON k.id = c.merged_into
    WHERE c.merged_into IS NOT NULL AND k.merged_into IS NOT NULL
    UNION ALL
    SELECT chain.id, k.merged_into, chain.steps + 1 FROM chain JOIN contacts k ON k.id = chain.kept
    WHERE k.merged_into IS NOT NULL AND chain.steps < 16
)
UPDATE contacts SET merged_into = (SELECT chain.kept FROM chain WHERE chain.id = contacts.id ORDER BY chain.steps DESC LIMIT 1)
WHERE id IN (SELECT chain.id FROM chain);
-- Of whom somebody was that was erased, and of whom it left something, the erasure goes on; but for what a hold keeps.
UPDATE erasures SET finished_at = NULL, counts = REPLACE(counts, '"rows_done":true', '"rows_done":false')
WHERE kind = 'contact' AND finished_at IS NOT NULL AND EXISTS (SELECT 1 FROM contacts p WHERE p.merged_into = erasures.subject
    AND (p.phone IS NOT NULL OR p.name IS NOT NULL OR p.identity_key_hash IS NOT NULL))
  AND NOT EXISTS (SELECT 1 FROM contacts p JOIN legal_holds h ON h.kind = 'contact' AND h.subject = p.id
    WHERE p.id = erasures.subject OR p.merged_into = erasures.subject);
-- Whoever is bound to a customer that was merged is bound to whom it became.
INSERT INTO bindings (holder_id, customer_id, created_at)
SELECT b.holder_id, c.merged_into, MIN(b.created_at) FROM bindings b JOIN customers c ON c.id = b.customer_id
WHERE c.merged_into IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM bindings o WHERE o.holder_id = b.holder_id AND o.customer_id = c.merged_into)
GROUP BY b.holder_id, c.merged_into;
-- What was written under such a customer's id since is theirs.
UPDATE documents SET customer_id = (SELECT c.merged_into FROM customers c WHERE c.id = documents.customer_id),
    version = version + 1, updated_at = MAX(updated_at, CAST(strftime('%s', 'now') AS INTEGER) * 1000000)
WHERE customer_id IN (SELECT c.id FROM customers c WHERE c.merged_into IS NOT NULL);
UPDATE contacts SET customer_id = (SELECT c.merged_into FROM customers c WHERE c.id = contacts.customer_id)
WHERE customer_id IN (SELECT c.id FROM customers c WHERE c.merged_into IS NOT NULL);
UPDATE obligations SET customer_id = (SELECT c.merged_into FROM customers c WHERE c.id = obligations.customer_id)
WHERE customer_id IN (SELECT c.id FROM customers c WHERE c.merged_into IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM obligations o JOIN customers c ON c.merged_into = o.customer_id
    WHERE c.id = obligations.customer_id AND o.number = obligations.number)
  AND NOT EXISTS (SELECT 1 FROM obligations o JOIN customers c ON c.id = o.customer_id
    JOIN customers m ON m.merged_into = c.merged_into
    WHERE m.id = obligations.customer_id AND o.number = obligations.number AND o.id < obligations.id);
-- Whoever was erased by an id that had been merged away was not; a person is told, for it cannot be taken back.
INSERT INTO incidents (id, kind, subject, severity, state, opened_at, last_seen_at, count)
SELECT randomblob(16), 'erasure_of_nobody', m.kind || ' ' || lower(substr(hex(m.kept), 1, 8) || '-' || substr(hex(m.kept), 9, 4) || '-' || substr(hex(m.kept), 13, 4) || '-' || substr(hex(m.kept), 17, 4) || '-' || substr(hex(m.kept), 21)), 'critical', 'open', CAST(strftime('%s', 'now') AS INTEGER) * 1000000, CAST(strftime('%s', 'now') AS INTEGER) * 1000000, m.times
FROM (SELECT g.kind, g.kept, COUNT(*) AS times FROM (
    SELECT e.kind, c.merged_into AS kept FROM erasures e JOIN contacts c ON c.id = e.subject WHERE e.kind = 'contact'
    UNION ALL
    SELECT e.kind, c.merged_into FROM erasures e JOIN customers c ON c.id = e.subject WHERE e.kind = 'customer') g
  WHERE g.kept IS NOT NULL AND NOT EXISTS (SELECT 1 FROM erasures k WHERE k.kind = g.kind AND k.subject = g.kept)
  GROUP BY g.kind, g.kept) m;
