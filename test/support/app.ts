import { Logger } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { tmpdir } from 'node:os';
import { buildApp } from '../../src/app.js';
import { Config } from '../../src/config/config.js';
import type { Connection } from '../../src/shared/database/data-source.js';
import { AdminsService } from '../../src/features/admins/index.js';
import { NO_XRAY } from '../../src/xray/process/executable.js';
import { createTestDatabase } from './database.js';
import { TELLS_NOBODY } from './tells-nobody.js';

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  /** The parsed body; undefined when it is not JSON. */
  // oxlint-disable-next-line no-explicit-any -- tests assert on the shapes they expect
  json: any;
}

/** Sends requests as one admin, or as nobody. A string or form body is sent as it is, anything else as JSON. */
export interface TestClient {
  get(path: string): Promise<Reply>;
  post(path: string, body?: unknown): Promise<Reply>;
  put(path: string, body?: unknown): Promise<Reply>;
  delete(path: string, body?: unknown): Promise<Reply>;
}

export interface TestApp {
  url: string;
  app: NestExpressApplication;
  config: Config;
  connection: Connection;
  /** Logged in as the sudo admin `root`. */
  sudo: TestClient;
  /** With this bearer token, or without any. */
  client(token?: string): TestClient;
  /** Logs in and returns the token. */
  login(username: string, password: string): Promise<string>;
  /** Ends the service, and drops its database unless it was handed in. */
  close(): Promise<void>;
}

export const SUDO = { username: 'root', password: 'correct horse battery' };

/** Settings of a service that does nothing by itself: no jobs within a test's time, no local core. */
export function testConfig(settings: Partial<Config> = {}): Config {
  return new Config({
    role: 'all',
    host: '127.0.0.1',
    port: 0,
    shutdownDelaySeconds: 0,
    dataDir: tmpdir(),
    databaseUrl: undefined,
    databaseDirectUrl: undefined,
    secretKey: 'the secret key of tests',
    previousSecretKey: undefined,
    databasePoolSize: 5,
    databaseWaitSeconds: 0,
    logLevel: 'info',
    docs: true,
    allowedOrigins: ['*'],
    validationErrors: 'list',
    trustedProxies: [],
    auth: { tokenMinutes: 1440, sudo: SUDO },
    xray: {
      json: undefined,
      executablePath: NO_XRAY,
      assetsPath: undefined,
      install: 'never',
      excludeInboundTags: [],
      fallbacksInboundTag: '',
    },
    nodes: { certPin: 'tofu', apiSources: [] },
    recordNodeUsage: true,
    subscription: {
      path: 'sub',
      urlPrefix: '',
      updateInterval: '12',
      supportUrl: 'https://t.me/',
      profileTitle: 'Subscription',
      externalConfig: '',
      templates: {
        directory: undefined,
        clash: 'clash/default.yml',
        clashSettings: 'clash/settings.yml',
        singBox: 'singbox/default.json',
        singBoxSettings: 'singbox/settings.json',
        xray: 'v2ray/default.json',
        xraySettings: 'v2ray/settings.json',
        mux: 'mux/default.json',
        userAgents: 'user_agent/default.json',
        grpcUserAgents: 'user_agent/grpc.json',
        page: 'subscription/index.html',
        home: 'home/index.html',
      },
      customJson: { v2rayN: false, v2rayNG: false, streisand: false, happ: false },
      statusText: {
        active: 'Active',
        expired: 'Expired',
        limited: 'Limited',
        disabled: 'Disabled',
        on_hold: 'On-Hold',
      },
    },
    serverIp: '192.0.2.1',
    serverIpv6: '[2001:db8::1]',
    jobs: {
      coreHealthSeconds: 3600,
      userUsagesSeconds: 3600,
      nodeUsagesSeconds: 3600,
      reviewUsersSeconds: 3600,
    },
    autoDelete: { days: -1, includesLimited: false },
    notifications: TELLS_NOBODY,
    activityDays: 90,
    ...settings,
  });
}

/**
 * The whole service on a database of its own, listening on a free port of this machine. With `connection` it is one
 * more replica on that database. `prepare` is called before it begins to work.
 */
export async function startApp(
  settings: Partial<Config> = {},
  connection?: Connection,
  prepare: (app: NestExpressApplication) => void = () => undefined,
): Promise<TestApp> {
  const config = testConfig(settings);
  const database = connection ? { connection, drop: async () => {} } : await createTestDatabase();
  try {
    Logger.overrideLogger(['warn', 'error', 'fatal']);
    const app = await buildApp(config, database.connection);
    prepare(app);
    await app.listen(config.port, config.host);
    const url = (await app.getUrl()).replace('[::1]', 'localhost');
    const admins = app.get(AdminsService, { strict: false });
    await admins.ensureEnvironmentAdmin();
    const account = config.auth.sudo ?? (await admins.ensureFirstAdmin('a first password'));
    const login = (username: string, password: string) => logIn(url, username, password);
    return {
      url,
      app,
      config,
      connection: database.connection,
      sudo: client(url, account && (await login(account.username, account.password))),
      client: (token) => client(url, token),
      login,
      close: async () => {
        await app.close();
        await database.drop();
      },
    };
  } catch (error) {
    await database.drop();
    throw error;
  }
}

async function logIn(url: string, username: string, password: string): Promise<string> {
  const reply = await client(url).post('/api/admin/token', new URLSearchParams({ username, password }));
  if (reply.status !== 200) throw new Error(`${username} cannot log in: ${reply.status} ${reply.text}`);
  return (reply.json as { access_token: string }).access_token;
}

function client(url: string, token?: string): TestClient {
  const send = async (method: string, path: string, body?: unknown): Promise<Reply> => {
    const raw = typeof body === 'string' || body instanceof URLSearchParams || body instanceof FormData;
    const isJson = body !== undefined && !(body instanceof URLSearchParams) && !(body instanceof FormData);
    const response = await fetch(url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(isJson ? { 'content-type': 'application/json' } : {}),
      },
      body: body === undefined ? undefined : raw ? body : JSON.stringify(body),
    });
    const text = await response.text();
    const json = /[/+]json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: json ? JSON.parse(text) : undefined,
    };
  };
  return {
    get: (path) => send('GET', path),
    post: (path, body) => send('POST', path, body),
    put: (path, body) => send('PUT', path, body),
    delete: (path, body) => send('DELETE', path, body),
  };
}
