-- What of a document the feed has not told yet: the members (as the API names them) that differ from what stood when its
-- last event was written, with what stood then. The database itself keeps it, so that no statement can forget it; what is
-- changed back leaves again, and the next event takes what there is. `version` and `updated_at` move with every event and
-- `withheld` is the reader's, so none of them is here. Of what is there already nothing is untold: it stands as it was told.
CREATE TABLE document_untold (
    document_id BLOB NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    member TEXT NOT NULL,
    -- No affinity: kept as it stood.
    was BLOB,
    PRIMARY KEY (document_id, member)
) WITHOUT ROWID;

CREATE TRIGGER documents_untold AFTER UPDATE OF
    status, kind, confidence, language, reasons, notes, customer_id, contact_id, entity_id, direction,
    duplicate_of, part, part_of, media_type, page_count, declared_filename, caption, original_bytes,
    original_sha256, filed_at, erased_at, sensitivity, fields, field_facts
ON documents WHEN
    OLD.status IS NOT NEW.status OR OLD.kind IS NOT NEW.kind OR OLD.confidence IS NOT NEW.confidence OR
    OLD.language IS NOT NEW.language OR OLD.reasons IS NOT NEW.reasons OR OLD.notes IS NOT NEW.notes OR
    OLD.customer_id IS NOT NEW.customer_id OR OLD.contact_id IS NOT NEW.contact_id OR
    OLD.entity_id IS NOT NEW.entity_id OR OLD.direction IS NOT NEW.direction OR
    OLD.duplicate_of IS NOT NEW.duplicate_of OR OLD.part IS NOT NEW.part OR OLD.part_of IS NOT NEW.part_of OR
    OLD.media_type IS NOT NEW.media_type OR OLD.page_count IS NOT NEW.page_count OR
    OLD.declared_filename IS NOT NEW.declared_filename OR OLD.caption IS NOT NEW.caption OR
    OLD.original_bytes IS NOT NEW.original_bytes OR OLD.original_sha256 IS NOT NEW.original_sha256 OR
    OLD.filed_at IS NOT NEW.filed_at OR OLD.erased_at IS NOT NEW.erased_at OR
    OLD.sensitivity IS NOT NEW.sensitivity OR OLD.fields IS NOT NEW.fields OR
    OLD.field_facts IS NOT NEW.field_facts
BEGIN
    INSERT INTO document_untold (document_id, member, was)
    SELECT OLD.id, m.member, m.was FROM (
        SELECT 'status' AS member, OLD.status AS was, NEW.status AS becomes
        UNION ALL SELECT 'kind', OLD.kind, NEW.kind
        UNION ALL SELECT 'confidence', OLD.confidence, NEW.confidence
        UNION ALL SELECT 'language', OLD.language, NEW.language
        UNION ALL SELECT 'reasons', OLD.reasons, NEW.reasons
        UNION ALL SELECT 'notes', OLD.notes, NEW.notes
        UNION ALL SELECT 'customer_id', OLD.customer_id, NEW.customer_id
        UNION ALL SELECT 'contact_id', OLD.contact_id, NEW.contact_id
        UNION ALL SELECT 'entity_id', OLD.entity_id, NEW.entity_id
        UNION ALL SELECT 'direction', OLD.direction, NEW.direction
        UNION ALL SELECT 'duplicate_of', OLD.duplicate_of, NEW.duplicate_of
        UNION ALL SELECT 'part', OLD.part, NEW.part
        UNION ALL SELECT 'part_of', OLD.part_of, NEW.part_of
        UNION ALL SELECT 'media_type', OLD.media_type, NEW.media_type
        UNION ALL SELECT 'pages', OLD.page_count, NEW.page_count
        UNION ALL SELECT 'filename', OLD.declared_filename, NEW.declared_filename
        UNION ALL SELECT 'caption', OLD.caption, NEW.caption
        UNION ALL SELECT 'size_bytes', OLD.original_bytes, NEW.original_bytes
        UNION ALL SELECT 'sha256', OLD.original_sha256, NEW.original_sha256
        UNION ALL SELECT 'filed_at', OLD.filed_at, NEW.filed_at
        UNION ALL SELECT 'erased_at', OLD.erased_at, NEW.erased_at
        UNION ALL SELECT 'sensitivity', OLD.sensitivity, NEW.sensitivity
        UNION ALL SELECT 'fields', OLD.fields || OLD.field_facts, NEW.fields || NEW.field_facts
    ) AS m WHERE m.was IS NOT m.becomes
    ON CONFLICT (document_id, member) DO NOTHING;
    -- What is again as it was told needs no telling.
    DELETE FROM document_untold WHERE document_id = NEW.id AND EXISTS (SELECT 1 FROM (
        SELECT 'status' AS name, NEW.status AS becomes
        UNION ALL SELECT 'kind', NEW.kind
        UNION ALL SELECT 'confidence', NEW.confidence
        UNION ALL SELECT 'language', NEW.language
        UNION ALL SELECT 'reasons', NEW.reasons
        UNION ALL SELECT 'notes', NEW.notes
        UNION ALL SELECT 'customer_id', NEW.customer_id
        UNION ALL SELECT 'contact_id', NEW.contact_id
        UNION ALL SELECT 'entity_id', NEW.entity_id
        UNION ALL SELECT 'direction', NEW.direction
        UNION ALL SELECT 'duplicate_of', NEW.duplicate_of
        UNION ALL SELECT 'part', NEW.part
        UNION ALL SELECT 'part_of', NEW.part_of
        UNION ALL SELECT 'media_type', NEW.media_type
        UNION ALL SELECT 'pages', NEW.page_count
        UNION ALL SELECT 'filename', NEW.declared_filename
        UNION ALL SELECT 'caption', NEW.caption
        UNION ALL SELECT 'size_bytes', NEW.original_bytes
        UNION ALL SELECT 'sha256', NEW.original_sha256
        UNION ALL SELECT 'filed_at', NEW.filed_at
        UNION ALL SELECT 'erased_at', NEW.erased_at
        UNION ALL SELECT 'sensitivity', NEW.sensitivity
        UNION ALL SELECT 'fields', NEW.fields || NEW.field_facts
    ) AS m WHERE m.name = document_untold.member AND m.becomes IS document_untold.was);
END;

-- The words of line items are found too: of what is there they are kept in small steps.
INSERT INTO backfills (name, upto_id, total)
SELECT 'search_lines', (SELECT id FROM documents ORDER BY id DESC LIMIT 1), COUNT(*)
FROM documents HAVING COUNT(*) > 0;
