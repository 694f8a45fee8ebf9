-- What a person wrote in answer to a question: it says what the document is about, so it is seen and erased with it.
CREATE TABLE case_messages (
    message_id BLOB PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
    case_id BLOB NOT NULL REFERENCES cases (id)
);
CREATE INDEX case_messages_case ON case_messages (case_id);
INSERT INTO case_messages (message_id, case_id)
SELECT m.id, s.id FROM timeline t
JOIN messages m ON m.id = unhex(replace(json_extract(t.detail, '$.message_id'), '-', ''))
JOIN cases s ON s.id = unhex(replace(json_extract(t.detail, '$.case_id'), '-', ''))
WHERE t.event = 'answered' AND json_valid(t.detail)
ON CONFLICT (message_id) DO NOTHING;
