-- catalog: categories and products
--
-- Revision ID: a3d94f61c07e
-- Revises: 5b1e7c20d4f8
-- Create Date: 2026-08-11T09:02:00Z

-- migrate:up

CREATE TABLE category (
    code text PRIMARY KEY,
    title text NOT NULL
);

CREATE TABLE product (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    category text NOT NULL REFERENCES category (code),
    title text NOT NULL,
    price numeric(10, 2) NOT NULL,
    CONSTRAINT product_price_check CHECK (price >= 0)
);

CREATE INDEX product_category_idx ON product (category);

-- A script may carry its data the way pg_dump writes it.
COPY category (code, title) FROM stdin;
still	Stills and retorts
glass	Glassware
book	Books
\.

-- migrate:down

DROP TABLE product;
DROP TABLE category;
