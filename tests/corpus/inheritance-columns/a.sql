CREATE TABLE par (a int, b text, gone int, was_local int);
CREATE TABLE heir (c int, was_local int) INHERITS (par);
CREATE TABLE grandheir (d int) INHERITS (heir);
CREATE TABLE own (b text, z int) INHERITS (par);
CREATE VIEW v AS SELECT a FROM grandheir;
INSERT INTO heir VALUES (1, 'x', 2, 3, 4);
