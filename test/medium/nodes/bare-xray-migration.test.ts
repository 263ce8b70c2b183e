import type { QueryRunner } from 'typeorm';
import { expect, it } from 'vitest';
import { BareXrays1764295000000 } from '../../../migrations/1764295000000-bare-xrays.js';
import { startFleet } from '../../support/user-fleet.js';

it('the migration leaves nodes as they were, and takes back the keys that it has made room for', async () => {
  const fleet = await startFleet({ role: 'api' });
  try {
    const migration = new BareXrays1764295000000();
    const runner = { query: (text: string) => fleet.sql(text) } as QueryRunner;
    await fleet.sql(
      `INSERT INTO secrets (name, value) VALUES ('node_client_key_1', 'x'), ('node_other', 'y')`,
    );
    await migration.down(runner);
    const names = await fleet.sql<{ name: string }>(
      `SELECT name FROM secrets WHERE name LIKE 'node%' ORDER BY 1`,
    );
    expect(names.map(({ name }) => name)).not.toContain('node_client_key_1');
    expect(names.map(({ name }) => name)).toContain('node_other');
    await fleet.sql(
      `INSERT INTO nodes (kind, name, address) VALUES ('marzban_node', 'DE', 'de'), ('local', 'Master', '')`,
    );
    await migration.up(runner);
    expect(
      await fleet.sql(
        'SELECT name, api_tls, api_ca_certificate FROM nodes WHERE data_dir_id IS NULL ORDER BY id',
      ),
    ).toEqual([
      { name: 'DE', api_tls: 'verify', api_ca_certificate: null },
      { name: 'Master', api_tls: 'verify', api_ca_certificate: null },
    ]);
  } finally {
    await fleet.close();
  }
});
