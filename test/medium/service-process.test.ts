import { createServer, type Server } from 'node:http';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { addressOf, createTestDatabase } from '../support/database.js';
import { ServiceProcess } from '../support/service-process.js';

let service: ServiceProcess;

beforeEach(async () => {
  service = await ServiceProcess.create();
});
afterEach(() => service.destroy());

const firstPassword = () => /password {2}(\S+)/.exec(service.output)?.[1];

async function logIn(username: string, password: string): Promise<number> {
  const body = new URLSearchParams({ username, password });
  return (await fetch(`${service.url}/api/admin/token`, { method: 'POST', body })).status;
}

/** It ends by itself, with exit code 1 and one line that says why. */
async function refusal(environment: Record<string, string>): Promise<string> {
  const { code } = await service.spawn(environment).ended();
  expect(code).toBe(1);
  expect(service.postgres()).toBeUndefined();
  expect(service.errors.trimEnd()).not.toContain('\n');
  expect(service.output).not.toMatch(/"level":"(error|fatal)"|^ +at /m); // it says nothing twice
  return service.errors.trimEnd();
}

describe('the service as a process', { timeout: 60_000 }, () => {
  it('starts on nothing, says where it is, and shows its first admin once', async () => {
    await service.start();
    await eventually(() => firstPassword());
    expect(service.output).toContain(`http://127.0.0.1:${service.port}/docs`);
    expect(service.output).toContain(join(service.dataDir, 'postgres'));
    const password = firstPassword()!;
    expect(await logIn('admin', password)).toBe(200);
    service.signal('SIGTERM');
    expect((await service.ended()).code).toBe(0);
    await service.start();
    await eventually(() => service.output.includes('is up'));
    expect(firstPassword()).toBeUndefined();
    expect(await logIn('admin', password)).toBe(200);
  });

  it('makes no admin when the environment names one', async () => {
    await service.start({ SUDO_USERNAME: 'root', SUDO_PASSWORD: 'correct horse' });
    await eventually(() => service.output.includes('is up'));
    expect(firstPassword()).toBeUndefined();
    expect(await logIn('root', 'correct horse')).toBe(200);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends with everything it started on %s', async (signal) => {
    await service.start();
    const postgres = service.postgres();
    expect(postgres).toBeDefined();
    const begun = Date.now();
    service.signal(signal);
    expect((await service.ended()).code).toBe(0);
    expect(Date.now() - begun).toBeLessThan(10_000);
    expect(service.postgres()).toBeUndefined();
  });

  it('can be stopped before it is up', async () => {
    service.spawn();
    await eventually(() => service.postgres() !== undefined);
    service.signal('SIGTERM');
    expect(await service.ended()).toEqual({ code: 0, seconds: expect.any(Number) });
    expect(service.postgres()).toBeUndefined();
  });

  it('starts again after a kill -9, on the database that went on', async () => {
    await service.start({ SUDO_USERNAME: 'root', SUDO_PASSWORD: 'correct horse' });
    const postgres = service.postgres();
    service.signal('SIGKILL');
    await service.ended();
    expect(service.postgres()).toBe(postgres);
    await service.start({ SUDO_USERNAME: 'root', SUDO_PASSWORD: 'correct horse' });
    expect(service.postgres()).toBe(postgres);
    expect(await logIn('root', 'correct horse')).toBe(200);
  });

  it('starts again after everything was killed', async () => {
    await service.start();
    process.kill(service.postgres()!, 'SIGKILL');
    service.signal('SIGKILL');
    await service.ended();
    await service.start();
  });

  it('is not ready without its database, and recovers by itself', async () => {
    await service.start({ SUDO_USERNAME: 'root', SUDO_PASSWORD: 'correct horse' });
    const postgres = service.postgres()!;
    process.kill(postgres, 'SIGKILL');
    expect(await service.health('live')).toBe(200);
    await eventually(async () => service.postgres() !== postgres && (await service.health('ready')) === 200);
    expect(await logIn('root', 'correct horse')).toBe(200);
    expect(service.output).toContain('runs again');
  });

  it('answers the request it has when it is told to stop, and takes no more', async () => {
    await service.start({ SUDO_USERNAME: 'root', SUDO_PASSWORD: 'correct horse' });
    const begun = new Promise<void>((resolve) => {
      upload.started = resolve;
    });
    const answer = fetch(`${service.url}/api/admin/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: upload(),
      duplex: 'half',
    } as RequestInit);
    await begun;
    service.signal('SIGTERM');
    await eventually(async () => (await service.health('live')) === undefined);
    upload.finish();
    expect((await answer).status).toBe(200);
    expect((await service.ended()).code).toBe(0);
  });

  it('works with a database of its own choosing, and as a worker answers health checks only', async () => {
    const database = await createTestDatabase();
    const url = addressOf(database.connection);
    await service.start({ DATABASE_URL: url, ROLE: 'worker' });
    expect(service.postgres()).toBeUndefined();
    expect((await fetch(`${service.url}/api/admin`)).status).toBe(404);
    service.signal('SIGTERM');
    await service.ended();
    await database.drop();
  });

  it('writes JSON lines with the request of each, and no secret', async () => {
    await service.start({ SUDO_USERNAME: 'root', SUDO_PASSWORD: 'correct horse', DEBUG: '1' });
    await logIn('root', 'wrong horse');
    await fetch(`${service.url}/sub/c2VjcmV0LXRva2Vu/info`, { headers: { 'x-request-id': 'from-a-proxy' } });
    await eventually(() => service.output.includes('from-a-proxy'));
    const lines = service.output
      .split('\n')
      .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
    expect(lines.find(({ requestId }) => requestId === 'from-a-proxy')).toMatchObject({
      url: '/sub/[hidden]/info',
    });
    expect(lines.find(({ url }) => url === '/api/admin/token')).toMatchObject({
      requestId: expect.any(String),
    });
    expect(lines.filter(({ url }) => url?.startsWith('/health'))).toEqual([]);
    expect(service.output).not.toMatch(/c2VjcmV0LXRva2Vu|wrong horse|correct horse/);
  });

  it('says that its port is in use, and leaves the service there alone', async () => {
    const blocker: Server = createServer();
    await new Promise<void>((resolve) => blocker.listen(service.port, '127.0.0.1', resolve));
    expect(await refusal({})).toBe(
      `Cannot listen on 127.0.0.1:${service.port}: the port is in use (setting PORT or UVICORN_PORT)`,
    );
    blocker.close();
  });

  it('says that its address is not of this machine', async () => {
    expect(await refusal({ HOST: '192.0.2.1' })).toMatch(/no such address \(setting HOST/);
  });

  it('says that its data folder cannot be used', async () => {
    writeFileSync(join(service.folder, 'file'), '');
    const dataDir = join(service.folder, 'file/data');
    expect(await refusal({ DATA_DIR: dataDir })).toBe(
      `Cannot use the data folder ${dataDir}/postgres: a part of the path is not a folder (setting DATA_DIR)`,
    );
    expect(await refusal({ DATA_DIR: '/proc/margrave' })).toMatch(
      /^Cannot use the data folder .*does not exist .*DATA_DIR/,
    );
  });

  it.each([
    [
      'nothing answers',
      'postgresql://u:hunter2@127.0.0.1:1/x',
      /127\.0\.0\.1:1\/x\): nothing answers there \(waited 1 s, setting DATABASE_WAIT\)$/,
    ],
    [
      'there is no such host',
      'postgresql://u:hunter2@nowhere.invalid/x',
      /nowhere\.invalid:5432\/x\): there is no such host \(waited 1 s, .*\)$/,
    ],
  ])('says that at its database %s', async (_, url, reason) => {
    const line = await refusal({ DATABASE_URL: url, DATABASE_WAIT: '1' });
    expect(line).toMatch(/^Cannot use the database of DATABASE_URL/);
    expect(line).toMatch(reason);
    expect(line).not.toContain('hunter2');
  });

  it('says that its database is something else', async () => {
    const other = createTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const url = `postgresql://127.0.0.1:${port}/x`;
    expect(await refusal({ DATABASE_URL: url, DATABASE_WAIT: '0' })).toMatch(/^Cannot use the database/);
    other.close();
  });

  it('says that its key is another one', async () => {
    await service.start({ SECRET_KEY: 'the key of the first start' });
    service.signal('SIGTERM');
    await service.ended();
    expect(await refusal({ SECRET_KEY: 'the key of another start' })).toMatch(
      /^The secrets in the database were encrypted with another key: set SECRET_KEY .*\.$/,
    );
  });

  it('names one wrong setting in one line, and several in one each', async () => {
    expect(await refusal({ JOB_REVIEW_USERS_INTERVAL: '0' })).toMatch(
      /^Setting JOB_REVIEW_USERS_INTERVAL must be/,
    );
    mkdirSync(service.dataDir, { recursive: true });
    const { code } = await service.spawn({ ROLE: 'boss', DOCS: 'perhaps' }).ended();
    expect(code).toBe(1);
    expect(service.errors).toMatch(/^Settings:\n {2}ROLE must be .*\n {2}DOCS must be .*\n$/);
  });

  it('reads .env in its folder, as Marzban writes it', async () => {
    writeFileSync(join(service.folder, '.env'), 'ROLE = "boss"\n# DOCS = perhaps\n');
    expect(await refusal({})).toMatch(/^Setting ROLE must be all or api or worker, not "boss"$/);
  });
});

/** A form that arrives slowly: the first half at once, the rest when `finish` is called. */
function upload(): ReadableStream<Uint8Array> {
  const text = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      controller.enqueue(text.encode('username=root&pass'));
      upload.finish = () => {
        controller.enqueue(text.encode('word=correct+horse'));
        controller.close();
      };
      setTimeout(upload.started, 200);
    },
  });
}
upload.started = (): void => undefined;
upload.finish = (): void => undefined;
