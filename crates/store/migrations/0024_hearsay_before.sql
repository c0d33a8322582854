-- Accounts that were made by a shown invitation before anybody wrote down that their address is hearsay. Whose link was
-- mailed has proved it, and what was swept from the trail is found no more.
UPDATE principals SET email_hearsay = 1 WHERE org_id IS NULL AND email_verified_at IS NULL
    AND id IN (SELECT actor_id FROM audit_events WHERE action = 'invitation.join');
