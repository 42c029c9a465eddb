CREATE TYPE r AS RANGE (subtype = text, collation = "POSIX", multirange_type_name = mrr);
