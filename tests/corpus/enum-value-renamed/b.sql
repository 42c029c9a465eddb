CREATE TYPE mood AS ENUM ('a', 'beta', 'c'); CREATE TABLE t (m mood DEFAULT 'beta');
