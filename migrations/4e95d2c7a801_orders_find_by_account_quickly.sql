-- orders: find by account quickly
--
-- Revision ID: 4e95d2c7a801
-- Revises: f6a8130cd72e
-- Create Date: 2026-09-09T10:12:00Z

-- CREATE INDEX CONCURRENTLY lets writes go on, and cannot run in a transaction.
-- migrate:up transaction:false

CREATE INDEX CONCURRENTLY orders_account_placed_idx ON orders (account_id, placed_at DESC);

-- migrate:down transaction:false

DROP INDEX CONCURRENTLY orders_account_placed_idx;
