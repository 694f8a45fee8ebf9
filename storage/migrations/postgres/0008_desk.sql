-- The desk: leases with a fencing token, decisions that can be taken back, drafts, and what the queue counts by.

-- Goes up with every new holder, so that a save of an earlier one is told apart.
ALTER TABLE reviews ADD COLUMN fence BIGINT NOT NULL DEFAULT 0;
-- A document that is back after an undo keeps its place: the queue goes by time, not by id.
DROP INDEX reviews_queue;
CREATE INDEX reviews_queue ON reviews (opened_at, id) WHERE resolved_at IS NULL;
-- One row a reason.
CREATE TABLE review_reasons (
    review_id UUID NOT NULL,
    code TEXT NOT NULL,
    PRIMARY KEY (review_id, code)
);
INSERT INTO review_reasons (review_id, code)
SELECT DISTINCT r.id, j.value ->> 'code' FROM reviews r, jsonb_array_elements(r.reasons::jsonb) AS j (value)
WHERE r.resolved_at IS NULL;

-- A decision whose event and message wait, so that it can be taken back. The row goes when they are written, or when
-- the decision is undone.
CREATE TABLE holds (
    document_id UUID PRIMARY KEY REFERENCES documents (id),
    review_id UUID NOT NULL,
    decided_by TEXT NOT NULL,
    held_until BIGINT NOT NULL,
    document_version BIGINT NOT NULL,
    was TEXT NOT NULL,
    effects TEXT NOT NULL,
    task_id TEXT
);
CREATE INDEX holds_person ON holds (decided_by, held_until);

-- What a person typed and did not decide yet.
CREATE TABLE drafts (
    document_id UUID NOT NULL REFERENCES documents (id),
    person TEXT NOT NULL,
    document_version BIGINT NOT NULL,
    form TEXT NOT NULL,
    saved_at BIGINT NOT NULL,
    PRIMARY KEY (document_id, person)
);
