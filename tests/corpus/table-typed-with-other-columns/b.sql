CREATE TYPE pair AS (x int, y text);
CREATE TABLE leaves (y text DEFAULT 'a', id int);
CREATE TABLE becomes OF pair (x WITH OPTIONS PRIMARY KEY, y WITH OPTIONS NOT NULL);
CREATE VIEW v AS SELECT x, y FROM becomes;
