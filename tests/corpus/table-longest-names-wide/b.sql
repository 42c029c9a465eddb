CREATE TABLE "ююююююююююююююююююююююююююююююю" (a serial PRIMARY KEY, "яяяяяяяяяяяяяяяяяяяяяяяяяяяяяяя" int UNIQUE);
