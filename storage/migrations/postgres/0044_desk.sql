-- Measured abstention, and whether what is confirmed is looked at.

-- How sure the reader was of each bill as a whole, how the bill left its road, and what a person found. What was read before
-- this was kept has no row: nobody kept how sure it was.
CREATE TABLE judgements (
    document_id UUID PRIMARY KEY REFERENCES documents (id),
    kind TEXT NOT NULL,
    probability_ppm BIGINT NOT NULL CHECK (probability_ppm BETWEEN 0 AND 1000000),
    -- Filed by itself, held for want of probability alone, or held by something else; none while it is on its road.
    outcome TEXT CHECK (outcome IN ('filed', 'doubted', 'held')),
    read_at BIGINT NOT NULL,
    -- Whether a person who decided what was doubted found it wrong.
    wrong BOOLEAN
);
CREATE INDEX judgements_kind ON judgements (kind, read_at);

-- From which probability on a kind is filed by itself. What counts is the last one that was not taken back; where there is
-- none, what the reader ships with.
CREATE TABLE filing_thresholds (
    id UUID PRIMARY KEY,
    kind TEXT NOT NULL,
    least_ppm BIGINT NOT NULL CHECK (least_ppm BETWEEN 0 AND 1000000),
    target_ppm BIGINT NOT NULL CHECK (target_ppm BETWEEN 0 AND 1000000),
    set_by TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    undone_by TEXT,
    undone_at BIGINT
);
CREATE INDEX filing_thresholds_kind ON filing_thresholds (kind, set_at) WHERE undone_at IS NULL;

-- Whether a decision changed anything of what was proposed, and which were made at once. What was decided before is not
-- known to have changed nothing.
ALTER TABLE reviews ADD COLUMN changed BOOLEAN;
ALTER TABLE reviews ADD COLUMN batch UUID;
UPDATE reviews SET batch = (SELECT h.batch FROM holds h WHERE h.review_id = reviews.id)
WHERE id IN (SELECT h.review_id FROM holds h WHERE h.batch IS NOT NULL);
CREATE INDEX reviews_decided ON reviews (resolved_by, resolved_at) WHERE resolved_at IS NOT NULL;
