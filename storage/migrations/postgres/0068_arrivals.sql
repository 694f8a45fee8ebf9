-- The first ledger, from what came: of each day (of UTC, counted from 1970), number and source how many files came, which
-- the road that takes them in counts in its own transaction, and what stands for them, which the database itself counts with
-- every change of a document. Two hands, so that they can differ. Pruning and erasure leave the row. `lane` as in `tallies`:
-- each connection has rows of its own, so that none waits for another; the sweep adds them up in lane 0. Nobody has written
-- the table of version 4, which had no lanes.
DROP TABLE arrivals;
CREATE TABLE arrivals (
    day BIGINT NOT NULL,
    -- Our number; empty for what came without one.
    phone_number_id TEXT NOT NULL,
    source TEXT NOT NULL,
    lane BIGINT NOT NULL,
    -- Messages with a file, and uploads that were accepted.
    files BIGINT NOT NULL DEFAULT 0,
    -- Of those: voice notes, videos and stickers, which are answered and are no documents.
    not_documents BIGINT NOT NULL DEFAULT 0,
    -- Documents; of a file that was split, one.
    documents BIGINT NOT NULL DEFAULT 0,
    -- Documents that are the answer to what was asked about another.
    answers BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (day, phone_number_id, source, lane)
);

-- What of a file a message brought: a document, or one that is none.
ALTER TABLE messages ADD COLUMN file TEXT CHECK (file IN ('document', 'other'));
UPDATE messages SET file = CASE WHEN type IN ('audio', 'voice', 'video', 'sticker')
    AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.message_id = messages.id) THEN 'other' ELSE 'document' END
WHERE direction = 'in' AND (type IN ('image', 'document', 'audio', 'voice', 'video', 'sticker')
    OR EXISTS (SELECT 1 FROM documents d WHERE d.message_id = messages.id));
-- Those that brought a document, by when: of each it can be asked whether it is there.
DROP INDEX messages_files;
CREATE INDEX messages_files ON messages (received_at, id) WHERE file = 'document';

-- What the counts of documents are verified off.
CREATE INDEX documents_arrived ON documents (received_at, phone_number_id, source, part_of, answers);

INSERT INTO arrivals (day, phone_number_id, source, lane, files, not_documents, documents, answers)
SELECT day, phone_number_id, source, 0, SUM(files), SUM(not_documents), SUM(documents), SUM(answers) FROM (
    SELECT d.received_at / 86400000000 AS day, COALESCE(d.phone_number_id, '') AS phone_number_id, d.source AS source,
        1 AS files, 0 AS not_documents, CASE WHEN d.answers IS NULL THEN 1 ELSE 0 END AS documents,
        CASE WHEN d.answers IS NULL THEN 0 ELSE 1 END AS answers
    FROM documents d WHERE d.part_of IS NULL
    UNION ALL
    SELECT m.received_at / 86400000000, m.phone_number_id, 'whatsapp', 1, CASE WHEN m.file = 'other' THEN 1 ELSE 0 END, 0, 0
    FROM messages m WHERE m.file IS NOT NULL AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.message_id = m.id)
) came GROUP BY day, phone_number_id, source;

CREATE FUNCTION count_arrived() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO arrivals (day, phone_number_id, source, lane, documents, answers)
        SELECT g.received_at / 86400000000, COALESCE(g.phone_number_id, ''), g.source, pg_backend_pid(),
            -COUNT(*) FILTER (WHERE g.answers IS NULL), -COUNT(*) FILTER (WHERE g.answers IS NOT NULL)
        FROM gone g WHERE g.part_of IS NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (day, phone_number_id, source, lane) DO UPDATE
        SET documents = arrivals.documents + excluded.documents, answers = arrivals.answers + excluded.answers;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO arrivals (day, phone_number_id, source, lane, documents, answers)
        SELECT f.received_at / 86400000000, COALESCE(f.phone_number_id, ''), f.source, pg_backend_pid(),
            COUNT(*) FILTER (WHERE f.answers IS NULL), COUNT(*) FILTER (WHERE f.answers IS NOT NULL)
        FROM fresh f WHERE f.part_of IS NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (day, phone_number_id, source, lane) DO UPDATE
        SET documents = arrivals.documents + excluded.documents, answers = arrivals.answers + excluded.answers;
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION count_arrived_over() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO arrivals (day, phone_number_id, source, lane, documents, answers)
    SELECT c.day, c.number, c.source, pg_backend_pid(),
        SUM(CASE WHEN c.answers IS NULL THEN c.change ELSE 0 END)::bigint,
        SUM(CASE WHEN c.answers IS NULL THEN 0 ELSE c.change END)::bigint
    FROM (VALUES
        (OLD.received_at / 86400000000, COALESCE(OLD.phone_number_id, ''), OLD.source, OLD.part_of, OLD.answers, -1),
        (NEW.received_at / 86400000000, COALESCE(NEW.phone_number_id, ''), NEW.source, NEW.part_of, NEW.answers, 1)
    ) AS c (day, number, source, part_of, answers, change)
    WHERE c.part_of IS NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (day, phone_number_id, source, lane) DO UPDATE
    SET documents = arrivals.documents + excluded.documents, answers = arrivals.answers + excluded.answers;
    RETURN NULL;
END $$;
CREATE TRIGGER documents_arrived_in AFTER INSERT ON documents REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION count_arrived();
CREATE TRIGGER documents_arrived_out AFTER DELETE ON documents REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION count_arrived();
CREATE TRIGGER documents_arrived_over AFTER UPDATE OF received_at, phone_number_id, source, part_of, answers ON documents
    FOR EACH ROW WHEN (OLD.received_at IS DISTINCT FROM NEW.received_at
        OR OLD.phone_number_id IS DISTINCT FROM NEW.phone_number_id OR OLD.source IS DISTINCT FROM NEW.source
        OR OLD.part_of IS DISTINCT FROM NEW.part_of OR OLD.answers IS DISTINCT FROM NEW.answers)
    EXECUTE FUNCTION count_arrived_over();
