CREATE TYPE addr AS (a int);
