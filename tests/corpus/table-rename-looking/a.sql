CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL, CONSTRAINT long CHECK (name <> '')); CREATE INDEX person_name ON person (name); CREATE VIEW v AS SELECT name FROM person;
