-- Whether an account was made by who showed an invitation that nobody mailed: then its inviter alone says that the address
-- is the person's, until a link that is mailed there is used, or who runs the server says so too.
ALTER TABLE principals ADD COLUMN email_hearsay BIGINT NOT NULL DEFAULT 0;
