CREATE DOMAIN d AS text DEFAULT now()::text;
