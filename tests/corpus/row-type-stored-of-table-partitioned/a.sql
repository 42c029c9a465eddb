CREATE TABLE p (a int, b text);
CREATE TABLE t (id int, r p, rs p[]);
INSERT INTO t VALUES (1, ROW(1,'x'), ARRAY[ROW(2,'y')::p]);
INSERT INTO p VALUES (1,'q');
