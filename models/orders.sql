CREATE TYPE order_status AS ENUM ('new', 'paid', 'shipped', 'cancelled');

CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account (id),
    status order_status NOT NULL DEFAULT 'new',
    placed_at timestamptz NOT NULL DEFAULT now(),
    total numeric(12, 2) NOT NULL DEFAULT 0
);

CREATE INDEX orders_account_placed_idx ON orders (account_id, placed_at DESC);

CREATE TABLE order_line (
    order_id bigint NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    position integer NOT NULL,
    product_id bigint NOT NULL REFERENCES product (id),
    quantity integer NOT NULL DEFAULT 1,
    price numeric(10, 2) NOT NULL,
    PRIMARY KEY (order_id, position),
    CONSTRAINT order_line_quantity_check CHECK (quantity > 0)
);
