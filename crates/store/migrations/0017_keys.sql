-- What people say of service accounts and of keys, which keys are put to sleep, and since when they have the secret they have.
ALTER TABLE principals ADD COLUMN description TEXT;
ALTER TABLE credentials ADD COLUMN description TEXT;
ALTER TABLE credentials ADD COLUMN disabled_at BIGINT;
ALTER TABLE credentials ADD COLUMN rotated_at BIGINT;
