-- reporting: daily sales
--
-- Revision ID: c5f7182ae960
-- Revises: b0c3e7f4125d
-- Create Date: 2026-10-02T14:05:00Z

-- migrate:up

CREATE VIEW daily_sales AS
SELECT
    o.placed_at::date AS day,
    count(*) AS orders,
    sum(o.total) AS ordered,
    coalesce(sum(p.paid), 0) AS paid
FROM orders o
LEFT JOIN (
    SELECT i.order_id, sum(p.amount) AS paid
    FROM invoice i
    JOIN payment p ON p.invoice_id = i.id
    GROUP BY i.order_id
) p ON p.order_id = o.id
WHERE o.status <> 'cancelled'
GROUP BY o.placed_at::date;

COMMENT ON VIEW daily_sales IS 'What was ordered and paid, by day of the order';

-- migrate:down

DROP VIEW daily_sales;
