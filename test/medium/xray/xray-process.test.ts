import { existsSync } from 'node:fs';
import { chown, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  resolveInbounds,
  buildCoreConfig,
  parseCoreConfig,
  type CoreUser,
} from '../../../src/xray/config/index.js';
import { CoreError } from '../../../src/xray/grpc/index.js';
import { dryRun, processIdentity, XrayProcess } from '../../../src/xray/process/index.js';
import { createSecretKey, randomBytes } from 'node:crypto';
import { eventually } from '../../support/eventually.js';
import { xrayForTests } from '../../support/xray.js';

const xray = await xrayForTests();
const ID = '35e4e39c-7d5c-4f4b-8b71-558e4f37ff53';
const secret = createSecretKey(randomBytes(32));

/** A config with four inbounds on free ports, and one user in it. */
function coreConfig(
  facts: { ports?: number[]; users?: CoreUser[]; outbound?: string } = {},
): (apiListen: string) => Readable {
  const [vless, vmess, trojan, shadowsocks] = facts.ports ?? [18431, 18432, 18433, 18434];
  const listen = '127.0.0.1';
  const config = parseCoreConfig(
    JSON.stringify({
      log: { loglevel: 'none' },
      inbounds: [
        { tag: 'VLESS', listen, port: vless, protocol: 'vless', settings: { decryption: 'none' } },
        { tag: 'VMESS', listen, port: vmess, protocol: 'vmess', settings: {} },
        { tag: 'TROJAN', listen, port: trojan, protocol: 'trojan', settings: {} },
        { tag: 'SS', listen, port: shadowsocks, protocol: 'shadowsocks', settings: { network: 'tcp' } },
      ],
      outbounds: [{ tag: facts.outbound ?? 'DIRECT', protocol: 'freedom' }],
    }),
  );
  const inbounds = resolveInbounds(config, { excludeTags: [], fallbacksTag: '', readCertificate: () => '' });
  const parts = { config, inbounds, marker: 'PANEL_CFG_0123456789abcdef', secret };
  const users = facts.users ?? [newUser(7, 'bob')];
  return (apiListen) =>
    Readable.from([Buffer.from(buildCoreConfig({ ...parts, users, place: { apiListen } }))]);
}

function newUser(id: number, username: string): CoreUser {
  return {
    id,
    username,
    proxies: {
      vless: { id: ID, flow: '' },
      vmess: { id: ID },
      trojan: { password: 'secret', flow: '' },
      shadowsocks: { password: 'secret', method: 'aes-256-gcm' },
    },
    excludedInbounds: {},
  };
}

describe.skipIf(!xray)('a process of the real Xray', () => {
  let path: string;
  const folder = () => ({ path, executable: xray!, assetsPath: undefined });
  const started: XrayProcess[] = [];
  const start = async (config = coreConfig()) => {
    const process = await XrayProcess.start(folder(), config);
    started.push(process);
    return process;
  };

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'margrave-xray-'));
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((process) => process.stop()));
    await rm(path, { recursive: true, force: true });
  });

  it('serves its API on a socket, tells its config, and has the users of it', async () => {
    const process = await start();
    const client = process.connect();
    expect((await client.sysStats()).uptimeSeconds).toBeLessThan(30);
    expect([...(await client.outboundTraffic()).keys()].toSorted()).toEqual([
      'DIRECT',
      'PANEL_CFG_0123456789abcdef',
    ]);
    expect(await client.userTraffic()).toEqual(new Map());
    const email = '7.bob';
    expect(await client.listUsers('VLESS')).toEqual([{ email, type: 'vless', id: ID, flow: '' }]);
    expect(await client.listUsers('VMESS')).toEqual([{ email, type: 'vmess', id: ID }]);
    expect(await client.listUsers('TROJAN')).toEqual([{ email, type: 'trojan', password: 'secret' }]);
    expect(await client.listUsers('SS')).toEqual([
      { email, type: 'shadowsocks', password: 'secret', method: 'aes-256-gcm' },
    ]);
    client.close();
  });

  it.each(['a>>>b', '>>>', 'user>>>7.bob>>>traffic>>>uplink'])(
    'counts an outbound by the tag %s',
    async (outbound) => {
      const client = (await start(coreConfig({ outbound }))).connect();
      expect((await client.outboundTraffic()).get(outbound)).toEqual({ up: 0n, down: 0n });
      expect(await client.userTraffic()).toEqual(new Map());
      client.close();
    },
  );

  it('takes and gives up users while it runs, with the errors that are told apart', async () => {
    const client = (await start()).connect();
    const account = { email: '8.ann', type: 'trojan', password: 'new' } as const;
    const code = (call: Promise<unknown>) =>
      call.then(
        () => 'done',
        (error: unknown) => (error as CoreError).code,
      );
    expect(await code(client.addUser('TROJAN', account))).toBe('done');
    expect(await client.listUsers('TROJAN', '8.ann')).toEqual([account]);
    expect(await code(client.addUser('TROJAN', account))).toBe('user_exists');
    expect(await code(client.removeUser('TROJAN', '8.ann'))).toBe('done');
    expect(await code(client.removeUser('TROJAN', '8.ann'))).toBe('user_not_found');
    expect(await client.listUsers('TROJAN', '8.ann')).toEqual([]);
    expect(await code(client.addUser('NONE', account))).toBe('inbound_not_found');
    expect(await code(client.addUser('API_INBOUND', account))).toBe('not_user_manager');
    const copy = { email: '8.ann', type: 'shadowsocks', password: 'x', method: 'aes-128-gcm' } as const;
    expect(await code(client.addUser('SS', copy))).toBe('done');
    expect(await code(client.addUser('SS', copy))).toBe('done'); // it keeps copies
    expect(await code(client.removeUser('SS', '8.ann'))).toBe('done');
    expect(await code(client.removeUser('SS', '8.ann'))).toBe('done');
    expect(await code(client.removeUser('SS', '8.ann'))).toBe('user_not_found');
    expect(
      await code(client.addUser('VLESS', { email: '8.ann', type: 'vless', id: 'x'.repeat(40), flow: '' })),
    ).toBe('bad_account');
    client.close();
  });

  it('gives up a call that is aborted', async () => {
    const client = (await start()).connect();
    const aborter = new AbortController();
    aborter.abort();
    await expect(client.sysStats(aborter.signal)).rejects.toMatchObject({ code: 'aborted' });
    client.close();
  });

  it('is found again by whoever comes after, and seen to end', async () => {
    const first = await start();
    const adopted = await XrayProcess.adopt(path);
    expect(adopted?.version).toBe(first.version);
    const client = adopted!.connect();
    expect(await client.listUsers('VLESS')).toHaveLength(1);
    client.close();
    const { pid } = JSON.parse(await readFile(join(path, 'process.json'), 'utf8')) as { pid: number };
    process.kill(pid, 'SIGKILL');
    await Promise.all([first.untilExit(), adopted!.untilExit()]);
    expect(first.lastWords).toBe('Xray was ended by SIGKILL');
    expect(await XrayProcess.adopt(path)).toBeUndefined();
  });

  it('is not taken for another process with its number', async () => {
    await writeFile(
      join(path, 'process.json'),
      JSON.stringify({ pid: process.pid, identity: 'other', startedAt: 0 }),
    );
    expect(await XrayProcess.adopt(path)).toBeUndefined();
  });

  it.each([
    '',
    'garbage',
    'null',
    '{}',
    '[]',
    `{"pid":"1","identity":"x","startedAt":0,"socket":"/x","version":"1"}`,
    `{"pid":PID,"identity":"ID","startedAt":0}`,
  ])('is not seen in a note that is none: %s', async (text) => {
    const identity = processIdentity(process.pid)!;
    await writeFile(
      join(path, 'process.json'),
      text.replace('PID', String(process.pid)).replace('ID', identity),
    );
    expect(await XrayProcess.adopt(path)).toBeUndefined();
  });

  it('is not seen in a note of another user', async () => {
    const identity = processIdentity(process.pid)!;
    const note = { pid: process.pid, identity, startedAt: 0, socket: '/nowhere', version: '1' };
    await writeFile(join(path, 'process.json'), JSON.stringify(note));
    expect(await XrayProcess.adopt(path)).toBeDefined();
    if (process.getuid?.() !== 0) return; // only root can give files away
    await chown(join(path, 'process.json'), 65534, 65534);
    expect(await XrayProcess.adopt(path)).toBeUndefined();
  });

  it.runIf(process.platform === 'linux')(
    'is found without its note, or with that of a dead one',
    async () => {
      const first = await start();
      const note = join(path, 'process.json');
      const text = await readFile(note, 'utf8');
      const findsIt = async () => {
        const found = (await XrayProcess.adopt(path))!;
        expect(found.version).toBe(first.version);
        expect((await found.connect().sysStats()).goroutines).toBeGreaterThan(0);
      };
      await rm(note);
      await findsIt();
      await writeFile(note, text.replace(/"identity":"/, '"identity":"another '));
      await findsIt();
      expect(await XrayProcess.adopt(`${path}x`)).toBeUndefined(); // that of another folder is nobody's here
      await (await XrayProcess.adopt(path))!.stop();
      await first.untilExit();
      expect(await XrayProcess.adopt(path)).toBeUndefined();
    },
  );

  it('leaves no folder elsewhere, either, where its own has too long a path for a socket', async () => {
    const deep = join(path, 'x'.repeat(90));
    const core = await XrayProcess.start({ ...folder(), path: deep }, coreConfig());
    const { socket } = JSON.parse(await readFile(join(deep, 'process.json'), 'utf8')) as { socket: string };
    expect(existsSync(socket)).toBe(true);
    await core.stop();
    expect(existsSync(dirname(socket))).toBe(false);
  });

  it('leaves nothing behind when it is stopped', async () => {
    const process = await start();
    await process.stop();
    expect(process.isRunning).toBe(false);
    expect((await readdir(path, { recursive: true })).toSorted()).toEqual(['run', 'xray.log']);
  });

  it('that refuses its config says why', async () => {
    const refused = JSON.stringify({ inbounds: [{ port: 1, protocol: 'nonsense' }], outbounds: [] });
    const config = () => Readable.from([Buffer.from(refused)]);
    await expect(start(config)).rejects.toThrow('unknown config id: nonsense');
    expect(await XrayProcess.adopt(path)).toBeUndefined();
  });

  it('that cannot listen says why, though its API answered first', async () => {
    const taken = createServer().listen(18436, '127.0.0.1');
    await expect(start(coreConfig({ ports: [18436, 18437, 18438, 18439] }))).rejects.toThrow(
      'address already in use',
    );
    taken.close();
  });

  it('that cannot be run says why', async () => {
    const executable = { path: '/nonexistent/xray', version: '1.0.0' };
    await expect(XrayProcess.start({ ...folder(), executable }, coreConfig())).rejects.toThrow('ENOENT');
  });

  it('takes its socket elsewhere where the path of the folder is too long', async () => {
    path = join(path, 'x'.repeat(120));
    const process = await start();
    const client = process.connect();
    expect(await client.sysStats()).toBeDefined();
    client.close();
  });

  it('writes a log of which the last lines can be read and new ones followed', async () => {
    const process = await start();
    const aborter = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      for await (const lines of process.log.follow(aborter.signal, 100)) seen.push(...lines);
    })();
    await eventually(() => seen.some((line) => /core: Xray \S+ started/.test(line)));
    await writeFile(process.log.path, 'one\ntwo\nthree', { flag: 'a' });
    await eventually(() => seen.includes('two'));
    aborter.abort();
    await following;
    expect(seen.slice(seen.indexOf('one'))).toEqual(['one', 'two']);
  });
});

describe.skipIf(!xray)('a dry run', () => {
  it('accepts what would start', async () => {
    expect(await dryRun(xray!, await text(coreConfig()('127.0.0.1:1')), undefined)).toBeUndefined();
  });

  it.each([
    ['no JSON', '{', /unexpected|EOF|JSON/],
    [
      'an unknown protocol',
      JSON.stringify({ inbounds: [{ port: 1, protocol: 'nonsense' }] }),
      /unknown config id: nonsense/,
    ],
  ])('refuses %s in the words of Xray', async (_, config, words) => {
    const refusal = await dryRun(xray!, config, undefined);
    expect(refusal).toMatch(words);
    expect(refusal).not.toContain('Failed to start');
  });
});
