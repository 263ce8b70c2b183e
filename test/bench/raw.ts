import { type ChildProcess, spawn } from 'node:child_process';
import type pg from 'pg';
import type { Connection } from '../../src/shared/database/data-source.js';
import { freePort } from '../support/service-process.js';
import { freshDatabase, withClient } from './database.js';

/** Makes the database of the raw reference anew and fills it. */
export async function fillRaw(connection: Connection, fill: (db: pg.Client) => Promise<void>): Promise<void> {
  await withClient(await freshDatabase(connection, 'raw'), async (db) => {
    await fill(db);
    await db.query('VACUUM ANALYZE');
  });
}

/** Starts the raw reference; `total` is the number of users that it says there are. */
export async function startRaw(
  connection: Connection,
  total: number,
): Promise<{ url: string; child: ChildProcess }> {
  if ('url' in connection) throw new Error('the benchmark runs on the embedded database');
  const port = await freePort();
  const child = spawn(process.execPath, [new URL('./raw-server.js', import.meta.url).pathname], {
    env: {
      ...process.env,
      NODE_ENV: 'production',
      PORT: String(port),
      PG_SOCKET: connection.socketDir,
      PG_USER: connection.user,
      TOTAL: String(total),
    },
    stdio: 'inherit',
  });
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    if (child.exitCode !== null) throw new Error('the raw reference did not start');
    if (
      await fetch(`${url}/ready`).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      return { url, child };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
