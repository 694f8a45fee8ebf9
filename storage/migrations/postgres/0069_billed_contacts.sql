-- What somebody may be reminded of, once they agree.
CREATE INDEX obligations_contact ON obligations (contact_id) WHERE contact_id IS NOT NULL AND state = 'open';
