-- account: email and creation time
--
-- Revision ID: 5b1e7c20d4f8
-- Revises: 9584caadb170
-- Create Date: 2026-08-05T13:41:00Z

-- migrate:up

ALTER TABLE account
    ADD COLUMN email text,
    ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();

COMMENT ON COLUMN account.email IS 'As the customer typed it; compare with lower()';

-- migrate:down

ALTER TABLE account
    DROP COLUMN created_at,
    DROP COLUMN email;
