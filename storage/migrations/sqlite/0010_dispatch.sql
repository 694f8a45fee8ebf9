-- How fast a number may send at most, and when what it may send now last changed (130429 lowers it, success raises it).
ALTER TABLE numbers ADD COLUMN rate_ceiling BIGINT NOT NULL DEFAULT 80;
ALTER TABLE numbers ADD COLUMN rate_changed_at BIGINT NOT NULL DEFAULT 0;

-- The parts that all documents need, while they are away and when they are probed next.
CREATE TABLE parts (
    name TEXT PRIMARY KEY,
    away_since BIGINT,
    probe_at BIGINT,
    probes BIGINT NOT NULL DEFAULT 0,
    reason TEXT
);
