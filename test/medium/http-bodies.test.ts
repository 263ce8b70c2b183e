import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { sender } from '../support/exact-request.js';

let app: TestApp;
let token: string;
let send: ReturnType<typeof sender>;

beforeAll(async () => {
  app = await startApp();
  send = sender(app.url);
  token = await app.login('root', 'correct horse battery');
});
afterAll(() => app.close());

const asRoot = (type?: string) => ({
  authorization: `Bearer ${token}`,
  ...(type === undefined ? {} : { 'content-type': type }),
});

describe('a body', () => {
  const broken = '{"detail":[{"loc":["body",1],"msg":"JSON decode error","type":"json_invalid"}]}';

  it('that is broken is 422 where it breaks', async () => {
    const reply = await send('POST', '/api/admin', asRoot('application/json'), '{');
    expect([reply.status, reply.text]).toEqual([422, broken]);
  });

  it('is not read where none is expected', async () => {
    const headers = { ...asRoot('application/json'), 'content-length': '1' };
    expect((await send('GET', '/api/admin', headers, '{')).status).toBe(200);
  });

  it('that is invalid is 401 without a token', async () => {
    const reply = await app.client().post('/api/admin', {});
    expect([reply.status, reply.json, reply.headers.get('www-authenticate')]).toEqual([
      401,
      { detail: 'Not authenticated' },
      'Bearer',
    ]);
  });

  it.each([
    ['application/json', 409],
    ['application/json; charset=utf-8', 409],
    ['application/problem+json', 409],
    [undefined, 409],
    ['text/plain', 422],
    ['application/x-www-form-urlencoded', 422],
  ])('of the type %s is answered %d', async (type, status) => {
    const body = '{"username":"root","is_sudo":false,"password":"x"}';
    const reply = await send('POST', '/api/admin', asRoot(type), body);
    expect(reply.status).toBe(status);
    if (status === 422)
      expect(reply.text).toContain('"loc":["body"],"msg":"Input should be a valid dictionary or obj');
  });

  it('may start with a byte order mark', async () => {
    const body = '\ufeff{"username":"root","is_sudo":false,"password":"x"}';
    expect((await send('POST', '/api/admin', asRoot('application/json'), body)).status).toBe(409);
  });

  it.each(['', 'null'])('%j is missing', async (body) => {
    const reply = await send('POST', '/api/admin', asRoot('application/json'), body);
    expect(reply.text).toBe('{"detail":[{"loc":["body"],"msg":"Field required","type":"missing"}]}');
  });

  it.each(['[]', '"x"', '5'])('%s is no object', async (body) => {
    const reply = await send('POST', '/api/admin', asRoot('application/json'), body);
    expect(reply.text).toContain('"type":"model_attributes_type"');
  });

  it('of bytes that are no text is 400', async () => {
    const reply = await send(
      'POST',
      '/api/admin',
      asRoot('application/json'),
      Buffer.from([0x7b, 0xff, 0x7d]),
    );
    expect([reply.status, reply.text]).toEqual([400, '{"detail":"There was an error parsing the body"}']);
  });

  it('that is nested without end is 400', async () => {
    const reply = await send(
      'POST',
      '/api/admin',
      asRoot('application/json'),
      '['.repeat(50_000) + ']'.repeat(50_000),
    );
    expect(reply.status).toBe(400);
  });

  it('that is too large is 413', async () => {
    const reply = await app.sudo.post('/api/admin', { username: 'x'.repeat(2_000_000) });
    expect([reply.status, reply.json]).toEqual([413, { detail: 'The body has more than 1048576 bytes' }]);
  });

  it.each([
    ['a NUL', 'a\\u0000b'],
    ['half a character', 'a\\ud800b'],
  ])('with %s in a text is 422', async (_, name) => {
    const body = `{"username":"${name}","is_sudo":false,"password":"x"}`;
    const reply = await send('POST', '/api/admin', asRoot('application/json'), body);
    expect([reply.status, JSON.parse(reply.text).detail[0].loc]).toEqual([422, ['body', 'username']]);
  });

  it.each(['9223372036854775808', '1e300', '1e400', `${'9'.repeat(5000)}`])(
    'with an integer beyond 64 bits is 422',
    async (int) => {
      const body = `{"username":"huge","is_sudo":false,"password":"x","telegram_id":${int}}`;
      const reply = await send('POST', '/api/admin', asRoot('application/json'), body);
      expect([reply.status, JSON.parse(reply.text).detail[0].loc]).toEqual([422, ['body', 'telegram_id']]);
    },
  );

  it('with a text of a megabyte is 422', async () => {
    const reply = await app.sudo.post('/api/admin', {
      username: 'x'.repeat(1_000_000),
      is_sudo: false,
      password: 'x',
    });
    expect(reply.status).toBe(422);
  });

  it('names every field that is wrong, in order', async () => {
    const reply = await app.sudo.post('/api/admin', {
      password: 5,
      discord_webhook: 'https://discord.com.example.org/api/webhooks/1/x',
      username: '',
      users_usage: '5',
    });
    expect(reply.json).toEqual({
      detail: [
        {
          loc: ['body', 'username'],
          msg: 'Value error, Username must have 1 to 34 characters and no slash',
          type: 'value_error',
        },
        { loc: ['body', 'is_sudo'], msg: 'Field required', type: 'missing' },
        {
          loc: ['body', 'discord_webhook'],
          msg: "Value error, Discord webhook must start with 'https://discord.com'",
          type: 'value_error',
        },
        {
          loc: ['body', 'users_usage'],
          msg: 'Value error, must be an integer or a float, not a string',
          type: 'value_error',
        },
        { loc: ['body', 'password'], msg: 'Input should be a valid string', type: 'string_type' },
      ],
    });
  });
});
