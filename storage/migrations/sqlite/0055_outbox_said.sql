-- What was said to a contact, whatever became of it.
CREATE INDEX outbox_said ON outbox (contact_id, created_at, id);
