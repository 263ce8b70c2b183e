import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rawClient } from '../support/raw-client.js';
import { type Fleet, issues, startFleet } from '../support/user-fleet.js';

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet();
  const add = (client: Fleet['sudo'], username: string, more: object) =>
    client.post('/api/user', { username, proxies: { vless: {} }, ...more });
  await add(fleet.sudo, 'Zoe', { data_limit: 100, note: 'from 50%_off' });
  await add(fleet.sudo, 'adam', { expire: 4_000_000_000, note: 'VIP' });
  await add(fleet.sudo, 'berta', { data_limit: 50, expire: 3_900_000_000 });
  await add(fleet.reseller, 'carla', { data_limit: 70 });
  await add(fleet.reseller, 'dirk', { status: 'on_hold', on_hold_expire_duration: 60, note: 'vip too' });
  await fleet.sudo.put('/api/user/berta', { status: 'disabled' });
  await fleet.sql('UPDATE user_usage SET used_traffic = 10 * user_id');
});
afterAll(() => fleet?.close());

const list = async (query: string, client = fleet.sudo) => {
  const reply = await client.get(`/api/users${query}`);
  expect([query, reply.status]).toEqual([query, 200]);
  const { users, total } = reply.json as { users: { username: string }[]; total: number };
  return { names: users.map((user) => user.username), total };
};

describe('the list of users', () => {
  it('holds complete users, as each is read', async () => {
    const { users, total } = (await fleet.sudo.get('/api/users?limit=2')).json;
    expect(total).toBe(5);
    expect(users).toEqual([
      (await fleet.sudo.get('/api/user/Zoe')).json,
      (await fleet.sudo.get('/api/user/adam')).json,
    ]);
    expect((await fleet.sudo.get('/api/users')).json.users.slice(0, 2)).toEqual(users);
  });

  it.each<[string, string[], number]>([
    ['', ['Zoe', 'adam', 'berta', 'carla', 'dirk'], 5],
    ['?limit=0&offset=0', ['Zoe', 'adam', 'berta', 'carla', 'dirk'], 5],
    ['?limit=2&offset=1', ['adam', 'berta'], 5],
    ['?offset=3', ['carla', 'dirk'], 5],
    ['?offset=9', [], 5],
    ['?offset=9&limit=5', [], 5],
    ['?limit=2000', ['Zoe', 'adam', 'berta', 'carla', 'dirk'], 5],
    ['?offset=9007199254740991&limit=9007199254740991', [], 5],
    ['?username=adam&username=carla&username=nobody', ['adam', 'carla'], 2],
    ['?username=ADAM', [], 0],
    ['?username=', [], 0],
    ['?search=vip', ['adam', 'dirk'], 2],
    ['?search=ZO', ['Zoe'], 1],
    ['?search=%25_', ['Zoe'], 1],
    ['?search=_', ['Zoe'], 1],
    ['?search=%5C', [], 0],
    ['?search=', ['Zoe', 'adam', 'berta', 'carla', 'dirk'], 5],
    ['?status=disabled', ['berta'], 1],
    ['?status=active&status=on_hold', ['dirk'], 1],
    ['?admin=reseller', ['carla', 'dirk'], 2],
    ['?admin=root&admin=reseller&status=active', ['Zoe', 'adam', 'carla'], 3],
    ['?admin=', [], 0],
    ['?admin=nobody', [], 0],
    ['?sort=username', ['Zoe', 'adam', 'berta', 'carla', 'dirk'], 5],
    ['?sort=-username', ['dirk', 'carla', 'berta', 'adam', 'Zoe'], 5],
    ['?sort=data_limit', ['adam', 'dirk', 'berta', 'carla', 'Zoe'], 5],
    ['?sort=-data_limit,-username', ['Zoe', 'carla', 'berta', 'dirk', 'adam'], 5],
    ['?sort=expire,username&limit=4', ['Zoe', 'carla', 'dirk', 'berta'], 5],
    ['?sort=-used_traffic&limit=2&offset=1', ['carla', 'berta'], 5],
    ['?sort=created_at,', ['Zoe', 'adam', 'berta', 'carla', 'dirk'], 5],
    ['?unknown=1', ['Zoe', 'adam', 'berta', 'carla', 'dirk'], 5],
  ])('%s', async (query, names, total) => {
    expect(await list(query)).toEqual({ names, total });
  });

  it.each<[string, string[]]>([
    ['', ['carla', 'dirk']],
    ['?admin=root', ['carla', 'dirk']],
    ['?username=adam', []],
    ['?limit=1', ['carla']],
  ])('%s shows an admin his own users only', async (query, names) => {
    expect((await list(query, fleet.reseller)).names).toEqual(names);
  });

  it.each([
    ['', ''],
    ['id', 'id'],
    ['username,+expire', '+expire'],
    ['"x"', '"x"'],
  ])('refuses the order %j', async (sort, key) => {
    const reply = await fleet.sudo.get(`/api/users?sort=${encodeURIComponent(sort)}`);
    expect([reply.status, reply.json]).toEqual([400, { detail: `"${key}" is not a valid sort option` }]);
  });

  it.each([
    [
      'limit=',
      'query.limit int_parsing: Input should be a valid integer, unable to parse string as an integer',
    ],
    [
      'offset=x',
      'query.offset int_parsing: Input should be a valid integer, unable to parse string as an integer',
    ],
    ['limit=-1', 'query.limit greater_than_equal: Input should be greater than or equal to 0'],
    ['status=', "query.status enum: Input should be 'active', 'disabled', 'limited', 'expired' or 'on_hold'"],
    [
      'search=%00',
      'query.search value_error: Value error, text must not contain the character U+0000 or unpaired surrogates',
    ],
  ])('refuses %s', async (query, issue) => {
    const reply = await fleet.sudo.get(`/api/users?${query}`);
    expect(reply.status).toBe(422);
    expect(issues(reply)).toEqual([issue]);
  });

  it('needs a token', async () => {
    expect((await fleet.client().get('/api/users?limit=x')).status).toBe(401);
  });
});

describe('a list of many users', () => {
  const MANY = 2_600;

  beforeAll(async () => {
    await fleet.sql(
      `INSERT INTO users (username, admin_id, proxies)
       SELECT 'many_' || i, (SELECT id FROM admins WHERE username = 'root'),
              ('{"vless":{"id":"' || gen_random_uuid() || '","flow":""}}')::json
         FROM generate_series(1, $1::int) i`,
      [MANY],
    );
    await fleet.sql('INSERT INTO user_usage (user_id) SELECT id FROM users ON CONFLICT DO NOTHING');
  });

  it('is complete and in order, in one answer that comes in pieces', async () => {
    const reply = await fleet.sudo.get('/api/users?search=many_');
    expect(reply.headers.get('transfer-encoding')).toBe('chunked');
    expect(reply.headers.get('content-type')).toBe('application/json');
    const { users, total } = reply.json as { users: { username: string; links: string[] }[]; total: number };
    expect(total).toBe(MANY);
    expect(users.map((user) => user.username)).toEqual(
      Array.from({ length: MANY }, (_, i) => `many_${i + 1}`),
    );
    expect(users.every((user) => user.links.length === 2)).toBe(true);
  });

  it('knows its total when it is cut', async () => {
    const { names, total } = await list('?search=many_&limit=1500&offset=1000&sort=-created_at');
    expect([names.length, total]).toEqual([1500, MANY]);
  });

  it('gives its connection back when the client goes away', async () => {
    for (let n = 0; n < 20; n++) {
      const stop = new AbortController();
      const token = await fleet.login('root', fleet.config.auth.sudo!.password);
      const reply = await fetch(`${fleet.url}/api/users`, {
        headers: { authorization: `Bearer ${token}` },
        signal: stop.signal,
      });
      await reply.body!.getReader().read();
      stop.abort();
    }
    expect((await list('?search=many_')).total).toBe(MANY);
    const idle = await fleet.sql(
      "SELECT 1 FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND datname = current_database()",
    );
    expect(idle).toEqual([]);
  });

  it('waits for its turn when there are many', async () => {
    const { total } = await list('?search=many_1&limit=1');
    const lists = Array.from({ length: 6 }, () => list('?search=many_1')); // more than there are connections
    for (const { names } of await Promise.all(lists)) expect(names.length).toBe(total);
  }, 60_000);

  it('breaks off when the database does, so that nobody takes a part for the whole', async () => {
    await fleet.sql(
      "UPDATE users SET note = repeat('x', 500), proxies = json_build_object('trojan', json_build_object('password', repeat('x', 5000), 'flow', ''))",
    );
    const token = await fleet.login('root', fleet.config.auth.sudo!.password);
    const reply = await fetch(`${fleet.url}/api/users`, { headers: { authorization: `Bearer ${token}` } });
    const reader = reply.body!.getReader();
    await reader.read();
    await fleet.sql('ALTER TABLE user_usage RENAME TO gone');
    const rest = async () => {
      while (!(await reader.read()).done);
    };
    const outcome = await rest().then(
      () => 'whole',
      () => 'broken off',
    );
    await fleet.sql('ALTER TABLE gone RENAME TO user_usage');
    expect(outcome).toBe('broken off');
    expect((await fleet.sudo.get('/api/users?limit=1')).status).toBe(200);
  });

  it('comes while others do not take theirs', async () => {
    const token = await fleet.login('root', fleet.config.auth.sudo!.password);
    const idle = Array.from({ length: 12 }, () => {
      const client = rawClient(fleet.url);
      client.write(`GET /api/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`);
      return client;
    });
    try {
      await Promise.all(idle.map((client) => once(client, 'readable'))); // each was begun, and none is read on
      expect((await list('?search=many_')).total).toBe(MANY);
      const held = await fleet.sql(
        "SELECT 1 FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND datname = current_database()",
      );
      expect(held).toEqual([]);
    } finally {
      for (const client of idle) client.destroy();
    }
  });

  it('leaves out who is deleted meanwhile', async () => {
    const token = await fleet.login('root', fleet.config.auth.sudo!.password);
    const reply = await fetch(`${fleet.url}/api/users?search=many_`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const pieces = reply.body!.pipeThrough(new TextDecoderStream());
    let text = '';
    for await (const piece of pieces) {
      if (text === '') await fleet.sql("DELETE FROM users WHERE username ~ '^many_2[3-6]..$'");
      text += piece;
    }
    const { users, total } = JSON.parse(text) as { users: { username: string }[]; total: number };
    expect(users.map(({ username }) => username)).toEqual(
      Array.from({ length: MANY - 301 }, (_, i) => `many_${i + 1}`),
    );
    expect(total).toBe(MANY);
  });
});
