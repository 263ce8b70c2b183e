import type { Account } from '../../src/xray/config/index.js';
import type { ChaosDatabase } from './chaos-database.js';
import type { ChaosNode } from './chaos-node.js';
import { trafficByUser } from './traffic-by-user.js';

interface User {
  id: number;
  username: string;
  isWanted: boolean;
  proxies: { vless: { id: string }; trojan: { password: string }; shadowsocks: { password: string } };
}

const TAGS = ['VLESS', 'TROJAN', 'SS'];

/** @throws unless every node is shown as connected and runs the config that is wanted */
export async function assertConnected(database: ChaosDatabase, nodes: readonly ChaosNode[]): Promise<true> {
  const rows = await database.sql<{ name: string; what: string; hash: string; wanted: string }>(`
    SELECT n.name, n.status || coalesce(': ' || n.message, '') AS what,
           encode(r.applied_config_hash, 'hex') AS hash, encode(c.sha256, 'hex') AS wanted
      FROM nodes n JOIN node_runtime r ON r.node_id = n.id JOIN core_config c ON c.state = 'active'
     WHERE n.deleted_at IS NULL`);
  for (const { name, what, hash, wanted } of rows) {
    if (what !== 'connected') throw new Error(`${name} is ${what}`);
    if (hash !== wanted) throw new Error(`${name} runs another config`);
    const mark = nodes.find((node) => node.name === name)?.run?.configMark;
    if (mark !== wanted.slice(0, 16)) throw new Error(`${name} really runs another config`);
  }
  return true;
}

/** @throws unless the accounts of every core are those of the users who should have some, with their credentials */
export async function assertUsersPresent(
  database: ChaosDatabase,
  nodes: readonly ChaosNode[],
): Promise<true> {
  const users = await database.sql<User>(
    `SELECT id, username, status IN ('active', 'on_hold') AS "isWanted", proxies FROM users`,
  );
  const wanted = users
    .filter(({ isWanted }) => isWanted)
    .flatMap(({ id, username, proxies: { vless, trojan, shadowsocks } }) => [
      `VLESS ${id}.${username} ${vless.id}`,
      `TROJAN ${id}.${username} ${trojan.password}`,
      `SS ${id}.${username} ${shadowsocks.password}`,
    ]);
  for (const node of nodes) {
    const client = node.client();
    try {
      const lists = await Promise.all(
        TAGS.map(async (tag) =>
          (await client.listUsers(tag)).map((account) => `${tag} ${account.email} ${credentialOf(account)}`),
        ),
      );
      const present = lists.flat().sort();
      const differing = [...difference(present, wanted), ...difference(wanted, present)];
      if (differing.length > 0 || present.length !== wanted.length)
        throw new Error(`Accounts of ${node.name} are not right: ${differing.join(', ') || 'copies'}`);
    } finally {
      client.close();
    }
  }
  return true;
}

/** @throws unless each core that runs has counted exactly what was charged of it */
export async function assertAllCharged(database: ChaosDatabase, nodes: readonly ChaosNode[]): Promise<true> {
  const rows = await database.sql<{ marker: string; key: string; up: bigint; down: bigint }>(`
    SELECT a.marker, coalesce(c.tag, c.user_id::text) AS key, sum(c.up)::bigint AS up, sum(c.down)::bigint AS down
      FROM chaos.charge c JOIN chaos.core a USING (node_id, core_epoch) GROUP BY 1, 2`);
  const users = await database.sql<{ id: number }>('SELECT id FROM users');
  for (const node of nodes) {
    const client = node.client();
    try {
      const counters = [
        ...[...trafficByUser(await client.userTraffic())].filter(([id]) =>
          users.some((user) => user.id === id),
        ),
        ...[...(await client.outboundTraffic())],
      ];
      for (const [key, { up, down }] of counters) {
        const charged = rows.find((row) => row.marker === node.run?.marker && row.key === String(key));
        if (up !== (charged?.up ?? 0n) || down !== (charged?.down ?? 0n))
          throw new Error(
            `${node.name} has counted ${up} + ${down} bytes of ${key}, ${charged?.up} + ${charged?.down} are charged`,
          );
      }
    } finally {
      client.close();
    }
  }
  return true;
}

function credentialOf(account: Account): string {
  if ('id' in account) return account.id;
  return 'password' in account ? account.password : account.key;
}

function difference(all: readonly string[], others: readonly string[]): string[] {
  return all.filter((one) => !others.includes(one));
}
