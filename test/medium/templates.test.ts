import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Fleet, issues, startFleet } from '../support/user-fleet.js';

const PATH = '/api/user_template';

const full = {
  name: 'Monthly',
  data_limit: 53_687_091_200,
  expire_duration: 2_592_000,
  username_prefix: 'pre_',
  username_suffix: '_suf',
  inbounds: { vless: ['VLESS_A'], shadowsocks: ['SS'] },
};

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet();
});
afterAll(() => fleet?.close());
beforeEach(() => fleet.sql('DELETE FROM user_templates'));

async function add(facts: object = {}): Promise<number> {
  const reply = await fleet.sudo.post(PATH, { ...full, ...facts });
  if (reply.status !== 200) throw new Error(`No template was made: ${reply.text}`);
  return reply.json.id as number;
}

describe('a user template', () => {
  it('is what was sent, with its inbounds in the order of the config', async () => {
    const inbounds = { shadowsocks: ['SS'], vless: ['VLESS_B', 'VLESS_A', 'VLESS_B'], vmess: [] };
    const reply = await fleet.sudo.post(PATH, { ...full, inbounds, id: 99, unknown: true });
    const { id } = reply.json as { id: number };
    const text = JSON.stringify({
      ...full,
      inbounds: { vless: ['VLESS_A', 'VLESS_B'], shadowsocks: ['SS'] },
      id,
    });
    expect(reply.text).toBe(text);
    expect(id).not.toBe(99);
    expect((await fleet.reseller.get(`${PATH}/${id}`)).text).toBe(text);
    expect((await fleet.reseller.get(PATH)).text).toBe(`[${text}]`);
  });

  it('has neither limits nor inbounds unless it says so', async () => {
    const bare = {
      name: 'bare',
      data_limit: 0,
      expire_duration: 0,
      username_prefix: null,
      username_suffix: null,
      inbounds: {},
    };
    const nulls = { data_limit: null, expire_duration: null, username_prefix: null, username_suffix: null };
    expect((await fleet.sudo.post(PATH, { name: 'bare' })).json).toEqual({
      ...bare,
      id: expect.any(Number),
    });
    expect((await fleet.sudo.post(PATH, { ...nulls, name: 'nulls' })).json).toMatchObject({
      ...bare,
      name: 'nulls',
    });
  });

  it('keeps 64-bit numbers exactly, and takes them as text', async () => {
    const body = '{"name":"big","data_limit":9223372036854775807,"expire_duration":"9007199254740993"}';
    const reply = await fleet.sudo.post(PATH, body);
    expect(reply.text).toContain('"data_limit":9223372036854775807,"expire_duration":9007199254740993');
  });

  it.each([
    ['an empty name', { name: '' }, 'body.name string_too_short: String should have at least 1 character'],
    [
      'a name too long',
      { name: 'ü'.repeat(65) },
      'body.name string_too_long: String should have at most 64 characters',
    ],
    ['a number as name', { name: 5 }, 'body.name string_type: Input should be a valid string'],
    [
      'a negative limit',
      { data_limit: -1 },
      'body.data_limit greater_than_equal: Input should be greater than or equal to 0',
    ],
    [
      'a limit beyond 64 bits',
      { data_limit: 2 ** 63 },
      'body.data_limit less_than_equal: Input should be less than or equal to 9223372036854775807',
    ],
    [
      'half a second',
      { expire_duration: 0.5 },
      'body.expire_duration int_from_float: Input should be a valid integer, got a number with a fractional part',
    ],
    [
      'an empty prefix',
      { username_prefix: '' },
      'body.username_prefix string_too_short: String should have at least 1 character',
    ],
    [
      'a suffix too long',
      { username_suffix: 'x'.repeat(21) },
      'body.username_suffix string_too_long: String should have at most 20 characters',
    ],
    ['a tab', { name: 'a\tb' }, 'body.name value_error: Value error, must not hold control characters'],
    ['null as inbounds', { inbounds: null }, 'body.inbounds dict_type: Input should be a valid dictionary'],
    [
      'an unknown protocol',
      { inbounds: { foo: [] } },
      "body.inbounds.foo.[key] enum: Input should be 'vmess', 'vless', 'trojan' or 'shadowsocks'",
    ],
    [
      'text as tags',
      { inbounds: { vless: 'VLESS_A' } },
      'body.inbounds.vless list_type: Input should be a valid list',
    ],
  ])('is refused with %s', async (_, wrong, issue) => {
    const reply = await fleet.sudo.post(PATH, { ...full, ...wrong });
    expect(reply.status).toBe(422);
    expect(issues(reply)).toEqual([issue]);
    expect(await fleet.sql('SELECT FROM user_templates')).toEqual([]);
  });

  it('has a name of its own, in exactly this case', async () => {
    const first = await add();
    const other = await add({ name: 'MONTHLY' });
    const taken = { detail: 'Template by this name already exists' };
    for (const reply of [
      await fleet.sudo.post(PATH, { name: 'Monthly' }),
      await fleet.sudo.put(`${PATH}/${other}`, { name: 'Monthly' }),
    ]) {
      expect([reply.status, reply.json]).toEqual([409, taken]);
    }
    expect((await fleet.sudo.put(`${PATH}/${first}`, { name: 'Monthly' })).status).toBe(200);
  });

  it.each([{}, { name: null }])('without a name is answered as if it were taken: %j', async (name) => {
    const { name: _, ...nameless } = full;
    const reply = await fleet.sudo.post(PATH, { ...nameless, ...name });
    expect([reply.status, reply.text]).toEqual([409, '{"detail":"Template by this name already exists"}']);
    expect(await fleet.sql('SELECT FROM user_templates')).toEqual([]);
    expect(issues(await fleet.sudo.post(PATH, { ...name, data_limit: -1 }))).toHaveLength(1);
  });

  it('drops tags that are no inbounds, and finds the protocol of the others', async () => {
    const chosen = { inbounds: { vless: ['nope', 'SS', 'VLESS_A'], trojan: ['gone'] } };
    const kept = { vless: ['VLESS_A'], shadowsocks: ['SS'] };
    expect((await fleet.sudo.post(PATH, { ...full, ...chosen })).json.inbounds).toEqual(kept);
    const id = await add({ name: 'other', inbounds: {} });
    expect((await fleet.sudo.put(`${PATH}/${id}`, chosen)).json.inbounds).toEqual(kept);
    expect((await fleet.sudo.put(`${PATH}/${id}`, { inbounds: { vless: ['nope'] } })).json.inbounds).toEqual(
      {},
    );
  });

  it('is made once when two ask at the same time', async () => {
    const replies = await Promise.all([1, 2, 3].map(() => fleet.sudo.post(PATH, full)));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  });
});

describe('a change of a user template', () => {
  it.each([
    ['nothing', {}, {}],
    ['null where there must be something', { name: null, data_limit: null, expire_duration: null }, {}],
    ['zeros', { data_limit: 0, expire_duration: 0 }, { data_limit: 0, expire_duration: 0 }],
    [
      'null for what can be missing',
      { username_prefix: null, username_suffix: null },
      { username_prefix: null, username_suffix: null },
    ],
    ['other inbounds', { inbounds: { vmess: ['VMESS'] } }, { inbounds: { vmess: ['VMESS'] } }],
    ['no choice of inbounds', { inbounds: {} }, {}],
    ['null as inbounds', { inbounds: null }, { inbounds: {} }],
    ['a protocol without tags', { inbounds: { vless: [] } }, { inbounds: {} }],
    [
      'everything',
      { ...full, name: 'new', username_prefix: 'p', username_suffix: 's', data_limit: 1, expire_duration: 2 },
      { name: 'new', username_prefix: 'p', username_suffix: 's', data_limit: 1, expire_duration: 2 },
    ],
  ])('takes %s', async (_, change, effect) => {
    const id = await add();
    const reply = await fleet.sudo.put(`${PATH}/${id}`, change);
    expect([reply.status, reply.json]).toEqual([200, { ...full, ...effect, id }]);
    expect((await fleet.sudo.get(`${PATH}/${id}`)).json).toEqual(reply.json);
  });

  it('that is refused changes nothing', async () => {
    const id = await add();
    const reply = await fleet.sudo.put(`${PATH}/${id}`, { name: 'x'.repeat(65), inbounds: [] });
    expect(reply.status).toBe(422);
    expect(issues(reply)).toEqual([
      'body.name string_too_long: String should have at most 64 characters',
      'body.inbounds dict_type: Input should be a valid dictionary',
    ]);
    expect((await fleet.sudo.get(`${PATH}/${id}`)).json).toEqual({ ...full, id });
  });
});

describe('user templates', () => {
  it('are listed by id, in parts', async () => {
    const ids = [await add({ name: 'c' }), await add({ name: 'a' }), await add({ name: 'b' })];
    await fleet.sudo.put(`${PATH}/${ids[0]}`, { data_limit: 1 });
    const listed = async (query: string) =>
      ((await fleet.reseller.get(PATH + query)).json as { id: number }[]).map(({ id }) => id);
    expect(await listed('')).toEqual(ids);
    expect(await listed('?offset=1')).toEqual(ids.slice(1));
    expect(await listed('?limit=2')).toEqual(ids.slice(0, 2));
    expect(await listed('?offset=1&limit=1')).toEqual([ids[1]]);
    expect(await listed('?offset=0&limit=0')).toEqual(ids);
    expect(await listed('?offset=9')).toEqual([]);
  });

  it.each([
    ['?limit=', 'query.limit int_parsing'],
    ['?offset=-1', 'query.offset greater_than_equal'],
    ['?offset=9223372036854775808', 'query.offset less_than_equal'],
  ])('are not listed for %s', async (query, issue) => {
    const reply = await fleet.sudo.get(PATH + query);
    expect([reply.status, issues(reply)]).toEqual([422, [expect.stringContaining(issue)]]);
  });

  it('hide tags that the core config lost, and show them again when it has them again', async () => {
    const id = await add({ inbounds: { vless: ['VLESS_A', 'VLESS_B'] } });
    const config = (await fleet.sudo.get('/api/core/config')).json as { inbounds: { tag: string }[] };
    const without = { ...config, inbounds: config.inbounds.filter(({ tag }) => tag !== 'VLESS_A') };
    const inbounds = async () => (await fleet.sudo.get(`${PATH}/${id}`)).json.inbounds as unknown;

    expect((await fleet.sudo.put('/api/core/config', without)).status).toBe(200);
    expect(await inbounds()).toEqual({ vless: ['VLESS_B'] });
    expect((await fleet.sudo.put('/api/core/config', config)).status).toBe(200);
    expect(await inbounds()).toEqual({ vless: ['VLESS_A', 'VLESS_B'] });
  });

  it('are gone once deleted', async () => {
    const id = await add();
    const reply = await fleet.sudo.delete(`${PATH}/${id}`);
    expect([reply.status, reply.text]).toEqual([200, 'null']);
    expect(reply.headers.get('content-type')).toBe('application/json');
    const again = await fleet.sudo.delete(`${PATH}/${id}`);
    expect([again.status, again.json]).toEqual([404, { detail: 'User Template not found' }]);
  });

  it('are changed by sudo admins only, and read by no stranger', async () => {
    const id = await add();
    const nobody = fleet.client();
    const denied = { detail: "You're not allowed" };
    for (const [client, status, json] of [
      [fleet.reseller, 403, denied],
      [nobody, 401, { detail: 'Not authenticated' }],
    ] as const) {
      for (const reply of [
        await client.post(PATH, {}),
        await client.put(`${PATH}/${id}`, { inbounds: [] }),
        await client.put(`${PATH}/${id + 1}`, {}),
        await client.delete(`${PATH}/x`),
      ]) {
        expect([reply.status, reply.json]).toEqual([status, json]);
      }
    }
    for (const path of [PATH, `${PATH}/${id}`, `${PATH}/${id + 1}`, `${PATH}/x`]) {
      expect((await nobody.get(path)).status).toBe(401);
    }
    expect((await fleet.sudo.get(`${PATH}/${id}`)).json).toEqual({ ...full, id });
  });

  it('are looked for before the body is', async () => {
    const missing = await fleet.sudo.put(`${PATH}/2147483647`, { name: 5 });
    expect([missing.status, missing.json]).toEqual([404, { detail: 'User Template not found' }]);
    expect((await fleet.reseller.get(`${PATH}/2147483647`)).status).toBe(404);
  });

  it.each([
    ['x', 'int_parsing'],
    ['1.5', 'int_parsing'],
    ['2147483648', 'less_than_equal'],
    ['-2147483649', 'greater_than_equal'],
    ['9'.repeat(30), 'less_than_equal'],
  ])('have no id %s', async (id, type) => {
    for (const reply of [
      await fleet.reseller.get(`${PATH}/${id}`),
      await fleet.sudo.put(`${PATH}/${id}`, {}),
      await fleet.sudo.delete(`${PATH}/${id}`),
    ]) {
      expect([reply.status, issues(reply)]).toEqual([
        422,
        [expect.stringContaining(`path.template_id ${type}`)],
      ]);
    }
  });
});
