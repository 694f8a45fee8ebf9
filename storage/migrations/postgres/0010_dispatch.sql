-- How fast a number may send at most, and when what it may send now last changed (130429 lowers it, success raises it).
ALTER TABLE numbers ADD COLUMN rate_ceiling BIGINT NOT NULL DEFAULT 80;
ALTER TABLE numbers ADD COLUMN rate_changed_at BIGINT NOT NULL DEFAULT 0;
