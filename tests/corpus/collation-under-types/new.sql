CREATE COLLATION a (locale = 'POSIX');
CREATE DOMAIN dd AS text COLLATE a;
CREATE TYPE cc AS (x text COLLATE a);
CREATE TYPE rr AS RANGE (subtype = text, collation = a);
