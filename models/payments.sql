CREATE TYPE payment_method AS ENUM ('card', 'transfer', 'cash');

CREATE TABLE invoice (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id bigint NOT NULL REFERENCES orders (id),
    number text NOT NULL UNIQUE,
    amount numeric(12, 2) NOT NULL,
    issued_on date NOT NULL DEFAULT CURRENT_DATE
);

CREATE INDEX invoice_order_idx ON invoice (order_id);

CREATE TABLE payment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    invoice_id bigint NOT NULL REFERENCES invoice (id),
    method payment_method NOT NULL,
    amount numeric(12, 2) NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT payment_amount_check CHECK (amount > 0)
);

CREATE INDEX payment_invoice_idx ON payment (invoice_id);
