-- Incidents leave the process. Nothing wrote deliveries until now, so the table is made anew.
DROP TABLE incident_deliveries;
CREATE TABLE incident_deliveries (
    id UUID PRIMARY KEY,
    route_id UUID NOT NULL REFERENCES incident_routes (id),
    -- None for a test.
    incident_id UUID REFERENCES incidents (id),
    what TEXT NOT NULL CHECK (what IN ('opened', 'reminder', 'acknowledged', 'resolved', 'test')),
    -- Which reminder; 0 for all else.
    nth BIGINT NOT NULL DEFAULT 0,
    state TEXT NOT NULL CHECK (state IN ('queued', 'delivered', 'failed')),
    attempts BIGINT NOT NULL DEFAULT 0,
    error TEXT,
    -- The message in which it went; a digest has many.
    message TEXT,
    created_at BIGINT NOT NULL,
    delivered_at BIGINT
);
CREATE UNIQUE INDEX incident_deliveries_once ON incident_deliveries (incident_id, route_id, what, nth)
    WHERE incident_id IS NOT NULL;
CREATE INDEX incident_deliveries_queued ON incident_deliveries (route_id, created_at) WHERE state = 'queued';
CREATE INDEX incident_deliveries_sent ON incident_deliveries (route_id, delivered_at) WHERE state = 'delivered';
CREATE INDEX incidents_over ON incidents (resolved_at) WHERE state = 'resolved';

-- One worker at a time speaks to a route; one that fails rests.
ALTER TABLE incident_routes ADD COLUMN lease_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE incident_routes ADD COLUMN wait_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE incident_routes ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE incident_routes ADD COLUMN last_error TEXT;
