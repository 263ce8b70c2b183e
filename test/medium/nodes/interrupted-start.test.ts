import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientOptions } from '../../../src/shared/database/data-source.js';
import { eventually } from '../../support/eventually.js';
import { type FakeFleet, startFakeFleet } from '../../support/fake-fleet.js';

let fleet: FakeFleet;
/** Holds rows, so that the service is held up at a known place. */
let other: pg.Client;

beforeAll(async () => {
  fleet = await startFakeFleet();
  other = new pg.Client(clientOptions(fleet.connection));
  await other.connect();
});
afterAll(async () => {
  await other?.end();
  await fleet?.close();
});

it('a restart that could not be noted is noted later, with its reason, and not done again', async () => {
  const { node, id } = await fleet.addNode();
  await eventually(async () => (await fleet.sudo.get(`/api/node/${id}`)).json.status === 'connected');
  await other.query('BEGIN');
  node.beforeStart = async () => {
    await other.query('SELECT FROM nodes WHERE id = $1 FOR UPDATE', [id]);
  };
  await fleet.sudo.post(`/api/node/${id}/reconnect`);
  await eventually(async () => {
    const lost = await fleet.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%core_starts%'`,
    );
    return lost.length > 0;
  });
  await other.query('COMMIT');
  const runtime = async () =>
    (
      await fleet.sql<{ isDone: boolean; intended: unknown; reasons: string[] }>(
        `SELECT r.applied_restart_generation = n.restart_generation AS "isDone", r.intended_start AS intended,
                ARRAY (SELECT reason FROM node_core_start WHERE node_id = n.id ORDER BY core_epoch) AS reasons
           FROM node_runtime r JOIN nodes n ON n.id = r.node_id WHERE n.id = $1`,
        [id],
      )
    )[0]!;
  await eventually(async () => (await runtime()).isDone);
  expect(await runtime()).toEqual({ isDone: true, intended: null, reasons: ['not_running', 'operator'] });
  expect(node.starts).toBe(2);
});
