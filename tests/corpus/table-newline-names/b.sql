CREATE TABLE t (a int); CREATE TABLE U&"new\000Aline" ("two
lines" int, CONSTRAINT "c
d" CHECK ("two
lines" > 0)); COMMENT ON TABLE U&"new\000Aline" IS E'a\nb';
