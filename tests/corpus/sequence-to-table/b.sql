CREATE TABLE s (a int);
