CREATE TABLE a (id varchar(36) PRIMARY KEY); CREATE TABLE b (a_id varchar(36) REFERENCES a, UNIQUE (a_id)); CREATE INDEX b_low ON b (lower(a_id));
