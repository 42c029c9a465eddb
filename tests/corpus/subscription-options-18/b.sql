CREATE SUBSCRIPTION corpus_sub CONNECTION 'host=/nowhere dbname=x' PUBLICATION p WITH (connect = false, slot_name = NONE, enabled = false, create_slot = false, streaming = off, two_phase = true);
