CREATE SEQUENCE registry_id_seq AS integer;
CREATE SEQUENCE job_id_seq AS integer;
CREATE TABLE target (id integer DEFAULT nextval('registry_id_seq') NOT NULL, url text NOT NULL, CONSTRAINT registry_key UNIQUE (url));
ALTER SEQUENCE registry_id_seq OWNED BY target.id;
CREATE TABLE schedule (id integer DEFAULT nextval('job_id_seq') CONSTRAINT job_pkey PRIMARY KEY, url text CONSTRAINT job_registry REFERENCES target (url), at timestamptz);
ALTER SEQUENCE job_id_seq OWNED BY schedule.id;
CREATE INDEX job_state ON schedule (at);
