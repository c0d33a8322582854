-- API keys are looked for by part of their titles. What was made before is folded by the engine's own rule, until the key is
-- changed.

ALTER TABLE credentials ADD COLUMN title_folded TEXT NOT NULL DEFAULT '';
UPDATE credentials SET title_folded = LOWER(title);
