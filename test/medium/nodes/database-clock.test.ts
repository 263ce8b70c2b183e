import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type RollOutFacts,
  RollOutsRepository,
} from '../../../src/features/nodes/actor/roll-outs.repository.js';
import type { Admission } from '../../../src/features/nodes/domain/roll-out.js';
import { clientOptions, type Connection } from '../../../src/shared/database/data-source.js';
import type { JobRun } from '../../../src/shared/scheduling/job-run.js';
import { PeriodicJobs } from '../../../src/shared/scheduling/periodic-jobs.js';
import type { TestApp } from '../../support/app.js';
import { administer, createTestDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { type FakeFleet, startFakeFleet } from '../../support/fake-fleet.js';

const PERIOD = 600;

/** What the service asks for the time, it is told by functions of these names, which stand before PostgreSQL's own. */
const CLOCK = `
  CREATE SCHEMA clock;
  CREATE TABLE clock.step (ahead interval NOT NULL);
  INSERT INTO clock.step VALUES ('0');
  CREATE FUNCTION clock.now() RETURNS timestamptz STABLE LANGUAGE sql
    AS 'SELECT pg_catalog.now() + ahead FROM clock.step';
  CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql
    AS 'SELECT pg_catalog.clock_timestamp() + ahead FROM clock.step'`;

describe('a clock of the database that is set', { timeout: 90_000 }, () => {
  let database: TestDatabase;
  let fleet: FakeFleet;
  let other: TestApp;
  let nodeIds: number[];
  let job: string;
  let runs: JobRun[];

  beforeAll(async () => {
    database = await createTestDatabase();
    const { database: name } = database.connection as Extract<Connection, { socketDir: string }>;
    const client = new pg.Client(clientOptions(database.connection));
    await client.connect();
    await client.query(CLOCK);
    await client.end();
    await administer(`ALTER DATABASE ${name} SET search_path = clock, public, pg_catalog`);
    fleet = await startFakeFleet({}, database.connection);
    other = await fleet.replica();
    nodeIds = [];
    for (let i = 0; i < 4; i++) nodeIds.push((await fleet.addNode()).id);
  });
  afterAll(async () => {
    await other?.close();
    await fleet?.close();
    await database?.drop();
  });
  beforeEach(async () => {
    job = `test-${randomUUID()}`;
    runs = [];
    for (const { app } of [fleet, other]) {
      app.get(PeriodicJobs, { strict: false }).every(job, PERIOD, (run) => {
        runs.push(run);
        return new Promise((_, reject) => {
          run.signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
        });
      });
    }
    await eventually(async () => (await fleet.sql('SELECT FROM jobs WHERE name = $1', [job])).length === 1);
    await eventually(async () => (await leases()).every(({ left }) => left > 5), 30_000);
  });

  const step = (ahead: string) =>
    fleet.sql('UPDATE clock.step SET ahead = ahead + $1::text::interval', [ahead]);
  const leases = () =>
    fleet.sql<{ epoch: string; left: number }>(
      `SELECT epoch, extract(epoch FROM expires_at - clock_timestamp())::float8 AS left FROM node_lease ORDER BY node_id`,
    );
  const jobRow = async () =>
    (
      await fleet.sql<{ fence: string; left: number; dueIn: number }>(
        `SELECT fence, extract(epoch FROM expires_at - clock_timestamp())::float8 AS left,
                extract(epoch FROM due_at - now())::float8 AS "dueIn" FROM jobs WHERE name = $1`,
        [job],
      )
    )[0]!;

  it('back keeps nobody from taking what a replica held that has died', async () => {
    // As by a replica that died after it took these.
    await fleet.sql(
      `INSERT INTO replica (id, name, role, heartbeat_at) VALUES (gen_random_uuid(), 'dead', 'all', now())`,
    );
    await fleet.sql(
      `WITH taken AS (
         UPDATE node_lease SET owner_id = gen_random_uuid(), epoch = epoch + 1,
                expires_at = clock_timestamp() + interval '15 s' RETURNING node_id, epoch
       )
       UPDATE node_runtime r SET owner_epoch = taken.epoch, failures = 3, next_attempt_at = now() + interval '20 s'
         FROM taken WHERE r.node_id = taken.node_id`,
    );
    await fleet.sql(
      `UPDATE jobs SET holder = gen_random_uuid(), fence = fence + 1, started_at = now(),
              expires_at = clock_timestamp() + interval '15 s' WHERE name = $1`,
      [job],
    );
    const taken = await leases();
    await step('-1 hour');
    await eventually(async () => {
      const now = await leases();
      return now.every(({ epoch, left }, i) => BigInt(epoch) > BigInt(taken[i]!.epoch) && left < 16);
    }, 40_000);
    await eventually(() => runs.length === 1, 40_000);
    const { dueIn, left } = await jobRow();
    expect(dueIn).toBeLessThanOrEqual(PERIOD);
    expect(left).toBeLessThanOrEqual(15);
    const { replicas } = (await fleet.sudo.get('/api/nodes/state')).json;
    expect(replicas.filter(({ alive }: { alive: boolean }) => alive)).toHaveLength(2);
    const connected = () =>
      fleet.sql(`SELECT FROM nodes WHERE id = ANY ($1) AND status = 'connected'`, [nodeIds]);
    await eventually(async () => (await connected()).length === nodeIds.length, 30_000);
  });

  it.each(['1 hour', '-1 hour'])('by %s takes nothing from replicas that live', async (ahead) => {
    await fleet.sql('UPDATE jobs SET due_at = now() WHERE name = $1', [job]);
    await eventually(() => runs.length === 1);
    const [before, begun] = [await leases(), await jobRow()];
    await step(ahead);
    // Nor does a roll-out go on without a node whose owner has yet to renew its lease.
    const seen: RollOutFacts[] = [];
    const rollOuts = fleet.app.get(RollOutsRepository, { strict: false });
    const look = (facts: RollOutFacts) => (seen.push(facts), new Map<number, Admission>());
    await eventually(async () => (await rollOuts.decide([], look)) !== undefined);
    expect(seen[0]!.nodes.map(({ isCaredFor }) => isCaredFor)).toEqual(nodeIds.map(() => true));
    const isRenewed = ({ left }: { left: number }) => left > 5 && left < 16;
    await eventually(async () => (await leases()).every(isRenewed) && isRenewed(await jobRow()), 30_000);
    expect((await leases()).map(({ epoch }) => epoch)).toEqual(before.map(({ epoch }) => epoch));
    expect((await jobRow()).fence).toBe(begun.fence);
    expect(runs).toHaveLength(1);
    expect(runs[0]!.signal.aborted).toBe(false);
    expect([...fleet.nodes.values()].map(({ starts }) => starts)).toEqual(nodeIds.map(() => 1));
  });
});
