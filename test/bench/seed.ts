import type pg from 'pg';
import type { BenchService } from './service.js';

/** Users `user000001`…, active, each with VLESS and a limit, all owned by the first admin. */
export async function seedUsers(db: pg.Client, count: number): Promise<void> {
  await db.query(
    `INSERT INTO users (username, admin_id, data_limit, expire_at, proxies)
     SELECT 'user' || lpad(i::text, greatest(6, length(i::text)), '0'), (SELECT min(id) FROM admins), 1e12, '2030-01-01',
            json_build_object('vless', json_build_object('id', gen_random_uuid(), 'flow', ''))
       FROM generate_series(1, $1::int) i`,
    [count],
  );
  await db.query(
    'INSERT INTO user_usage (user_id, used_traffic) SELECT id, 123456789 FROM users ON CONFLICT DO NOTHING',
  );
  await db.query('TRUNCATE user_change');
  await db.query('VACUUM ANALYZE');
}

/** One VLESS inbound with ten hosts, so that each user carries ten links. */
export async function useTenHosts(service: BenchService): Promise<void> {
  const inbounds = await service.call('GET', '/api/inbounds');
  const [tag] = inbounds.vless.map((inbound: { tag: string }) => inbound.tag) as string[];
  const vless = inbounds.vless.map((inbound: { tag: string }) => inbound.tag) as string[];
  const hosts = Array.from({ length: 10 }, (_, i) => ({
    remark: `Server ${i} ({USERNAME})`,
    address: `server${i}.example.com`,
    sni: 'www.example.com',
  }));
  await service.call('PUT', '/api/hosts', {
    ...Object.fromEntries(vless.map((other) => [other, []])),
    [tag!]: hosts,
  });
}
