-- Which key brought a document that came over the API: the same bytes over two keys, where neither request names a sender, are
-- two senders'. It names no row by a foreign key, which would hold the tables of keys and documents together. Of what was there
-- it is not known.
ALTER TABLE documents ADD COLUMN api_key_id BLOB;

-- Sending is paused for its token alone: a token that is taken again, and sees the number, ends it. Of a pause that was there it
-- is not known, and a message that goes ends it as before.
ALTER TABLE numbers ADD COLUMN send_by_token BOOLEAN NOT NULL DEFAULT FALSE;
