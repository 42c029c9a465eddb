CREATE SCHEMA "Заказы";
CREATE TABLE "Заказы"."позиция ""А""" ("ключ 1" bigint PRIMARY KEY, "select" text NOT NULL DEFAULT 'да', "顧客" date);
CREATE INDEX "индекс;x" ON "Заказы"."позиция ""А""" ("顧客", lower("select"));
COMMENT ON COLUMN "Заказы"."позиция ""А"""."顧客" IS 'it''s; -- no comment';
