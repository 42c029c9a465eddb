CREATE SCHEMA shop; CREATE TYPE shop.state AS ENUM ('new', 'paid'); CREATE DOMAIN shop.email AS text CHECK (VALUE ~ '@');
CREATE TABLE shop.customer (id bigserial PRIMARY KEY, mail shop.email UNIQUE NOT NULL, best_order bigint);
CREATE TABLE shop."order" (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id bigint NOT NULL REFERENCES shop.customer ON DELETE CASCADE, state shop.state NOT NULL DEFAULT 'new', total numeric(12,2) CHECK (total >= 0), at timestamptz DEFAULT now());
ALTER TABLE shop.customer ADD FOREIGN KEY (best_order) REFERENCES shop."order" DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX ON shop."order" (customer_id, at DESC) WHERE state = 'new';
CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.at := now(); RETURN NEW; END $$; CREATE TRIGGER touch BEFORE UPDATE ON shop."order" FOR EACH ROW EXECUTE FUNCTION shop.touch();
CREATE VIEW shop.sales AS SELECT c.mail, sum(o.total) AS total FROM shop.customer c JOIN shop."order" o ON o.customer_id = c.id GROUP BY c.id; CREATE MATERIALIZED VIEW shop.top AS SELECT * FROM shop.sales ORDER BY total DESC LIMIT 10; CREATE UNIQUE INDEX ON shop.top (mail);
CREATE FUNCTION shop.total(c shop.customer) RETURNS numeric STABLE LANGUAGE sql AS $$ SELECT total FROM shop.sales WHERE mail = c.mail $$; ALTER TABLE shop."order" ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON shop."order" USING (customer_id = current_setting('app.id')::bigint);
