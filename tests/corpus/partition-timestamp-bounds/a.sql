CREATE TABLE p (at timestamptz) PARTITION BY RANGE (at);
