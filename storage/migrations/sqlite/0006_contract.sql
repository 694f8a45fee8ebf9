-- What integrators rely on: a feed that survives restores, customers with one owner for each name, and a store
-- without anything that no row names.

-- The feed. A cursor names the feed it is of (`name`) and proves the event it stands on (`mark`, a random number of
-- each event), so one that this feed never gave is known as such. On PostgreSQL a new cluster counts transactions
-- from the beginning again: `epoch` keeps the order across it.
CREATE TABLE feed (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    epoch BIGINT NOT NULL,
    name BIGINT NOT NULL,
    -- Which cluster and table, or which file, the name was given in.
    identity TEXT,
    since BIGINT NOT NULL
);
INSERT INTO feed (id, epoch, name, since) VALUES (1, 1, random(), 0);
ALTER TABLE events ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN mark BIGINT NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN version BIGINT;
ALTER TABLE events ADD COLUMN document_kind TEXT;
ALTER TABLE events ADD COLUMN customer_id BLOB;
ALTER TABLE events ADD COLUMN changed TEXT NOT NULL DEFAULT '[]';
UPDATE events SET mark = random();

-- Customers. One that was merged into another keeps its external id, which leads there.
ALTER TABLE customers ADD COLUMN merged_into BLOB REFERENCES customers (id);
CREATE INDEX customers_merged ON customers (merged_into) WHERE merged_into IS NOT NULL;

-- Phones in their one form (acuse_pipeline::phone says why); a customer known by both forms keeps one row.
CREATE TABLE phone_forms AS
SELECT customer_id, value,
    CASE WHEN length(value) = 13 AND substr(value, 1, 3) = '549' THEN '54' || substr(value, 4)
         WHEN length(value) = 13 AND substr(value, 1, 3) = '521' THEN '52' || substr(value, 4)
         ELSE substr(value, 1, 4) || '9' || substr(value, 5) END AS canonical
FROM customer_aliases
WHERE kind = 'phone' AND (
    (length(value) = 13 AND substr(value, 1, 3) IN ('549', '521'))
    OR (length(value) = 12 AND substr(value, 1, 2) = '55' AND substr(value, 5, 1) IN ('6', '7', '8', '9')));
DELETE FROM customer_aliases WHERE kind = 'phone'
    AND EXISTS (SELECT 1 FROM phone_forms f WHERE f.customer_id = customer_aliases.customer_id
        AND f.value = customer_aliases.value);
INSERT INTO customer_aliases (customer_id, kind, value)
SELECT DISTINCT customer_id, 'phone', canonical FROM phone_forms WHERE true
ON CONFLICT (kind, value, customer_id) DO NOTHING;
DROP TABLE phone_forms;

-- A name that two customers share today is in dispute: it recognises nobody until one of them gives it up. From now
-- on the database holds that a strong name has one owner.
ALTER TABLE customer_aliases ADD COLUMN disputed BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE customer_aliases SET disputed = TRUE
WHERE kind IN ('phone', 'tax_id', 'id_number') AND (kind, value) IN
    (SELECT kind, value FROM customer_aliases GROUP BY kind, value HAVING COUNT(*) > 1);
CREATE UNIQUE INDEX customer_aliases_owner ON customer_aliases (kind, value)
    WHERE NOT disputed AND kind IN ('phone', 'tax_id', 'id_number');
CREATE INDEX customer_aliases_disputed ON customer_aliases (kind, value) WHERE disputed;

-- Where a comparison of rows and objects stands, so that it goes on after a restart.
CREATE TABLE object_sweeps (
    direction TEXT PRIMARY KEY CHECK (direction IN ('objects', 'rows')),
    after TEXT,
    started_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    looked_at BIGINT NOT NULL DEFAULT 0,
    found BIGINT NOT NULL DEFAULT 0
);
