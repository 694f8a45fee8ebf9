-- The channel's id of the last message of theirs that was marked as read. To mark it once more changes nothing for anybody, and
-- needs what sending needs.
ALTER TABLE windows ADD COLUMN marked_read TEXT;

-- Sending is paused for nothing but what such a mark needs too (a token, a permission, the number's registration): one that is
-- taken ends it. Of a pause that was there it is not known, and a message that goes ends it as before.
ALTER TABLE numbers ADD COLUMN send_by_mark BOOLEAN NOT NULL DEFAULT FALSE;
