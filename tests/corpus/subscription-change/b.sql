CREATE SUBSCRIPTION corpus_sub CONNECTION 'host=/nowhere dbname=y' PUBLICATION q, r WITH (connect = false, slot_name = 'slot', enabled = false, binary = true, disable_on_error = true);
