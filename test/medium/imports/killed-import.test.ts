import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOptions, type Connection } from '../../../src/shared/database/data-source.js';
import { program } from '../../support/command.js';
import { addressOf, createTestDatabase, runSql, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { contentsOf, copyOfSource, goldenImport, type SourceCopy } from '../../support/imports.js';

/** What the source does not say, and each import draws or stamps for itself. */
const OWN = ['imports', 'activity', 'secrets', 'control_meta', 'job_lease', 'core_config', 'replica'];
/** A test holds this advisory lock while an import is to stand still. */
const GATE = 4711;

const begun = Date.now();
let source: SourceCopy;
let undisturbed: TestDatabase;

beforeAll(async () => {
  source = await copyOfSource();
  undisturbed = await createTestDatabase();
  const { code, err } = await start(undisturbed.connection).ended;
  if (code !== 0) throw new Error(err);
}, 120_000);
afterAll(async () => {
  await undisturbed?.drop();
  await source?.remove();
});

/** The command, as a process to be killed. */
function start(target: Connection) {
  const words = ['import', '--from', source.url, '--core-config', goldenImport('xray_config.json')];
  const child = spawn(process.execPath, ['--enable-source-maps', program, ...words], {
    cwd: tmpdir(),
    env: { PATH: '/usr/bin:/bin', XRAY_EXECUTABLE_PATH: 'none', DATABASE_URL: addressOf(target) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const ended = new Promise<{ code: number | null; signal: string | null; err: string }>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal, err })),
  );
  return { child, ended };
}

/** Has whoever adds such a row wait for the gate. */
const gateAt = (table: string, row: string) => `
  CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN PERFORM pg_advisory_xact_lock(${GATE}); RETURN NEW; END $$;
  CREATE TRIGGER gate BEFORE INSERT ON ${table} FOR EACH ROW WHEN (${row}) EXECUTE FUNCTION wait_at_gate()`;

/** What was imported, without numbers and times that each import gives for itself. */
async function imported(target: Connection): Promise<Record<string, string[]>> {
  const contents = await contentsOf(target, OWN);
  const isOfImport = (at: string) => Date.parse(at) >= begun;
  for (const [table, rows] of Object.entries(contents)) {
    const isNumbered = ['hosts', 'user_usage_logs', 'admin_usage_logs', 'inbounds'].includes(table);
    contents[table] = rows
      .map((row) => row.replaceAll(/20\d\d-[\d-]+ [\d:.]+\+00/g, (at) => (isOfImport(at) ? 'its time' : at)))
      .map((row) => (isNumbered ? row.replace(/^\(\d+,/, '(') : row))
      .toSorted();
  }
  return contents;
}

/** How it ends by kill -9, and by Ctrl-C. */
const ENDS = {
  SIGKILL: { signal: 'SIGKILL' },
  SIGINT: { code: 1, err: expect.stringContaining('the same command goes on with the rest') },
};

describe('an import that is ended and done again', { timeout: 180_000 }, () => {
  it.each([
    ['among the hosts', 'SIGKILL', 'hosts', "new.inbound_tag = 'VLESS WS TLS'"],
    ['among the users', 'SIGKILL', 'users', "new.username = 'revoked_1'"],
    ['among the users', 'SIGINT', 'users', "new.username = 'revoked_1'"],
    ['in the middle of the history', 'SIGKILL', 'node_user_usages', "new.created_at >= '2026-11-01'"],
    ['in the middle of the history', 'SIGINT', 'node_user_usages', "new.created_at >= '2026-11-01'"],
  ] as const)('%s by %s is the one that was not', async (_, signal, table, row) => {
    const target = await createTestDatabase();
    const client = new pg.Client(clientOptions(target.connection));
    await client.connect();
    try {
      await runSql(target.connection, gateAt(table, row));
      await client.query('SELECT pg_advisory_lock($1)', [GATE]);
      const { child, ended } = start(target.connection);
      await eventually(async () => {
        if (child.exitCode !== null) throw new Error((await ended).err);
        const waiting = await client.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'`,
        );
        return waiting.rowCount === 1;
      }, 60_000);
      child.kill(signal);
      await client.query('SELECT pg_advisory_unlock($1)', [GATE]);
      expect(await ended).toMatchObject(ENDS[signal]);
      const { rows } = await client.query('SELECT finished_at FROM imports');
      expect(rows).toEqual([{ finished_at: null }]);
      await runSql(target.connection, `DROP TRIGGER gate ON ${table}; DROP FUNCTION wait_at_gate`);
      // What the killed one held in the database is let go of as soon as the server sees that it is gone.
      await eventually(async () => {
        const again = await start(target.connection).ended;
        if (again.code !== 0) throw new Error(again.err);
        return true;
      }, 60_000);
      expect(await imported(target.connection)).toEqual(await imported(undisturbed.connection));
    } finally {
      await client.end();
      await target.drop();
    }
  });
});
