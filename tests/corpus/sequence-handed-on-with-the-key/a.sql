-- The table was renamed beside its changes: another has its sequence and the names of its keys now.
CREATE TABLE registry (id serial, name text NOT NULL, CONSTRAINT registry_key UNIQUE (name));
CREATE TABLE job (id serial CONSTRAINT job_pkey PRIMARY KEY, registry text CONSTRAINT job_registry REFERENCES registry (name), state text);
CREATE INDEX job_state ON job (state);
