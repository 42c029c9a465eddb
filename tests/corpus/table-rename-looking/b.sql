CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, CONSTRAINT long CHECK (name <> '')); CREATE INDEX people_name ON people (name); CREATE VIEW v AS SELECT name FROM people;
