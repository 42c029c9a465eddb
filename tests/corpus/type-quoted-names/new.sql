CREATE SCHEMA "S x";
CREATE TYPE "S x"."Ty""p" AS ENUM ('a');
CREATE TYPE "S x"."select" AS ("from" int, "a b" "S x"."Ty""p"[]);
CREATE DOMAIN "S x"."Dö" AS "S x"."select" CONSTRAINT "c c" CHECK (VALUE IS NOT NULL);
CREATE COLLATION "S x"."co ll" FROM "C";
CREATE OPERATOR "S x".=== (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int);
CREATE OPERATOR FAMILY "S x"."of" USING btree;
CREATE CAST (text AS "S x"."Ty""p") WITH INOUT;
CREATE TYPE "S x"."r ng" AS RANGE (subtype = text, collation = "S x"."co ll");
