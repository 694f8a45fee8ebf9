-- Who has a blind sample in front of them, and until when nobody else gets it.
ALTER TABLE quality_checks ADD COLUMN claimed_by TEXT;
ALTER TABLE quality_checks ADD COLUMN claim_expires_at BIGINT;
