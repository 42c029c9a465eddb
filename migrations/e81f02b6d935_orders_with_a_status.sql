-- orders, with a status
--
-- Revision ID: e81f02b6d935
-- Revises: a3d94f61c07e
-- Create Date: 2026-08-20T15:30:00Z

-- migrate:up

CREATE TYPE order_status AS ENUM ('new', 'paid', 'shipped', 'cancelled');

CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account (id),
    status order_status NOT NULL DEFAULT 'new',
    placed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE order_line (
    order_id bigint NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    position integer NOT NULL,
    product_id bigint NOT NULL REFERENCES product (id),
    quantity integer NOT NULL DEFAULT 1,
    price numeric(10, 2) NOT NULL,
    PRIMARY KEY (order_id, position),
    CONSTRAINT order_line_quantity_check CHECK (quantity > 0)
);

-- migrate:down

DROP TABLE order_line;
DROP TABLE orders;
DROP TYPE order_status;
