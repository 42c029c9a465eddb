CREATE TYPE pair AS (x integer, y text);
CREATE TABLE kept OF pair (PRIMARY KEY (x));
