CREATE OPERATOR FAMILY of USING btree;
CREATE OPERATOR CLASS oc FOR TYPE int USING btree FAMILY of AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);
ALTER OPERATOR FAMILY of USING btree ADD OPERATOR 1 < (int, bigint), OPERATOR 2 <= (int, bigint), OPERATOR 3 = (int, bigint), OPERATOR 4 >= (int, bigint), OPERATOR 5 > (int, bigint), FUNCTION 1 btint48cmp(int, bigint);
CREATE OPERATOR CLASS def FOR TYPE point USING gist AS STORAGE box, OPERATOR 15 <-> (point, point) FOR ORDER BY float_ops, FUNCTION 1 gist_point_consistent (internal, point, smallint, oid, internal);
CREATE OPERATOR FAMILY empty USING hash;
COMMENT ON OPERATOR FAMILY empty USING hash IS 'e';
COMMENT ON OPERATOR CLASS oc USING btree IS 'c';
