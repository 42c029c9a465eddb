CREATE SCHEMA one; CREATE SCHEMA two; CREATE TABLE two.t (id serial PRIMARY KEY, b text);
