-- Whose of us a document is, and which way its money goes, as filters of lists. The columns were there, and nothing filled
-- them; the firms that we are fill them when they are added.
CREATE INDEX documents_direction ON documents (direction, received_at, id) WHERE direction IS NOT NULL;
CREATE INDEX documents_entity ON documents (entity_id, received_at, id) WHERE entity_id IS NOT NULL;
