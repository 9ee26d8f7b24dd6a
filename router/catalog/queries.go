package catalog

// Queries loads what Build wants: one text for one simple Query, a result per
// statement. It works on PostgreSQL 13 to 18, on a primary and on a replica,
// and needs no rights but those every user has. The first statement sets
// search_path for the rest of the text only (a text of several statements is
// one transaction), so that no object of the database can stand in for a
// catalog's. Objects are named by their reg* text, which that search_path
// makes unique. An oid from 16384 on (FirstNormalObjectId) is not PostgreSQL's own.
//
// Reading a view's definition takes an ACCESS SHARE lock on its tables, so a
// long ALTER TABLE can be in the way: after lock_timeout the text fails, and
// the caller tries again.
//
// A default that calls wye.unique_id, which wye makes, is none that could do
// anything.
const Queries = `
SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true), pg_catalog.set_config('lock_timeout', '2s', true);

SELECT p.proname, max((CASE
    WHEN p.prorettype IN ('internal'::regtype, 'cstring'::regtype, 'trigger'::regtype, 'event_trigger'::regtype, 'index_am_handler'::regtype,
      'table_am_handler'::regtype, 'fdw_handler'::regtype, 'language_handler'::regtype) THEN 'x'
    WHEN 'internal'::regtype = ANY (p.proargtypes) OR 'cstring'::regtype = ANY (p.proargtypes) THEN 'x'
    ELSE p.provolatile::text END) COLLATE "C")
  FROM pg_proc p
  WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.oid < 16384
  GROUP BY 1 ORDER BY 1;

SELECT t.typname
  FROM pg_type t
  WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.oid < 16384 AND t.typtype IN ('b', 'r', 'm', 'p') AND t.typname !~ '^_'
  ORDER BY 1;

SELECT p.oid::regprocedure::text COLLATE "C", n.nspname, p.proname, p.prokind, p.provolatile, l.lanname,
    p.pronargs - p.pronargdefaults,
    CASE WHEN p.provariadic <> 0 OR p.prokind = 'a' THEN -1 ELSE p.pronargs END,
    x.objid IS NOT NULL,
    p.pronargs >= 1 AND p.pronargs - p.pronargdefaults <= 1 AND t.typtype IN ('c', 'd', 'p'),
    CASE WHEN p.prokind IN ('f', 'w') AND p.provolatile <> 'v' AND x.objid IS NULL AND l.lanname IN ('sql', 'plpgsql')
      THEN pg_get_functiondef(p.oid) END,
    CASE WHEN p.prokind = 'a' THEN array_to_string(ARRAY[a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
      a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn]::regprocedure[], E'\n') END,
    p.prosrc ~* '\m(create|alter|drop|grant|revoke|comment|execute|refresh|reindex|call|truncate)\M',
    p.prosrc ~* '(advisory|dblink|execute|lock)' OR l.lanname NOT IN ('sql', 'plpgsql')
  FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_language l ON l.oid = p.prolang
  LEFT JOIN pg_aggregate a ON a.aggfnoid = p.oid
  LEFT JOIN pg_type t ON t.oid = p.proargtypes[0]
  LEFT JOIN pg_depend x ON x.classid = 'pg_proc'::regclass AND x.objid = p.oid AND x.deptype = 'e'
  WHERE p.oid >= 16384 AND n.nspname !~ '^pg_(toast_)?temp_'
    AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
  ORDER BY 1;

SELECT c.oid::regclass::text COLLATE "C", n.nspname, c.relname, c.relkind, c.relpersistence, c.relrowsecurity,
    EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal)
      OR EXISTS (SELECT FROM pg_rewrite w WHERE w.ev_class = c.oid AND w.ev_type <> '1')
      OR EXISTS (SELECT FROM pg_attrdef d JOIN pg_depend e ON e.classid = 'pg_attrdef'::regclass AND e.objid = d.oid
        AND e.refclassid = 'pg_proc'::regclass AND e.refobjid >= 16384 WHERE d.adrelid = c.oid AND NOT EXISTS (SELECT FROM pg_proc u
          JOIN pg_roles o ON o.oid = u.proowner AND o.rolsuper WHERE u.oid = e.refobjid AND u.oid = to_regprocedure('wye.unique_id()')))
      OR EXISTS (SELECT FROM pg_constraint k JOIN pg_depend e ON e.classid = 'pg_constraint'::regclass AND e.objid = k.oid
        AND e.refclassid = 'pg_proc'::regclass AND e.refobjid >= 16384 WHERE k.conrelid = c.oid),
    CASE WHEN c.relkind = 'v' THEN pg_get_viewdef(c.oid) END,
    (SELECT string_agg(DISTINCT a.atttypid::regtype::text COLLATE "C", E'\n') FROM pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid >= 16384)
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.oid >= 16384
    AND n.nspname NOT IN ('pg_toast', 'information_schema') AND n.nspname !~ '^pg_(toast_)?temp_'
  ORDER BY 1;

SELECT i.inhrelid::regclass::text COLLATE "C", i.inhparent::regclass::text COLLATE "C"
  FROM pg_inherits i
  JOIN pg_class c ON c.oid = i.inhrelid AND c.relkind IN ('r', 'p', 'f')
  ORDER BY 1, 2;

SELECT DISTINCT k.confrelid::regclass::text COLLATE "C", k.conrelid::regclass::text COLLATE "C"
  FROM pg_constraint k
  WHERE k.contype = 'f' AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))
  ORDER BY 1, 2;

SELECT y.polrelid::regclass::text COLLATE "C", pg_get_expr(y.polqual, y.polrelid) COLLATE "C"
  FROM pg_policy y
  WHERE y.polcmd IN ('r', '*') AND y.polqual IS NOT NULL
  ORDER BY 1, 2;

SELECT t.oid::regtype::text COLLATE "C", n.nspname, t.typname, t.typtype, x.objid IS NOT NULL,
    array_to_string(ARRAY(
      SELECT q.typ::regtype::text COLLATE "C" FROM (
        SELECT a.atttypid FROM pg_attribute a WHERE a.attrelid = t.typrelid AND t.typrelid <> 0 AND a.attnum > 0 AND NOT a.attisdropped
        UNION SELECT t.typbasetype
        UNION SELECT r.rngsubtype FROM pg_range r WHERE r.rngtypid = t.oid) q (typ)
      WHERE q.typ >= 16384 ORDER BY 1), E'\n'),
    (SELECT string_agg('(' || pg_get_expr(k.conbin, 0) || ')', ' AND ' ORDER BY k.conname) FROM pg_constraint k
      WHERE k.contypid = t.oid AND k.contype = 'c'),
    (SELECT array_to_string(ARRAY[r.rngcanonical, r.rngsubdiff]::regprocedure[], E'\n') FROM pg_range r WHERE r.rngtypid = t.oid)
  FROM pg_type t
  JOIN pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_class c ON c.oid = t.typrelid
  LEFT JOIN pg_depend x ON x.classid = 'pg_type'::regclass AND x.objid = t.oid AND x.deptype = 'e'
  WHERE t.oid >= 16384 AND t.typtype <> 'p' AND (t.typrelid = 0 OR c.relkind = 'c')
    AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
    AND n.nspname NOT IN ('pg_toast', 'information_schema') AND n.nspname !~ '^pg_(toast_)?temp_'
  ORDER BY 1;

SELECT c.castsource::regtype::text COLLATE "C", c.casttarget::regtype::text COLLATE "C", c.castcontext, c.castfunc::regprocedure::text
  FROM pg_cast c
  WHERE c.oid >= 16384 AND c.castfunc <> 0
  ORDER BY 1, 2;

SELECT n.nspname, o.oprname, o.oprcode::regprocedure::text COLLATE "C"
  FROM pg_operator o
  JOIN pg_namespace n ON n.oid = o.oprnamespace
  WHERE o.oid >= 16384 AND o.oprcode <> 0
  ORDER BY 1, 2, 3;

SELECT DISTINCT f.fn::regprocedure::text COLLATE "C"
  FROM (SELECT p.oid, p.amproc::oid FROM pg_amproc p
    UNION SELECT a.oid, o.oprcode::oid FROM pg_amop a JOIN pg_operator o ON o.oid = a.amopopr) f (id, fn)
  WHERE f.id >= 16384 AND f.fn >= 16384
  ORDER BY 1;

SELECT CASE coalesce(to_jsonb(d)->>'datlocprovider', 'c') WHEN 'c' THEN d.datcollate IN ('C', 'POSIX') ELSE to_jsonb(d)->>'datlocprovider' = 'b' END,
    pg_encoding_to_char(d.encoding)
  FROM pg_database d
  WHERE d.datname = current_database();

SELECT c.oid::regclass::text COLLATE "C", a.attnum, a.attname, a.atttypid, format_type(a.atttypid, a.atttypmod), a.atttypmod,
    CASE WHEN a.attcollation = 0 THEN '' WHEN o.collname = 'default' THEN 'd'
      WHEN o.collname IN ('C', 'POSIX', 'ucs_basic') OR o.collprovider = 'b' OR o.collprovider = 'c' AND o.collcollate IN ('C', 'POSIX') THEN 'c'
      WHEN NOT o.collisdeterministic THEN 'n' ELSE 'o' END,
    a.attnotnull, a.attgenerated, a.attidentity, pg_get_expr(d.adbin, d.adrelid), quote_ident(v.nspname) || '.' || quote_ident(o.collname)
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_collation o ON o.oid = a.attcollation
  LEFT JOIN pg_namespace v ON v.oid = o.collnamespace
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.oid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped
    AND n.nspname NOT IN ('pg_toast', 'information_schema') AND n.nspname !~ '^pg_(toast_)?temp_'
  ORDER BY 1, 2;

SELECT i.indrelid::regclass::text COLLATE "C", c.relname, i.indisprimary, i.indexprs IS NOT NULL OR i.indpred IS NOT NULL, i.indnkeyatts, i.indkey
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_class o ON o.oid = i.indrelid AND o.relkind IN ('r', 'p', 'm')
  WHERE i.indisunique AND i.indrelid >= 16384 AND i.indislive
  ORDER BY 1, 2;

SELECT k.conrelid::regclass::text COLLATE "C", k.conname, k.confrelid::regclass::text, array_to_string(k.conkey, ' '), array_to_string(k.confkey, ' ')
  FROM pg_constraint k
  WHERE k.contype = 'f' AND k.conparentid = 0
  ORDER BY 1, 2;

SELECT t.oid, t.oid::regtype::text, t.typarray, t.typcategory, t.typtype, t.typbasetype
  FROM pg_type t
  JOIN pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_class c ON c.oid = t.typrelid
  WHERE t.oid >= 16384 AND t.typarray <> 0 AND (t.typrelid = 0 OR c.relkind = 'c')
    AND n.nspname NOT IN ('pg_toast', 'information_schema') AND n.nspname !~ '^pg_(toast_)?temp_'
  ORDER BY 2;
`
