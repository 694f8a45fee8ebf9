-- One who sends very much delays himself: until when what a contact sent is within the quota of an hour, and from
-- when on a document beyond it is read.
ALTER TABLE contacts ADD COLUMN quota_paid_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE documents ADD COLUMN read_after BIGINT;
-- How much of one sender waits in a lane.
CREATE INDEX documents_backlog ON documents (stage, contact_id) WHERE stage <> 'done';
