CREATE TYPE addr AS (street text COLLATE "C", zip varchar(10), n numeric(10,2)); CREATE TABLE t (a addr, b addr[]);
