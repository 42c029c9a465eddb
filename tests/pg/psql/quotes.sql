SELECT 'a;', 'it''s;', E'it\'s;', e'\\', 'back\', U&'d\0061t\+000061;', U&"d\0061t;", B'01', X'1F', N'x;';
SELECT 'a'
'b;' -- c;
'd;';
SELECT E'x' /* not a continuation */ , '\';
SELECT "a;""b;", $$;$$, $a$;$$;$a$, $größe$;$größe$, a$b$c;
SELECT $1, 1.5, .5, 1., 1e5, 1e-5, 1..2;
SELECT a+-1, a=-1, a@-1, a<=-+1, a --;
  -- ;
  , b /* ; /* ; */ ; */ ;
SELECT a/* ' */+b, a*/* " */b, a-- $$
  ;
/* a comment */ ; ; -- nothing
SELECT (1; 2);
SELECT ')';
SELECT größe FROM tabelle WHERE é = 'é;';
