-- billing: payments
--
-- Revision ID: 02d7a95e8c3b
-- Revises: 7c40be19f2a6
-- Create Date: 2026-09-04T16:48:00Z

-- migrate:up

CREATE TYPE payment_method AS ENUM ('card', 'transfer', 'cash');

CREATE TABLE payment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    invoice_id bigint NOT NULL REFERENCES invoice (id),
    method payment_method NOT NULL,
    amount numeric(12, 2) NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT payment_amount_check CHECK (amount > 0)
);

CREATE INDEX payment_invoice_idx ON payment (invoice_id);

-- migrate:down

DROP TABLE payment;
DROP TYPE payment_method;
