CREATE TABLE t (id uuid PRIMARY KEY DEFAULT gen_random_uuid()); CREATE TABLE u (t_id uuid REFERENCES t);
