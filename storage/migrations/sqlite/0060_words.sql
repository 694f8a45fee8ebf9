-- Customers and contacts are found by an index of their words, as documents are (storage::words keeps them). Of a customer
-- its name is in it and nothing else, of a contact its name and number. These tables name no row by a foreign key: to add
-- one would hold the tables of customers and contacts beside that of events, and live processes write all three.
CREATE TABLE customer_fts_rows (
    place INTEGER PRIMARY KEY,
    customer_id BLOB NOT NULL UNIQUE
);
CREATE VIRTUAL TABLE customer_fts USING fts5 (
    words, content = '', contentless_delete = 1, detail = none, prefix = '2 3 4 5 6 7 8', tokenize = 'ascii'
);
CREATE TRIGGER customer_fts_rows_deleted AFTER DELETE ON customer_fts_rows BEGIN
    DELETE FROM customer_fts WHERE rowid = OLD.place;
END;
CREATE TABLE contact_fts_rows (
    place INTEGER PRIMARY KEY,
    contact_id BLOB NOT NULL UNIQUE
);
-- A number is in it from each of its digits on, which longer beginnings would only repeat.
CREATE VIRTUAL TABLE contact_fts USING fts5 (
    words, content = '', contentless_delete = 1, detail = none, prefix = '2 3 4 5 6', tokenize = 'ascii'
);
CREATE TRIGGER contact_fts_rows_deleted AFTER DELETE ON contact_fts_rows BEGIN
    DELETE FROM contact_fts WHERE rowid = OLD.place;
END;
-- What is there is taken over when this is done, before anything is served.
INSERT INTO backfills (name, upto_id, total)
SELECT 'customer_words', (SELECT id FROM customers ORDER BY id DESC LIMIT 1), COUNT(*)
FROM customers WHERE merged_into IS NULL HAVING COUNT(*) > 0;
INSERT INTO backfills (name, upto_id, total)
SELECT 'contact_words', (SELECT id FROM contacts ORDER BY id DESC LIMIT 1), COUNT(*)
FROM contacts WHERE merged_into IS NULL HAVING COUNT(*) > 0;
-- A follower that asks for some kinds of events only steps over all others.
CREATE INDEX events_kind ON events (kind, seq);
