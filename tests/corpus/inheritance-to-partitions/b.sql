CREATE SEQUENCE event_id_seq;
CREATE TABLE event (id bigint DEFAULT nextval('event_id_seq') NOT NULL, at timestamptz NOT NULL, body jsonb DEFAULT '{}' NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
ALTER SEQUENCE event_id_seq OWNED BY event.id;
CREATE TABLE event_2023 PARTITION OF event FOR VALUES FROM ('2023-01-01 00:00+00') TO ('2024-01-01 00:00+00');
CREATE TABLE event_2024 PARTITION OF event FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2025-01-01 00:00+00');
CREATE INDEX event_at ON event (at);
CREATE VIEW recent AS SELECT * FROM event WHERE at > now() - interval '1 day';
COMMENT ON COLUMN event.body IS 'what happened, exactly';
