CREATE TABLE a (id int, b_id int); CREATE TABLE b (id int, a_id int); CREATE POLICY p ON a USING (b_id IN (SELECT id FROM b)); CREATE POLICY p ON b USING (a_id IN (SELECT id FROM a));
