CREATE TYPE addr AS (a bigint, c date, d text[]);
