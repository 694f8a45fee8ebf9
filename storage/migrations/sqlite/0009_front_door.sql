-- A pass over the objects first counts what no row names, and only then deletes it, if that is plausible.
ALTER TABLE object_sweeps ADD COLUMN deletes BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE object_sweeps ADD COLUMN deleted BIGINT NOT NULL DEFAULT 0;
-- When the last pass came to its end; none while one is under way.
ALTER TABLE object_sweeps ADD COLUMN ended_at BIGINT;
