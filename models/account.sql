CREATE TABLE account (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    email text,
    created_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON COLUMN account.email IS 'As the customer typed it; compare with lower()';

CREATE UNIQUE INDEX account_email_key ON account (lower(email));

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
