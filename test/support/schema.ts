/** Everything that a database is made of, but for the order of columns: one line each, in a fixed order. */
export async function schemaOf(sql: <R>(text: string) => Promise<R[]>): Promise<string[]> {
  const rows = await sql<{ line: string }>(SCHEMA);
  return rows.map(({ line }) => line);
}

const SCHEMA = /* sql */ `
WITH own AS (
  SELECT oid, relname, relkind, reloptions FROM pg_class
   WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S', 'v') AND relname <> 'migrations'
)
SELECT line FROM (
  SELECT concat_ws(' ', 'relation', relname, relkind, reloptions) FROM own
  UNION ALL
  SELECT concat_ws(' ', 'column', relname, attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
                   attcollation::regcollation, pg_get_expr(adbin, adrelid))
    FROM own JOIN pg_attribute ON attrelid = own.oid LEFT JOIN pg_attrdef ON adrelid = own.oid AND adnum = attnum
   WHERE relkind = 'r' AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT concat_ws(' ', 'index', pg_get_indexdef(indexrelid)) FROM pg_index JOIN own ON indrelid = own.oid
  UNION ALL
  SELECT concat_ws(' ', 'constraint', relname, conname, pg_get_constraintdef(c.oid))
    FROM pg_constraint c JOIN own ON conrelid = own.oid
  UNION ALL
  SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid)) FROM pg_trigger t JOIN own ON tgrelid = own.oid WHERE NOT tgisinternal
  UNION ALL
  -- Without what only indents.
  SELECT concat_ws(' ', 'function', regexp_replace(pg_get_functiondef(p.oid), '\\s+', ' ', 'g')) FROM pg_proc p
   WHERE pronamespace = 'public'::regnamespace
     AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
  UNION ALL
  SELECT concat_ws(' ', 'type', typname, (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))
    FROM pg_type t WHERE typnamespace = 'public'::regnamespace AND typtype = 'e'
) s (line) ORDER BY line COLLATE "C"`;
