CREATE TABLE t (b int, id serial PRIMARY KEY, c bigserial, d smallserial);
