CREATE TABLE abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabc (abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabc int PRIMARY KEY, b int UNIQUE, CHECK (b > 0));
