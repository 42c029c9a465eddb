CREATE TABLE par (a bigint, b text, added text DEFAULT 'n' NOT NULL);
CREATE TABLE heir (c int) INHERITS (par);
CREATE TABLE grandheir (d int, added text) INHERITS (heir);
CREATE TABLE own (b text, z int) INHERITS (par);
CREATE VIEW v AS SELECT a FROM grandheir;
