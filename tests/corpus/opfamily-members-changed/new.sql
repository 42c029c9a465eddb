CREATE OPERATOR FAMILY of USING btree;
ALTER OPERATOR FAMILY of USING btree ADD OPERATOR 1 < (int, bigint), OPERATOR 2 <= (bigint, bigint), FUNCTION 1 btint48cmp(int, bigint);
CREATE OPERATOR CLASS oc FOR TYPE int USING hash AS OPERATOR 1 =, FUNCTION 1 hashint4(int), FUNCTION 2 hashint4extended(int, bigint);
