-- account: one email, once
--
-- Revision ID: 8a2f5d0619ce
-- Revises: c5f7182ae960
-- Create Date: 2026-11-12T08:30:00Z

-- migrate:up

CREATE FUNCTION account_clean_email() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.email := nullif(trim(NEW.email), '');
    RETURN NEW;
END;
$$;

CREATE TRIGGER account_clean_email
    BEFORE INSERT OR UPDATE OF email ON account
    FOR EACH ROW EXECUTE FUNCTION account_clean_email();

CREATE UNIQUE INDEX account_email_key ON account (lower(email));

-- migrate:down

DROP INDEX account_email_key;
DROP TRIGGER account_clean_email ON account;
DROP FUNCTION account_clean_email();
