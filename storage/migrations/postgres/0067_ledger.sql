-- Files that came over the channel, by when: of each it is asked whether a document stands for it.
CREATE INDEX messages_files ON messages (received_at, id)
WHERE direction = 'in' AND type IN ('image', 'document', 'video', 'audio');
-- How reviews ended, by when.
CREATE INDEX reviews_resolved ON reviews (resolved_at) WHERE resolved_at IS NOT NULL;
