-- merge billing into main
--
-- Revision ID: b0c3e7f4125d
-- Revises: 4e95d2c7a801, 02d7a95e8c3b
-- Create Date: 2026-09-15T09:00:00Z

-- migrate:up

-- migrate:down
