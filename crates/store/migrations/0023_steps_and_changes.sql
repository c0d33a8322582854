-- The step itself, since two steps of a thing in one direction are two things to count.
-- Of what was counted before, only the sign is known: forgotten, so that no true step is taken for one that comes again.
DELETE FROM usage_events;
ALTER TABLE usage_events RENAME COLUMN sign TO step;

-- When a key was last changed, if it was.
ALTER TABLE credentials ADD COLUMN changed_at BIGINT;
