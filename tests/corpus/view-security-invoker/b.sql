CREATE VIEW v WITH (security_invoker = true, security_barrier = false) AS SELECT 1 AS a;
