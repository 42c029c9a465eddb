CREATE TABLE p (a integer);
CREATE TABLE c () INHERITS (p);
