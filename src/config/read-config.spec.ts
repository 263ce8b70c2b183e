import { describe, expect, it } from 'vitest';
import { InvalidSettings, readConfig, type Surroundings } from './read-config.js';
import type { Environment } from './settings-reader.js';

const files: Record<string, string> = { '/run/secrets/password': 'from a file\n' };
const around: Surroundings = {
  cwd: '/srv/margrave',
  interfaces: {
    lo: [{ address: '127.0.0.1', family: 'IPv4', internal: true }],
    eth0: [
      { address: '10.1.2.3', family: 'IPv4', internal: false },
      { address: 'fe80::1', family: 'IPv6', internal: false },
    ],
    eth1: [
      { address: '93.184.216.34', family: 'IPv4', internal: false },
      { address: '2a00:1450::5', family: 'IPv6', internal: false },
    ],
  },
  readFile: (path) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error('missing'), { code: 'ENOENT' });
    return text;
  },
};
const read = (environment: Environment = {}) => readConfig(environment, around).config;

function problems(environment: Environment): readonly string[] {
  try {
    readConfig(environment, around);
  } catch (error) {
    if (error instanceof InvalidSettings) return error.problems;
    throw error;
  }
  return [];
}

describe('settings', () => {
  it('need nothing', () => {
    expect(read()).toMatchObject({
      role: 'all',
      host: '0.0.0.0',
      port: 8000,
      dataDir: '/srv/margrave/data',
      databaseUrl: undefined,
      databasePoolSize: 10,
      databaseWaitSeconds: 60,
      logLevel: 'info',
      docs: true,
      allowedOrigins: ['*'],
      validationErrors: 'list',
      auth: { tokenMinutes: 1440, sudo: undefined },
      xray: { install: 'auto', executablePath: undefined, excludeInboundTags: [] },
      recordNodeUsage: true,
      subscription: { path: 'sub', urlPrefix: '', updateInterval: '12', statusText: { on_hold: 'On-Hold' } },
      jobs: { coreHealthSeconds: 10, userUsagesSeconds: 10, nodeUsagesSeconds: 30, reviewUsersSeconds: 10 },
    });
  });

  it.each<[string, Environment, object]>([
    ['prefer the names of Marzban', { UVICORN_PORT: '8001', PORT: '9000' }, { port: 8001 }],
    ['know PORT and HOST', { PORT: '9000', HOST: '::1' }, { port: 9000, host: '::1' }],
    ['skip an empty name for its alias', { UVICORN_PORT: '', PORT: '9000' }, { port: 9000 }],
    ['take an empty number as not set', { PORT: ' ' }, { port: 8000 }],
    [
      'take a relative data folder from where they are',
      { DATA_DIR: 'x/y' },
      { dataDir: '/srv/margrave/x/y' },
    ],
    ['read yes', { DEBUG: 'Yes' }, { logLevel: 'debug' }],
    ['read off', { DOCS: 'OFF' }, { docs: false }],
    ['take an empty truth as false', { DOCS: '' }, { docs: false }],
    ['turn the recording around', { DISABLE_RECORDING_NODE_USAGE: '1' }, { recordNodeUsage: false }],
    ['know the pool by its old name', { SQLALCHEMY_POOL_SIZE: '3' }, { databasePoolSize: 3 }],
    ['take tokens for ever', { JWT_ACCESS_TOKEN_EXPIRE_MINUTES: '-1' }, { auth: { tokenMinutes: -1 } }],
    [
      'know where webhooks go, each once',
      {
        WEBHOOK_ADDRESS: ' https://a.example/x?k=1 ,http://10.0.0.1:81,https://a.example/x?k=1',
        WEBHOOK_SECRET: 's',
      },
      {
        notifications: {
          webhooks: {
            addresses: ['https://a.example/x?k=1', 'http://10.0.0.1:81'],
            secret: 's',
            allowPrivate: false,
          },
        },
      },
    ],
    [
      'tell every admin in Telegram, groups too',
      { TELEGRAM_API_TOKEN: '12:a-b_C', TELEGRAM_ADMIN_ID: '5,-77', TELEGRAM_LOGGER_CHANNEL_ID: '0' },
      { notifications: { telegram: { token: '12:a-b_C', chats: ['5', '-77'] } } },
    ],
    [
      'tell the channel in the place of admins',
      { TELEGRAM_API_TOKEN: '12:a', TELEGRAM_ADMIN_ID: '5', TELEGRAM_LOGGER_CHANNEL_ID: '-1001' },
      { notifications: { telegram: { chats: ['-1001'] } } },
    ],
    [
      'know where Telegram and Discord are',
      { TELEGRAM_API_TOKEN: '', TELEGRAM_API_URL: '' },
      {
        notifications: {
          telegram: { apiUrl: 'https://api.telegram.org' },
          discord: { apiUrl: 'https://discord.com' },
        },
      },
    ],
    [
      'send to a Bot API and a relay of one’s own, and to a webhook of an old name',
      {
        TELEGRAM_API_URL: 'http://10.0.0.1:8081/',
        DISCORD_API_URL: 'https://relay.example/discord',
        DISCORD_WEBHOOK_URL: 'https://discordapp.com/api/webhooks/1/x',
      },
      {
        notifications: {
          telegram: { apiUrl: 'http://10.0.0.1:8081' },
          discord: {
            apiUrl: 'https://relay.example/discord',
            address: 'https://discordapp.com/api/webhooks/1/x',
          },
        },
      },
    ],
    [
      'order thresholds',
      { NOTIFY_REACHED_USAGE_PERCENT: '95, 80,95', NOTIFY_DAYS_LEFT: '' },
      { notifications: { usagePercents: [80, 95], daysLeft: [] } },
    ],
    [
      'know when users are deleted',
      { USERS_AUTODELETE_DAYS: '3', USER_AUTODELETE_INCLUDE_LIMITED_ACCOUNTS: 'yes' },
      { autoDelete: { days: 3, includesLimited: true } },
    ],
    [
      'trim origins',
      { ALLOWED_ORIGINS: 'https://a.example/, http://b.example:81 ,' },
      { allowedOrigins: ['https://a.example', 'http://b.example:81'] },
    ],
    [
      'know trusted proxies',
      { TRUSTED_PROXIES: 'loopback, 10.0.0.0/8,2001:db8::/32' },
      { trustedProxies: ['loopback', '10.0.0.0/8', '2001:db8::/32'] },
    ],
    [
      'know the networks of replicas',
      { NODE_API_SOURCES: '192.0.2.1, 10.0.0.0/8', NODE_CERT_PIN: 'Always-Trust' },
      { nodes: { certPin: 'always-trust', apiSources: ['192.0.2.1', '10.0.0.0/8'] } },
    ],
    [
      'read tags between blanks',
      { XRAY_EXCLUDE_INBOUND_TAGS: ' a  b' },
      { xray: { excludeInboundTags: ['a', 'b'] } },
    ],
    [
      'read tags with blanks from JSON',
      { XRAY_EXCLUDE_INBOUND_TAGS: '["a b", "c"]' },
      { xray: { excludeInboundTags: ['a b', 'c'] } },
    ],
    [
      'know the singular of fallbacks',
      { XRAY_FALLBACK_INBOUND_TAG: 'f' },
      { xray: { fallbacksInboundTag: 'f' } },
    ],
    [
      'strip slashes from paths',
      { XRAY_SUBSCRIPTION_PATH: '/my/sub/', XRAY_SUBSCRIPTION_URL_PREFIX: 'https://x.example/' },
      { subscription: { path: 'my/sub', urlPrefix: 'https://x.example' } },
    ],
    [
      'give Xray configs to single applications',
      { USE_CUSTOM_JSON_FOR_HAPP: 'on' },
      { subscription: { customJson: { v2rayN: false, v2rayNG: false, streisand: false, happ: true } } },
    ],
    [
      'give Xray configs to all applications that can use them',
      { USE_CUSTOM_JSON_DEFAULT: '1', USE_CUSTOM_JSON_FOR_HAPP: '0' },
      { subscription: { customJson: { v2rayN: true, v2rayNG: true, streisand: true, happ: true } } },
    ],
    [
      'take the paths of templates as Jinja does',
      { CLASH_SUBSCRIPTION_TEMPLATE: '/clash//x.yml', MUX_TEMPLATE: './mux/./x.json' },
      { subscription: { templates: { clash: 'clash/x.yml', mux: 'mux/x.json' } } },
    ],
    ['let a text be empty', { SUB_SUPPORT_URL: '' }, { subscription: { supportUrl: '' } }],
    [
      'read a secret from a file, without its end of line',
      { SUDO_USERNAME: 'root', SUDO_PASSWORD_FILE: '/run/secrets/password' },
      { auth: { sudo: { username: 'root', password: 'from a file' } } },
    ],
    ['find the addresses of this machine', {}, { serverIp: '93.184.216.34', serverIpv6: '[2a00:1450::5]' }],
    [
      'take given addresses, with brackets or without',
      { SERVER_IP: '192.0.2.1', SERVER_IPV6: '2001:db8::1' },
      { serverIp: '192.0.2.1', serverIpv6: '[2001:db8::1]' },
    ],
  ])('%s', (_, environment, expected) => {
    expect(read(environment)).toMatchObject(expected);
  });

  it('fall back to loopback where no address is routable', () => {
    const { config } = readConfig({}, { ...around, interfaces: { lo: around.interfaces.lo } });
    expect([config.serverIp, config.serverIpv6]).toEqual(['127.0.0.1', '[::1]']);
  });

  it.each<[string, Environment, RegExp]>([
    [
      'a port beyond all ports',
      { PORT: '65536' },
      /^PORT must be a whole number from 0 to 65535, not "65536"$/,
    ],
    ['the alias that was used', { UVICORN_PORT: 'abc' }, /^UVICORN_PORT .*"abc"/],
    ['an interval of nothing', { JOB_REVIEW_USERS_INTERVAL: '0' }, /^JOB_REVIEW_USERS_INTERVAL .*from 1 to/],
    ['a fraction', { JOB_REVIEW_USERS_INTERVAL: '1.5' }, /^JOB_REVIEW_USERS_INTERVAL/],
    ['a strange truth', { DOCS: 'perhaps' }, /^DOCS must be true or false/],
    ['an unknown role', { ROLE: 'boss' }, /^ROLE must be all or api or worker, not "boss"/],
    [
      'another database',
      { DATABASE_URL: 'mysql://root@localhost/x' },
      /^DATABASE_URL must look like postgresql/,
    ],
    [
      'several hosts',
      { DATABASE_URL: 'postgresql://u:p@one:5432,two:5432/x' },
      /^DATABASE_URL must name one host/,
    ],
    [
      'a way past the pooler that is none',
      { DATABASE_URL: 'postgresql://u:p@pooler/x', DATABASE_DIRECT_URL: 'db:5432' },
      /^DATABASE_DIRECT_URL must look like postgresql/,
    ],
    [
      'a proxy that is no address',
      { TRUSTED_PROXIES: '10.0.0.0/33' },
      /^TRUSTED_PROXIES .*"10.0.0.0\/33" is not/,
    ],
    [
      'the whole world as the network of replicas',
      { NODE_API_SOURCES: '10.0.0.1,0.0.0.0/0' },
      /^NODE_API_SOURCES .*"0.0.0.0\/0" is not/,
    ],
    ['a key that can be guessed', { SECRET_KEY: 'secret' }, /^SECRET_KEY must have at least 16 characters/],
    [
      'a webhook that is no address',
      { WEBHOOK_ADDRESS: 'https://a.example,b' },
      /^WEBHOOK_ADDRESS .*; no. 2 is not$/,
    ],
    ['a secret that is no header', { WEBHOOK_SECRET: 'ä' }, /^WEBHOOK_SECRET may hold printable ASCII only/],
    ['a token that is none', { TELEGRAM_API_TOKEN: 'x' }, /^TELEGRAM_API_TOKEN must look like/],
    ['a chat by its name', { TELEGRAM_ADMIN_ID: '1,@me' }, /^TELEGRAM_ADMIN_ID .*"@me" is not$/],
    ['a channel by its name', { TELEGRAM_LOGGER_CHANNEL_ID: '@me' }, /^TELEGRAM_LOGGER_CHANNEL_ID must be/],
    ['a proxy of another kind', { TELEGRAM_PROXY_URL: 'ftp://x' }, /^TELEGRAM_PROXY_URL must look like/],
    [
      'a webhook elsewhere',
      { DISCORD_WEBHOOK_URL: 'https://discord.com.example/' },
      /^DISCORD_WEBHOOK_URL must begin/,
    ],
    [
      'a Bot API without a protocol',
      { TELEGRAM_API_URL: 'api.telegram.org' },
      /^TELEGRAM_API_URL must look like https/,
    ],
    ['a relay with a query', { DISCORD_API_URL: 'https://x.example/?a' }, /^DISCORD_API_URL must look like/],
    [
      'a threshold beyond reach',
      { NOTIFY_REACHED_USAGE_PERCENT: '0' },
      /^NOTIFY_REACHED_USAGE_PERCENT must be/,
    ],
    ['an origin without a scheme', { ALLOWED_ORIGINS: 'a.example' }, /^ALLOWED_ORIGINS .*"a.example"/],
    [
      'a path that is taken',
      { XRAY_SUBSCRIPTION_PATH: 'api/x' },
      /^XRAY_SUBSCRIPTION_PATH must not begin with api/,
    ],
    ['a template above its folder', { MUX_TEMPLATE: '../mux.json' }, /^MUX_TEMPLATE must name a file in/],
    ['a template of no name', { HOME_PAGE_TEMPLATE: '//' }, /^HOME_PAGE_TEMPLATE must name .*not "\/\/"$/],
    ['a path with a blank', { XRAY_SUBSCRIPTION_PATH: 'a b' }, /^XRAY_SUBSCRIPTION_PATH may hold/],
    ['tags that are no JSON', { XRAY_EXCLUDE_INBOUND_TAGS: '["a' }, /^XRAY_EXCLUDE_INBOUND_TAGS/],
    ['the wrong kind of address', { SERVER_IP: '::1' }, /^SERVER_IP must be an IPv4/],
    ['a header with a line break', { SUB_UPDATE_INTERVAL: '1\n2' }, /^SUB_UPDATE_INTERVAL/],
    [
      'a secret file that is missing',
      { DATABASE_URL_FILE: '/nowhere' },
      /^DATABASE_URL_FILE cannot read .*ENOENT/,
    ],
    [
      'an admin with a line break in its name',
      { SUDO_USERNAME: 'root\nroot', SUDO_PASSWORD: 'x' },
      /^SUDO_USERNAME must not hold control characters$/,
    ],
    [
      'an admin with a blank at the end of its name',
      { SUDO_USERNAME: 'root ', SUDO_PASSWORD: 'x' },
      /^SUDO_USERNAME must not begin or end with a blank$/,
    ],
    [
      'a secret given twice',
      { SUDO_PASSWORD: 'x', SUDO_PASSWORD_FILE: '/run/secrets/password' },
      /^SUDO_PASSWORD is set, and so is SUDO_PASSWORD_FILE/,
    ],
  ])('name %s', (_, environment, expected) => {
    expect(problems(environment)).toEqual([expect.stringMatching(expected)]);
  });

  it('report everything that is wrong at once', () => {
    expect(problems({ PORT: 'x', ROLE: 'y', DOCS: 'z', SERVER_IPV6: '1.2.3.4' })).toHaveLength(4);
  });

  it('never repeat a secret', () => {
    const secret = 'mysql://root:hunter2@localhost/x';
    const wrong = problems({
      DATABASE_URL: secret,
      DATABASE_DIRECT_URL: secret,
      WEBHOOK_ADDRESS: secret,
      TELEGRAM_API_TOKEN: secret,
      DISCORD_WEBHOOK_URL: secret,
    });
    expect(wrong).toHaveLength(5);
    expect(wrong.join()).not.toContain('hunter2');
  });

  it.each<[string, Environment, RegExp]>([
    [
      'a setting that was dropped',
      { UVICORN_SSL_CERTFILE: 'x.pem' },
      /^UVICORN_SSL_CERTFILE has no effect: /,
    ],
    [
      'a way past no pooler',
      { DATABASE_DIRECT_URL: 'postgresql://u:p@db/x' },
      /^DATABASE_DIRECT_URL has no effect without DATABASE_URL$/,
    ],
    [
      'chats without a bot',
      { TELEGRAM_ADMIN_ID: '1' },
      /^TELEGRAM_ADMIN_ID .* no effect without TELEGRAM_API_TOKEN$/,
    ],
    ['half an environment admin', { SUDO_USERNAME: 'root' }, /^SUDO_USERNAME and SUDO_PASSWORD .*together/],
  ])('remark on %s', (_, environment, expected) => {
    expect(readConfig(environment, around).remarks).toEqual([expect.stringMatching(expected)]);
  });
});
