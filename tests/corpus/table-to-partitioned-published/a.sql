CREATE TABLE whole (id integer NOT NULL DEFAULT 1, a date NOT NULL DEFAULT '2024-06-01', load text DEFAULT '');
