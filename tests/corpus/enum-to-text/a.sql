CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TABLE t (m mood NOT NULL DEFAULT 'a', CHECK (m IN ('a', 'b')));
