-- Who may see what. A document is `open` where its kind is vouched for and it is hardly an ID, or where a person who may
-- see IDs said so.
ALTER TABLE documents ADD COLUMN id_probability DOUBLE PRECISION;
-- Who said so; empty where the rule did.
ALTER TABLE documents ADD COLUMN sensitivity_by TEXT;

-- Whether a person sees IDs. Whoever reviewed before goes on as before.
ALTER TABLE users ADD COLUMN sees_ids BOOLEAN NOT NULL DEFAULT TRUE;

-- What a key or a person is bound to; unbound, they reach everything. A row stays when what it names goes: a key that
-- loses its customer must reach nothing, not everything.
CREATE TABLE bindings (
    holder_id UUID NOT NULL,
    customer_id UUID,
    entity_id UUID,
    team TEXT,
    created_at BIGINT NOT NULL,
    CHECK (num_nonnulls(customer_id, entity_id, team) = 1)
);
CREATE UNIQUE INDEX bindings_customer ON bindings (holder_id, customer_id) WHERE customer_id IS NOT NULL;
CREATE UNIQUE INDEX bindings_entity ON bindings (holder_id, entity_id) WHERE entity_id IS NOT NULL;
CREATE UNIQUE INDEX bindings_team ON bindings (holder_id, team) WHERE team IS NOT NULL;

-- What is made good of rows that were there before, in small steps: where it stands, and up to which row it goes.
CREATE TABLE backfills (
    name TEXT PRIMARY KEY,
    at_id UUID,
    upto_id UUID NOT NULL,
    done BIGINT NOT NULL DEFAULT 0,
    total BIGINT NOT NULL,
    finished_at BIGINT
);

UPDATE documents SET sensitivity = 'id' WHERE kind = 'id';
-- Of what was filed, what a person decided and what came as XML is vouched for; but no part of a file that holds an ID.
UPDATE documents SET sensitivity = 'open', sensitivity_by = 'upgrade'
WHERE status = 'filed' AND kind IN ('invoice', 'receipt')
  AND (fields LIKE '%"source":"xml"%' OR EXISTS (
      SELECT 1 FROM reviews r WHERE r.document_id = documents.id AND r.resolution IN ('approved', 'corrected')))
  AND (part IS NULL OR NOT EXISTS (
      SELECT 1 FROM documents o WHERE o.kind = 'id'
        AND (o.id = COALESCE(documents.part_of, documents.id) OR o.part_of = COALESCE(documents.part_of, documents.id))));
INSERT INTO backfills (name, upto_id, total)
SELECT 'sensitivity', (SELECT id FROM documents ORDER BY id DESC LIMIT 1), COUNT(*)
FROM documents WHERE sensitivity = 'unknown' AND kind IN ('invoice', 'receipt') HAVING COUNT(*) > 0;
