-- Customers and contacts are found by an index of their words, as documents are (storage::words keeps them). Of a customer
-- its name is in it and nothing else, of a contact its name and number. These tables name no row by a foreign key: to add
-- one would hold the tables of customers and contacts beside that of events, and live processes write all three.
CREATE TABLE customer_fts (
    place BIGINT PRIMARY KEY,
    customer_id UUID NOT NULL UNIQUE,
    words TSVECTOR NOT NULL
);
CREATE INDEX customer_fts_words ON customer_fts USING gin (words);
CREATE TABLE contact_fts (
    place BIGINT PRIMARY KEY,
    contact_id UUID NOT NULL UNIQUE,
    words TSVECTOR NOT NULL
);
CREATE INDEX contact_fts_words ON contact_fts USING gin (words);
-- What is there is taken over when this is done, before anything is served.
INSERT INTO backfills (name, upto_id, total)
SELECT 'customer_words', (SELECT id FROM customers ORDER BY id DESC LIMIT 1), COUNT(*)
FROM customers WHERE merged_into IS NULL HAVING COUNT(*) > 0;
INSERT INTO backfills (name, upto_id, total)
SELECT 'contact_words', (SELECT id FROM contacts ORDER BY id DESC LIMIT 1), COUNT(*)
FROM contacts WHERE merged_into IS NULL HAVING COUNT(*) > 0;
-- A follower that asks for some kinds of events only steps over all others.
CREATE INDEX events_kind ON events (kind, epoch, tx, seq);
