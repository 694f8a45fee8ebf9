-- The queue by each of its filters, in its own order. The database itself keeps what of a review and its document stands
-- beside, so that no statement can forget it.
ALTER TABLE review_reasons ADD COLUMN due_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE review_reasons ADD COLUMN opened_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE review_reasons ADD COLUMN is_open BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE review_reasons SET due_at = r.due_at, opened_at = r.opened_at, is_open = (r.resolved_at IS NULL)
FROM reviews r WHERE r.id = review_reasons.review_id;
CREATE INDEX review_reasons_open ON review_reasons (code, due_at, opened_at, review_id) WHERE is_open;
CREATE FUNCTION place_review_reason() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    SELECT r.due_at, r.opened_at, r.resolved_at IS NULL INTO NEW.due_at, NEW.opened_at, NEW.is_open
    FROM reviews r WHERE r.id = NEW.review_id;
    RETURN NEW;
END $$;
CREATE TRIGGER review_reasons_placed BEFORE INSERT ON review_reasons FOR EACH ROW
    EXECUTE FUNCTION place_review_reason();
CREATE FUNCTION move_review_reasons() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE review_reasons SET due_at = NEW.due_at, opened_at = NEW.opened_at, is_open = (NEW.resolved_at IS NULL)
    WHERE review_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER reviews_moved AFTER UPDATE OF due_at, opened_at, resolved_at ON reviews FOR EACH ROW
    WHEN (OLD.due_at <> NEW.due_at OR OLD.opened_at <> NEW.opened_at
        OR (OLD.resolved_at IS NULL) <> (NEW.resolved_at IS NULL))
    EXECUTE FUNCTION move_review_reasons();

ALTER TABLE reviews ADD COLUMN kind TEXT;
UPDATE reviews SET kind = (SELECT d.kind FROM documents d WHERE d.id = reviews.document_id);
CREATE INDEX reviews_kind ON reviews (kind, due_at, opened_at, id) WHERE resolved_at IS NULL;
CREATE FUNCTION kind_of_review() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    SELECT d.kind INTO NEW.kind FROM documents d WHERE d.id = NEW.document_id;
    RETURN NEW;
END $$;
CREATE TRIGGER reviews_of_a_kind BEFORE INSERT ON reviews FOR EACH ROW EXECUTE FUNCTION kind_of_review();
CREATE FUNCTION kind_of_reviews() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE reviews SET kind = NEW.kind WHERE document_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER documents_of_a_kind AFTER UPDATE OF kind ON documents FOR EACH ROW
    WHEN (OLD.kind IS DISTINCT FROM NEW.kind) EXECUTE FUNCTION kind_of_reviews();

CREATE INDEX reviews_claimed ON reviews (claimed_by, due_at, opened_at, id)
    WHERE resolved_at IS NULL AND claimed_by IS NOT NULL;
CREATE INDEX documents_waits_contact ON documents (contact_id) WHERE status = 'in_review';
CREATE INDEX documents_waits_customer ON documents (customer_id) WHERE status = 'in_review';

-- Endpoints of one key, and all of them.
CREATE INDEX webhook_endpoints_key ON webhook_endpoints (key_id, created_at, id);
CREATE INDEX webhook_endpoints_listed ON webhook_endpoints (created_at, id);
-- Where in the feed a time is.
CREATE INDEX events_at ON events (at, epoch, tx, seq);
-- Whom a firm's papers, or a customer's, are of: for keys that see no others.
CREATE INDEX documents_entity_customer ON documents (entity_id, customer_id)
    WHERE entity_id IS NOT NULL AND customer_id IS NOT NULL;
CREATE INDEX documents_entity_contact ON documents (entity_id, contact_id)
    WHERE entity_id IS NOT NULL AND contact_id IS NOT NULL;
CREATE INDEX documents_customer_contact ON documents (customer_id, contact_id)
    WHERE customer_id IS NOT NULL AND contact_id IS NOT NULL;
-- Names in dispute, a page at a time.
DROP INDEX customer_aliases_disputed;
CREATE INDEX customer_aliases_disputed ON customer_aliases (kind, value, customer_id) WHERE disputed;
-- Whatever the trail is asked, its lines are read in the order of their times.
DROP INDEX audit_actor;
DROP INDEX audit_action;
CREATE INDEX audit_actor ON audit (actor, at, seq);
CREATE INDEX audit_action ON audit (action, at, seq);
CREATE INDEX audit_actor_action ON audit (actor, action, at, seq);
