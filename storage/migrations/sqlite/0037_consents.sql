-- What was said to whoever agreed (a version of a text), and who wrote it down where it was not they.
ALTER TABLE consents ADD COLUMN text_version TEXT;
ALTER TABLE consents ADD COLUMN said_by TEXT;

-- Append-only: nothing is deleted or turned round. Only an erasure empties where it came from.
CREATE TRIGGER consents_kept BEFORE DELETE ON consents BEGIN
    SELECT RAISE(ABORT, 'consents are never deleted');
END;
CREATE TRIGGER consents_stand BEFORE UPDATE ON consents
WHEN NEW.contact_id <> OLD.contact_id OR NEW.phone_number_id <> OLD.phone_number_id OR NEW.category <> OLD.category
    OR NEW.state <> OLD.state OR NEW.at <> OLD.at BEGIN
    SELECT RAISE(ABORT, 'consents are never changed');
END;
