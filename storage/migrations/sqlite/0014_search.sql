-- Full-text search in place of looking through every text. A document's place is its place by arrival; its words are
-- kept ready to compare by storage::documents::words, and only as an index.
CREATE TABLE document_fts_rows (
    place INTEGER PRIMARY KEY,
    document_id BLOB NOT NULL UNIQUE REFERENCES documents (id) ON DELETE CASCADE
);
-- Without its own index the beginning of a word that every paper has ("factura") is merged from all there is.
CREATE VIRTUAL TABLE document_fts USING fts5 (
    words, content = '', contentless_delete = 1, detail = none, prefix = '2 3 4 5 6 7 8', tokenize = 'ascii'
);
CREATE TRIGGER document_fts_rows_deleted AFTER DELETE ON document_fts_rows BEGIN
    DELETE FROM document_fts WHERE rowid = OLD.place;
END;
-- What is there is taken over in small steps, out of the text that was looked through before.
INSERT INTO backfills (name, upto_id, total)
SELECT 'search', (SELECT id FROM documents ORDER BY id DESC LIMIT 1), COUNT(*)
FROM documents HAVING COUNT(*) > 0;
