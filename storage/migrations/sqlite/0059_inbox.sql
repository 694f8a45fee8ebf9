-- What we write among ourselves on a case; it is never sent.
CREATE TABLE case_notes (
    id BLOB PRIMARY KEY,
    case_id BLOB NOT NULL REFERENCES cases (id),
    body TEXT NOT NULL,
    written_by TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX case_notes_case ON case_notes (case_id, created_at);

-- Meta's hash of the key by which somebody's telephone is known: another hash, another telephone, or another person. An
-- offer that is bound to one counts for that one only.
ALTER TABLE contacts ADD COLUMN identity_key_hash TEXT;
ALTER TABLE choices ADD COLUMN identity_key_hash TEXT;
