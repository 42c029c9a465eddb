CREATE TYPE addr AS (b text, a int);
