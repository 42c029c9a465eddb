CREATE TYPE mood AS ENUM ('a', 'b', 'c'); CREATE TABLE t (m mood DEFAULT 'c', CHECK (m <> 'c' OR m IS NULL)); CREATE INDEX t_c ON t (m) WHERE m = 'c';
