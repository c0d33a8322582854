-- Where a credential was last used from, and what the program calls itself.
ALTER TABLE credentials ADD COLUMN last_source TEXT;
ALTER TABLE credentials ADD COLUMN last_user_agent TEXT;
