CREATE OPERATOR CLASS rev_ops FOR TYPE int USING btree AS OPERATOR 1 >, OPERATOR 3 =, OPERATOR 5 <, FUNCTION 1 btint4cmp(int, int);
CREATE TABLE t (a int); CREATE INDEX t_a ON t (a rev_ops);
