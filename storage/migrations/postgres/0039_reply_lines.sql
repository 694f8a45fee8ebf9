-- One line of messages for each contact and number of ours, and the one task that waits to send what stands in it.
CREATE TABLE reply_lines (
    contact_id UUID NOT NULL REFERENCES contacts (id),
    phone_number_id TEXT NOT NULL,
    task_id TEXT,
    PRIMARY KEY (contact_id, phone_number_id)
);
UPDATE outbox SET phone_number_id = (SELECT c.phone_number_id FROM contacts c WHERE c.id = outbox.contact_id)
WHERE phone_number_id IS NULL AND state IN ('queued', 'sending', 'unknown', 'refused');
INSERT INTO reply_lines (contact_id, phone_number_id, task_id)
SELECT DISTINCT o.contact_id, COALESCE(o.phone_number_id, ''), c.reply_task_id
FROM outbox o JOIN contacts c ON c.id = o.contact_id WHERE o.state IN ('queued', 'sending', 'unknown', 'refused');
ALTER TABLE contacts DROP COLUMN reply_task_id;

-- What a message stands aside for (a paused template, another day) while others to the same person go.
ALTER TABLE outbox ADD COLUMN held_for TEXT;
CREATE INDEX outbox_held ON outbox (held_for) WHERE held_for IS NOT NULL;

-- Meta takes many messages that it then refuses by status: a pause that a status opened ends with a delivery only.
ALTER TABLE numbers ADD COLUMN send_needs_delivery BOOLEAN NOT NULL DEFAULT FALSE;
