-- What a customer owes has one open case, found by the customer: to remind of it, and to schedule it anew by other rules;
-- and whether it was a case before is looked up too, of each whom nobody has in hand.
CREATE INDEX cases_collecting ON cases (subject)
    WHERE kind = 'collection' AND state IN ('gathering', 'working', 'waiting', 'human');
CREATE INDEX cases_collected ON cases (subject) WHERE kind = 'collection';

-- The file that was pushed beside a template, for messages of its that name no other; the latest counts.
CREATE TABLE template_files (
    attachment_id BLOB PRIMARY KEY REFERENCES attachments (id),
    waba_id TEXT NOT NULL,
    name TEXT NOT NULL,
    language TEXT NOT NULL,
    kept_at BIGINT NOT NULL
);
CREATE INDEX template_files_template ON template_files (waba_id, name, language, kept_at);
