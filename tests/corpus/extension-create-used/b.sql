CREATE EXTENSION citext; CREATE TABLE t (mail citext UNIQUE DEFAULT 'x'::citext); CREATE INDEX ON t ((mail || 'x'::citext));
