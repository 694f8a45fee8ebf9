-- What was said to whoever agreed (a version of a text), and who wrote it down where it was not they.
ALTER TABLE consents ADD COLUMN text_version TEXT;
ALTER TABLE consents ADD COLUMN said_by TEXT;

-- Append-only: nothing is deleted or turned round. Only an erasure empties where it came from.
CREATE FUNCTION consents_stand() RETURNS trigger AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.contact_id = OLD.contact_id AND NEW.phone_number_id = OLD.phone_number_id
        AND NEW.category = OLD.category AND NEW.state = OLD.state AND NEW.at = OLD.at THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'consents are never changed or deleted';
END;
$$ LANGUAGE plpgsql;
CREATE TRIGGER consents_stand BEFORE UPDATE OR DELETE ON consents FOR EACH ROW EXECUTE FUNCTION consents_stand();
