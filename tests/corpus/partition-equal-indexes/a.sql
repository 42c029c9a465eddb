CREATE TABLE p (a int, b int) PARTITION BY LIST (a); CREATE INDEX one ON p (b); CREATE INDEX two ON p (b); CREATE TABLE x (a int, b int); CREATE INDEX mine ON x (b);
