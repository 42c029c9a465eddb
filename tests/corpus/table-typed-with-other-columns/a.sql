CREATE TYPE pair AS (x int, y text);
CREATE TABLE leaves OF pair (x WITH OPTIONS PRIMARY KEY, y WITH OPTIONS DEFAULT 'a');
CREATE TABLE becomes (y text, id int);
CREATE VIEW v AS SELECT x, y FROM leaves;
