-- What Meta says of our numbers, accounts and templates, asked by the watch. The account of a number is named by the
-- next webhook that it brings.
ALTER TABLE numbers ADD COLUMN display_number TEXT;
ALTER TABLE numbers ADD COLUMN status TEXT;
ALTER TABLE numbers ADD COLUMN checked_at BIGINT;
CREATE TABLE accounts (
    waba_id TEXT PRIMARY KEY,
    templates_due_at BIGINT NOT NULL DEFAULT 0,
    templates_synced_at BIGINT
);
INSERT INTO accounts (waba_id) SELECT DISTINCT waba_id FROM numbers WHERE waba_id IS NOT NULL;
INSERT INTO marks (name, at) VALUES ('channel_check_due', 0);
-- What Meta tells of a change and is no trouble is no incident any more.
UPDATE incidents SET state = 'resolved', resolved_at = last_seen_at
WHERE kind = 'channel_event' AND state <> 'resolved' AND (subject LIKE 'message_template_status_update: % APPROVED%'
    OR subject LIKE 'message_template_components_update: %' OR subject LIKE 'user_preferences: %'
    OR subject LIKE 'user_id_update: %');
