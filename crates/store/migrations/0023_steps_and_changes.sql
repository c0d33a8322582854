-- The step itself, since two steps of a thing in one direction are two things to count.
ALTER TABLE usage_events RENAME COLUMN sign TO step;

-- When a key was last changed, if it was.
ALTER TABLE credentials ADD COLUMN changed_at BIGINT;
