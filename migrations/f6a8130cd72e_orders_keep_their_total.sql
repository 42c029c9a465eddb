-- orders keep their total
--
-- Revision ID: f6a8130cd72e
-- Revises: e81f02b6d935
-- Create Date: 2026-09-01T07:55:00Z

-- migrate:up

ALTER TABLE orders ADD COLUMN total numeric(12, 2);

-- Existing orders get the sum of their lines before the column becomes mandatory.
UPDATE orders
SET total = coalesce(
    (SELECT sum(l.quantity * l.price) FROM order_line l WHERE l.order_id = orders.id),
    0
)
WHERE total IS NULL;

ALTER TABLE orders
    ALTER COLUMN total SET DEFAULT 0,
    ALTER COLUMN total SET NOT NULL;

-- migrate:down

ALTER TABLE orders DROP COLUMN total;
