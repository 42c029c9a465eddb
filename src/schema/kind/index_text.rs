//! The text of an index, without the deparser where that prints nothing but a name.
//!
//! `pg_get_indexdef` looks through all operator classes for each column, to see whether the
//! index's own is the default and need not be printed. That is most of what reading a large
//! database costs. An index by one column has this text put together in the query, from the
//! catalogs, if it is certain that a name, the order and the predicate are all there is to print.
//! Every other index is left to `pg_get_indexdef`.

/// The definition of the index `x` (`pg_index`), `i` (`pg_class`): from ` USING` on, or all of it.
///
/// The predicate is printed by the same function either way: `pg_get_indexdef` and `pg_get_expr`
/// deparse it for the same relation in the same style.
pub(super) const DEFINITION: &str = "CASE WHEN ko.oid IS NOT NULL THEN
       ' USING btree (' || quote_ident(ka.attname)
         || CASE x.indoption[0] WHEN 0 THEN '' WHEN 1 THEN ' DESC NULLS LAST'
                                WHEN 2 THEN ' NULLS FIRST' ELSE ' DESC' END || ')'
         || CASE WHEN x.indpred IS NULL THEN ''
                 ELSE ' WHERE ' || pg_get_expr(x.indpred, x.indrelid) END
     ELSE pg_get_indexdef(i.oid) END";

/// The joins that [`DEFINITION`] takes: `ka` is the index's only column, and `ko` its operator
/// class if nothing of what it is by need be printed.
///
/// Nothing need be, if the class is
///
/// - one of the B-tree's, which order their columns and know no other sort of index;
/// - built in: those take no parameters, so that none are printed;
/// - the default of just the column's type, not of one that it can pass for: that rule is short
///   enough to be followed here; and as the only exception the default of `text` for `varchar`, if
///   nobody has made a class that would come before it;
///
/// and the collation is the column's own. The column of an index may still have parameters from
/// before they were refused.
pub(super) fn joins(version: u32) -> String {
    let nulls = if version >= 15_00_00 { "AND NOT x.indnullsnotdistinct" } else { "" };
    format!(
        "LEFT JOIN pg_attribute ka ON x.indnatts = 1 {nulls}
              AND ka.attrelid = x.indrelid AND ka.attnum = x.indkey[0]
         LEFT JOIN pg_opclass ko ON ko.oid = x.indclass[0] AND ko.oid < 16384 AND ko.opcdefault
              AND ko.opcmethod = 403 AND i.relam = 403
              AND (ko.opcintype = ka.atttypid
                   OR ko.opcintype = 'text'::regtype AND ka.atttypid = 'varchar'::regtype
                      AND NOT EXISTS (
                          SELECT FROM pg_opclass o JOIN pg_type t ON t.oid = o.opcintype
                           WHERE o.opcmethod = 403 AND o.opcdefault AND t.oid <> 'text'::regtype
                             AND (t.oid = 'varchar'::regtype
                                  OR t.typispreferred AND t.typcategory = 'S')))
              AND x.indcollation[0] IN (0, ka.attcollation)
              AND x.indexrelid NOT IN (
                  SELECT p.attrelid FROM pg_attribute p WHERE p.attoptions IS NOT NULL)"
    )
}
