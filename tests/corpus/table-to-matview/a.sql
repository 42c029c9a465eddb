CREATE TABLE x (a int); CREATE INDEX x_a ON x (a);
