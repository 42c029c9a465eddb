CREATE FUNCTION ok(b int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'select b > 0';
CREATE FUNCTION num(b int) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'select b';
CREATE DOMAIN dom AS int CHECK (ok(VALUE));
CREATE TABLE t (id int CHECK (ok(id)), d bigint DEFAULT num(3), dd dom, g bigint GENERATED ALWAYS AS (num(id)) STORED, EXCLUDE USING btree ((num(id)) WITH =));
CREATE INDEX ti ON t (num(id)) WHERE ok(id);
CREATE STATISTICS ts ON (num(id)), d FROM t;
CREATE POLICY p ON t USING (ok(id));
CREATE VIEW v AS SELECT num(id) AS n FROM t;
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS $$ begin return new; end $$;
CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW WHEN (ok(NEW.id)) EXECUTE FUNCTION tf();
CREATE RULE ru AS ON INSERT TO t WHERE ok(NEW.id) DO INSTEAD NOTHING;
CREATE FUNCTION nest(a bigint DEFAULT num(2)) RETURNS int LANGUAGE sql AS 'select a';
CREATE FUNCTION plus(x int, y int) RETURNS int LANGUAGE sql IMMUTABLE AS 'select x+y';
CREATE AGGREGATE ag(int) (SFUNC = plus, STYPE = int);
CREATE OPERATOR @@+ (FUNCTION = plus, LEFTARG = int, RIGHTARG = int);
CREATE VIEW vop AS SELECT 1 OPERATOR(public.@@+) 2 AS x, ag(3) AS y;
CREATE FUNCTION tocast(x t) RETURNS int LANGUAGE sql AS 'select 1';
CREATE CAST (t AS int) WITH FUNCTION tocast(t);

