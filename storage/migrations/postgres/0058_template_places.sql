-- How many places ({{1}}, {{2}}...) the body of a template has, so that parameters that cannot fit are refused before they are
-- queued. Of what was there it is known once Meta tells of it again.
ALTER TABLE templates ADD COLUMN places BIGINT;
