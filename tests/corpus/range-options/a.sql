CREATE TYPE r AS RANGE (subtype = text, collation = "C", multirange_type_name = mr);
