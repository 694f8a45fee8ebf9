-- What the header, the body and the buttons of a template take, as JSON, and the words of its body, for whoever picks it; none:
-- Meta has not told of it since. All are asked for again at the next look.
ALTER TABLE templates ADD COLUMN takes TEXT;
ALTER TABLE templates ADD COLUMN body TEXT;
UPDATE accounts SET templates_due_at = 0;

-- What a notice puts into the header and the buttons of its template (an array of texts, a button each).
ALTER TABLE notices ADD COLUMN header TEXT;
ALTER TABLE notices ADD COLUMN buttons TEXT NOT NULL DEFAULT '[]';

-- Whom a number wrote to first (by a template, outside their 24 hours) and when last, and how many it reached in each step of
-- five minutes: Meta lets so many in a day, by the number's tier. What left in the last day counts.
ALTER TABLE windows ADD COLUMN reached_at BIGINT NOT NULL DEFAULT 0;
CREATE TABLE reached_steps (
    phone_number_id TEXT NOT NULL,
    step BIGINT NOT NULL,
    contacts BIGINT NOT NULL,
    PRIMARY KEY (phone_number_id, step)
);
UPDATE windows SET reached_at = COALESCE((SELECT MAX(o.sent_at) FROM outbox o WHERE o.contact_id = windows.contact_id
        AND o.phone_number_id = windows.phone_number_id AND o.payload::jsonb ->> 'template' IS NOT NULL), 0)
WHERE (contact_id, phone_number_id) IN (SELECT o.contact_id, o.phone_number_id FROM outbox o
    WHERE o.sent_at > (floor(EXTRACT(EPOCH FROM now()))::BIGINT - 86400) * 1000000 AND o.phone_number_id IS NOT NULL);
INSERT INTO reached_steps (phone_number_id, step, contacts)
SELECT phone_number_id, reached_at / 300000000, COUNT(*) FROM windows WHERE reached_at > 0
GROUP BY phone_number_id, reached_at / 300000000;

-- What a sender writes with a slip may be the number of what they owe.
CREATE INDEX obligations_number ON obligations (number) WHERE state IN ('open', 'held');
