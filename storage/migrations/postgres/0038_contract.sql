-- What of a document the feed has not told yet: the members (as the API names them) that differ from what stood when its
-- last event was written, with what stood then. The database itself keeps it, so that no statement can forget it; what is
-- changed back leaves again, and the next event takes what there is. `version` and `updated_at` move with every event and
-- `withheld` is the reader's, so none of them is here. Of what is there already nothing is untold: it stands as it was told.
CREATE TABLE document_untold (
    document_id UUID NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    member TEXT NOT NULL,
    was TEXT,
    PRIMARY KEY (document_id, member)
);

CREATE FUNCTION untold_of_document() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO document_untold (document_id, member, was)
    SELECT OLD.id, m.member, m.was FROM (VALUES
        ('status', OLD.status, NEW.status),
        ('kind', OLD.kind, NEW.kind),
        ('confidence', OLD.confidence::text, NEW.confidence::text),
        ('language', OLD.language, NEW.language),
        ('reasons', OLD.reasons, NEW.reasons),
        ('notes', OLD.notes, NEW.notes),
        ('customer_id', OLD.customer_id::text, NEW.customer_id::text),
        ('contact_id', OLD.contact_id::text, NEW.contact_id::text),
        ('entity_id', OLD.entity_id::text, NEW.entity_id::text),
        ('direction', OLD.direction, NEW.direction),
        ('duplicate_of', OLD.duplicate_of::text, NEW.duplicate_of::text),
        ('part', OLD.part, NEW.part),
        ('part_of', OLD.part_of::text, NEW.part_of::text),
        ('media_type', OLD.media_type, NEW.media_type),
        ('pages', OLD.page_count::text, NEW.page_count::text),
        ('filename', OLD.declared_filename, NEW.declared_filename),
        ('caption', OLD.caption, NEW.caption),
        ('size_bytes', OLD.original_bytes::text, NEW.original_bytes::text),
        ('sha256', OLD.original_sha256::text, NEW.original_sha256::text),
        ('filed_at', OLD.filed_at::text, NEW.filed_at::text),
        ('erased_at', OLD.erased_at::text, NEW.erased_at::text),
        ('sensitivity', OLD.sensitivity, NEW.sensitivity),
        ('fields', OLD.fields || OLD.field_facts, NEW.fields || NEW.field_facts)
    ) AS m (member, was, becomes) WHERE m.was IS DISTINCT FROM m.becomes
    ON CONFLICT (document_id, member) DO NOTHING;
    -- What is again as it was told needs no telling.
    DELETE FROM document_untold u USING (VALUES
        ('status', NEW.status),
        ('kind', NEW.kind),
        ('confidence', NEW.confidence::text),
        ('language', NEW.language),
        ('reasons', NEW.reasons),
        ('notes', NEW.notes),
        ('customer_id', NEW.customer_id::text),
        ('contact_id', NEW.contact_id::text),
        ('entity_id', NEW.entity_id::text),
        ('direction', NEW.direction),
        ('duplicate_of', NEW.duplicate_of::text),
        ('part', NEW.part),
        ('part_of', NEW.part_of::text),
        ('media_type', NEW.media_type),
        ('pages', NEW.page_count::text),
        ('filename', NEW.declared_filename),
        ('caption', NEW.caption),
        ('size_bytes', NEW.original_bytes::text),
        ('sha256', NEW.original_sha256::text),
        ('filed_at', NEW.filed_at::text),
        ('erased_at', NEW.erased_at::text),
        ('sensitivity', NEW.sensitivity),
        ('fields', NEW.fields || NEW.field_facts)
    ) AS m (member, becomes)
    WHERE u.document_id = NEW.id AND u.member = m.member AND u.was IS NOT DISTINCT FROM m.becomes;
    RETURN NULL;
END $$;
CREATE TRIGGER documents_untold AFTER UPDATE OF
    status, kind, confidence, language, reasons, notes, customer_id, contact_id, entity_id, direction,
    duplicate_of, part, part_of, media_type, page_count, declared_filename, caption, original_bytes,
    original_sha256, filed_at, erased_at, sensitivity, fields, field_facts
    ON documents FOR EACH ROW WHEN (
        OLD.status IS DISTINCT FROM NEW.status OR OLD.kind IS DISTINCT FROM NEW.kind OR
        OLD.confidence IS DISTINCT FROM NEW.confidence OR OLD.language IS DISTINCT FROM NEW.language OR
        OLD.reasons IS DISTINCT FROM NEW.reasons OR OLD.notes IS DISTINCT FROM NEW.notes OR
        OLD.customer_id IS DISTINCT FROM NEW.customer_id OR OLD.contact_id IS DISTINCT FROM NEW.contact_id OR
        OLD.entity_id IS DISTINCT FROM NEW.entity_id OR OLD.direction IS DISTINCT FROM NEW.direction OR
        OLD.duplicate_of IS DISTINCT FROM NEW.duplicate_of OR OLD.part IS DISTINCT FROM NEW.part OR
        OLD.part_of IS DISTINCT FROM NEW.part_of OR OLD.media_type IS DISTINCT FROM NEW.media_type OR
        OLD.page_count IS DISTINCT FROM NEW.page_count OR
        OLD.declared_filename IS DISTINCT FROM NEW.declared_filename OR
        OLD.caption IS DISTINCT FROM NEW.caption OR OLD.original_bytes IS DISTINCT FROM NEW.original_bytes OR
        OLD.original_sha256 IS DISTINCT FROM NEW.original_sha256 OR
        OLD.filed_at IS DISTINCT FROM NEW.filed_at OR OLD.erased_at IS DISTINCT FROM NEW.erased_at OR
        OLD.sensitivity IS DISTINCT FROM NEW.sensitivity OR OLD.fields IS DISTINCT FROM NEW.fields OR
        OLD.field_facts IS DISTINCT FROM NEW.field_facts)
    EXECUTE FUNCTION untold_of_document();

-- The words of line items are found too: of what is there they are kept in small steps.
INSERT INTO backfills (name, upto_id, total)
SELECT 'search_lines', (SELECT id FROM documents ORDER BY id DESC LIMIT 1), COUNT(*)
FROM documents HAVING COUNT(*) > 0;
