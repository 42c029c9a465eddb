CREATE COLLATION a (locale = 'C');
CREATE TABLE t (x text COLLATE a);
CREATE INDEX i ON t (x);
CREATE DOMAIN d AS text COLLATE a;
CREATE TABLE u (x d, CHECK (x < 'b'));
