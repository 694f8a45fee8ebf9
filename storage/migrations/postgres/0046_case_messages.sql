-- What a person wrote in answer to a question: it says what the document is about, so it is seen and erased with it.
CREATE TABLE case_messages (
    message_id UUID PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
    case_id UUID NOT NULL REFERENCES cases (id)
);
CREATE INDEX case_messages_case ON case_messages (case_id);
INSERT INTO case_messages (message_id, case_id)
SELECT m.id, s.id FROM timeline t
JOIN messages m ON m.id::text = t.detail::json ->> 'message_id'
JOIN cases s ON s.id::text = t.detail::json ->> 'case_id'
WHERE t.event = 'answered'
ON CONFLICT (message_id) DO NOTHING;
