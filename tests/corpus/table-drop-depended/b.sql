CREATE TABLE u (t_id int);
