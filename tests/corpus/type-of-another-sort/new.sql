CREATE DOMAIN t AS int;
CREATE TYPE u AS ENUM ('b');
CREATE TYPE v AS RANGE (subtype = float4);
