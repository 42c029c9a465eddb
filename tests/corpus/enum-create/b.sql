CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy'); CREATE TABLE t (m mood DEFAULT 'sad', ms mood[] DEFAULT '{sad,happy}');
