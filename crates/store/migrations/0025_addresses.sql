-- Addresses were compared by their folded text alone, which takes domains of different owners for one, such as those with
-- an eszett and with ss. Addresses with other characters than ASCII count as unproved until they are given anew, in the
-- form that domains are registered in; invitations to such ones are to be made anew.
UPDATE principals SET email_hearsay = 1, email_verified_at = NULL WHERE OCTET_LENGTH(email) <> LENGTH(email);
DELETE FROM grants WHERE subject_kind = 'invitation' AND subject_id IN
    (SELECT i.id FROM invitations i WHERE i.status = 'pending' AND OCTET_LENGTH(i.email) <> LENGTH(i.email));
DELETE FROM team_invitations WHERE invitation_id IN
    (SELECT i.id FROM invitations i WHERE i.status = 'pending' AND OCTET_LENGTH(i.email) <> LENGTH(i.email));
UPDATE invitations SET status = 'revoked' WHERE status = 'pending' AND OCTET_LENGTH(email) <> LENGTH(email);
