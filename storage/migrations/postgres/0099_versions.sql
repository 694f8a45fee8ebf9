-- What two may look after at once counts its versions, so that neither changes what they saw otherwise.
ALTER TABLE webhook_endpoints ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE incident_routes ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
-- By whose clock a month was over when it was closed; those of before went by UTC.
ALTER TABLE periods ADD COLUMN zone TEXT;
