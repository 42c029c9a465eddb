CREATE TABLE t (a text DEFAULT '1', b int DEFAULT 0, c text DEFAULT 'x', d bool DEFAULT false);
