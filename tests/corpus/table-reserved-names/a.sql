CREATE TABLE "order" ("user" int, "group" text);
