CREATE TABLE t (a int DEFAULT 2, b text DEFAULT E'it''s\n', c timestamptz, d int DEFAULT (1 + 2) * 3);
