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
