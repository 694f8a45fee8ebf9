-- Files that messages of ours bring: a page or the PDF of a document, which several messages may bring, or what a person put
-- beside their words. One that was erased has no key any more.
CREATE TABLE attachments (
    id BLOB PRIMARY KEY,
    document_id BLOB REFERENCES documents (id),
    object_key TEXT UNIQUE,
    sha256 BLOB,
    media_type TEXT NOT NULL CHECK (media_type IN ('image/jpeg', 'image/png', 'application/pdf')),
    filename TEXT,
    size_bytes BIGINT,
    created_at BIGINT NOT NULL,
    erasure_id BLOB REFERENCES erasures (id)
);
CREATE INDEX attachments_document ON attachments (document_id) WHERE document_id IS NOT NULL;
CREATE INDEX attachments_erasure ON attachments (erasure_id) WHERE erasure_id IS NOT NULL;
CREATE INDEX attachments_created ON attachments (created_at);

-- By which id Meta has a file, for messages of one of our numbers, and since when.
CREATE TABLE media_uploads (
    attachment_id BLOB NOT NULL REFERENCES attachments (id),
    phone_number_id TEXT NOT NULL,
    media_id TEXT NOT NULL,
    uploaded_at BIGINT NOT NULL,
    PRIMARY KEY (attachment_id, phone_number_id)
);

ALTER TABLE outbox ADD COLUMN attachment_id BLOB REFERENCES attachments (id);
ALTER TABLE outbox ADD COLUMN upload_attempts BIGINT NOT NULL DEFAULT 0;
CREATE INDEX outbox_attachment ON outbox (attachment_id) WHERE attachment_id IS NOT NULL;
