CREATE TABLE journal (at timestamptz DEFAULT now(), tag text, who name DEFAULT current_user);
CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.journal (tag) VALUES (tg_tag); END $$;
CREATE EVENT TRIGGER ddl ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE', 'DROP TABLE') EXECUTE FUNCTION on_ddl();
CREATE EVENT TRIGGER dropped ON sql_drop EXECUTE FUNCTION on_ddl();
ALTER EVENT TRIGGER dropped DISABLE;
CREATE TABLE t (a int, b text NOT NULL DEFAULT '');
