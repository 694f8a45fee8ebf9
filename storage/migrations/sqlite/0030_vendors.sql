-- What a paper that a person filed says of its vendor, and by what the vendor is known again. A vendor is the papers that
-- agree on it, so that taking one paper away takes away what it taught. What persons filed before is learnt of by
-- the sweep.
CREATE TABLE vendor_papers (
    document_id BLOB PRIMARY KEY REFERENCES documents (id),
    name TEXT NOT NULL,
    legal_name TEXT,
    tax_id TEXT,
    number_shape TEXT,
    learnt_at BIGINT NOT NULL
);
CREATE TABLE vendor_signs (
    -- Its kind and its value: phone:95400011.
    sign TEXT NOT NULL CHECK (length(sign) BETWEEN 3 AND 300),
    document_id BLOB NOT NULL REFERENCES vendor_papers (document_id),
    PRIMARY KEY (sign, document_id)
);
CREATE INDEX vendor_signs_document ON vendor_signs (document_id);
-- What memory said of a document when it was read.
CREATE TABLE vendor_recalls (
    document_id BLOB PRIMARY KEY REFERENCES documents (id),
    name TEXT NOT NULL,
    papers BIGINT NOT NULL,
    signs TEXT NOT NULL
);
INSERT INTO backfills (name, upto_id, total)
SELECT 'vendors', d.id, (SELECT COUNT(*) FROM documents) FROM documents d ORDER BY d.id DESC LIMIT 1;
