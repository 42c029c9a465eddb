CREATE TYPE e AS ENUM ('a', 'c'); CREATE DOMAIN de AS e[]; CREATE TABLE t (x de DEFAULT '{a}', y e, EXCLUDE USING btree (y WITH =)); CREATE AGGREGATE maxe(e) (SFUNC = enum_larger, STYPE = e);
