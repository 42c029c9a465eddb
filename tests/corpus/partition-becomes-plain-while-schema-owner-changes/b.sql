CREATE SCHEMA s;
ALTER SCHEMA s OWNER TO corpus_a;
COMMENT ON SCHEMA s IS 'with another owner';
CREATE TYPE s.state AS ENUM ('on', 'off');
COMMENT ON TYPE s.state IS 'with a comment';
CREATE TABLE s.t (m text NOT NULL, state s.state);
