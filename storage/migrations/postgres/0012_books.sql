-- What is in the books, in the order an export asks for it. What stands apart below is what an export counts.
CREATE INDEX documents_books ON documents (doc_date, id) WHERE status = 'filed' AND duplicate_of IS NULL;
CREATE INDEX documents_books_received ON documents (received_at, id) WHERE status = 'filed' AND duplicate_of IS NULL;
CREATE INDEX documents_books_withheld ON documents (received_at)
    WHERE status = 'filed' AND duplicate_of IS NULL AND sensitivity <> 'open';

-- Months that were closed. Their rows never change; the hash is over their lines, in order.
CREATE TABLE periods (
    id UUID PRIMARY KEY,
    month TEXT NOT NULL UNIQUE CHECK (length(month) = 7),
    closed_at BIGINT NOT NULL,
    closed_by TEXT NOT NULL,
    totals TEXT NOT NULL,
    sha256 BYTEA NOT NULL
);
CREATE TABLE period_rows (
    period_id UUID NOT NULL REFERENCES periods (id),
    position BIGINT NOT NULL,
    document_id UUID NOT NULL,
    line TEXT NOT NULL,
    PRIMARY KEY (period_id, position)
);
CREATE UNIQUE INDEX period_rows_document ON period_rows (document_id, period_id);
-- What became of a document of a closed month afterwards: taken back (`was`), and said anew (`becomes`).
CREATE TABLE period_adjustments (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    period_id UUID NOT NULL REFERENCES periods (id),
    document_id UUID NOT NULL,
    at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    was TEXT,
    becomes TEXT
);
CREATE INDEX period_adjustments_period ON period_adjustments (period_id, seq);
CREATE INDEX period_adjustments_document ON period_adjustments (document_id, period_id, seq);

-- The audit trail becomes a chain. Details stand apart, so that one can be erased while its line and the chain stay; a
-- line has a salted hash of its detail. The first seal covers what is there; the hashes of before are made then.
CREATE TABLE audit_details (
    id UUID PRIMARY KEY,
    salt BYTEA NOT NULL,
    detail TEXT NOT NULL
);
ALTER TABLE audit ADD COLUMN detail_id UUID;
ALTER TABLE audit ADD COLUMN detail_sha256 BYTEA;
ALTER TABLE audit ADD COLUMN position BIGINT;
ALTER TABLE audit ADD COLUMN link BYTEA;
UPDATE audit SET detail_id = gen_random_uuid();
INSERT INTO audit_details (id, salt, detail) SELECT detail_id, uuid_send(gen_random_uuid()), detail FROM audit;
ALTER TABLE audit DROP COLUMN detail;
CREATE UNIQUE INDEX audit_position ON audit (position) WHERE position IS NOT NULL;
CREATE INDEX audit_unsealed ON audit (seq) WHERE position IS NULL;
-- Where the chain ends, and where each batch of it does.
CREATE TABLE audit_chain (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    position BIGINT NOT NULL,
    link BYTEA NOT NULL,
    sealed_at BIGINT NOT NULL,
    -- The last row that was there before the chain.
    inherited BIGINT NOT NULL
);
INSERT INTO audit_chain (id, position, link, sealed_at, inherited)
SELECT 1, 0, ''::bytea, 0, COALESCE(MAX(seq), 0) FROM audit;
CREATE TABLE audit_seals (
    position BIGINT PRIMARY KEY,
    link BYTEA NOT NULL,
    rows BIGINT NOT NULL,
    sealed_at BIGINT NOT NULL
);
