import type { Database } from '../../src/shared/database/database.js';
import { eventually } from './eventually.js';

/** Occupies so many connections of the database until the returned function is called. */
export async function holdConnections(db: Database, connections: number): Promise<() => Promise<void>> {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  let held = 0;
  const holders = Array.from({ length: connections }, () =>
    db.transaction(async (tx) => {
      await tx.run('SELECT 1');
      held++;
      await released;
    }),
  );
  await eventually(() => held === connections);
  return async () => {
    release();
    await Promise.all(holders);
  };
}
