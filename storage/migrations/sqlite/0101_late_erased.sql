-- A line that came late to a closed month and was erased since keeps the hash of what it was, as those do that were closed
-- with it. What was erased before has none.
ALTER TABLE period_adjustments ADD COLUMN erased_sha256 BLOB;
