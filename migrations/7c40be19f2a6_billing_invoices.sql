-- billing: invoices
--
-- Revision ID: 7c40be19f2a6
-- Revises: 5b1e7c20d4f8
-- Create Date: 2026-08-28T11:20:00Z
-- Branch Labels: billing
-- Depends On: e81f02b6d935

-- migrate:up

CREATE TABLE invoice (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id bigint NOT NULL REFERENCES orders (id),
    number text NOT NULL UNIQUE,
    amount numeric(12, 2) NOT NULL,
    issued_on date NOT NULL DEFAULT CURRENT_DATE
);

CREATE INDEX invoice_order_idx ON invoice (order_id);

-- migrate:down

DROP TABLE invoice;
