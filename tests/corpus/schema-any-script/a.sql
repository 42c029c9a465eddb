CREATE SCHEMA "Заказы";
CREATE TABLE "Заказы"."позиция ""А""" ("ключ 1" int PRIMARY KEY, "select" text);
