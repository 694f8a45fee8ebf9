-- Full-text search in place of looking through every text. A document's place is its place by arrival; its words are
-- kept ready to compare by storage::documents::words, and only as an index.
CREATE TABLE document_fts (
    place BIGINT PRIMARY KEY,
    document_id UUID NOT NULL UNIQUE REFERENCES documents (id) ON DELETE CASCADE,
    words TSVECTOR NOT NULL
);
CREATE INDEX document_fts_words ON document_fts USING gin (words);
-- What is there is taken over in small steps, out of the text that was looked through before.
INSERT INTO backfills (name, upto_id, total)
SELECT 'search', (SELECT id FROM documents ORDER BY id DESC LIMIT 1), COUNT(*)
FROM documents HAVING COUNT(*) > 0;
