CREATE TABLE t (m text NOT NULL DEFAULT 'a', CHECK (m IN ('a', 'b')));
