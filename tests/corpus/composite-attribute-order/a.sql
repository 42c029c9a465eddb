CREATE TYPE addr AS (a int, b text);
