-- create account table
--
-- Revision ID: 9584caadb170
-- Revises:
-- Create Date: 2026-08-03T08:26:00Z

-- migrate:up

CREATE TABLE account (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL
);

-- migrate:down

DROP TABLE account;
