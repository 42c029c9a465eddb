CREATE TABLE t (a int, b int, CONSTRAINT u UNIQUE (a, b)); CREATE TABLE r (a int, b int, CONSTRAINT fk FOREIGN KEY (a, b) REFERENCES t (a, b));
