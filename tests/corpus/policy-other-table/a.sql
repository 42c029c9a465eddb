CREATE TABLE m (t_id int, who text); CREATE TABLE t (id int); CREATE POLICY p ON t USING (EXISTS (SELECT 1 FROM m WHERE m.t_id = t.id AND m.who = current_user));
