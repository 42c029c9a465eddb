COPY public.t (a, b) FROM stdin;
1	it's
\N	$$ ( /* "
\.
copy t from stdin with (format csv, header true) where a > 1;
a,b
"x;",y
\.
COPY t FROM STDIN; SELECT 'after the data';
1
\.
COPY a FROM STDIN; COPY b FROM STDIN; SELECT 1;
a
\.
b
\.
COPY t FROM 'stdin';
COPY (SELECT * FROM t) TO STDOUT;
COPY t FROM STDIN;
\.
SELECT 2;
