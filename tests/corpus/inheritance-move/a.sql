CREATE TABLE p1 (a int);
CREATE TABLE p2 (b int);
CREATE TABLE p3 (a int);
CREATE TABLE one (a int, b int);
CREATE TABLE three (a int, b int);
ALTER TABLE three INHERIT p1;
ALTER TABLE three INHERIT p2;
