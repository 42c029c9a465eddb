-- Bodies of routines hold semicolons in several ways.
CREATE FUNCTION add_one(a integer) RETURNS integer
    LANGUAGE sql
    RETURN a + 1;
CREATE FUNCTION sum_of(a integer[]) RETURNS bigint
    LANGUAGE sql
BEGIN ATOMIC
    SELECT CASE WHEN a IS NULL THEN 0 ELSE (SELECT sum(CASE x WHEN 1 THEN 1 ELSE x END) FROM unnest(a) x) END;
    SELECT 1;
END;
CREATE OR REPLACE PROCEDURE tidy(before date DEFAULT now())
LANGUAGE sql
BEGIN ATOMIC
    DELETE FROM log WHERE at < before;
    INSERT INTO log (what) VALUES ('tidied; all');
END;
CREATE FUNCTION classic() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    text_with text := $inner$ $$;$$ $inner$;
BEGIN
    IF TG_OP = 'INSERT' THEN RETURN NEW; END IF;
    RETURN OLD; -- '
END;
$body$;
DO $$ BEGIN RAISE NOTICE '%;', 1; END $$;
DO 'BEGIN RAISE NOTICE ''%;'', 1; END';
CREATE RULE both AS ON INSERT TO t DO ALSO (INSERT INTO a VALUES (1); INSERT INTO b VALUES (2));
BEGIN; SELECT CASE 1 WHEN 1 THEN 2 END; END;
CREATE TABLE function (begin_ integer, "end" integer);
SELECT 'no semicolon at the end'
