import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { expect, it } from 'vitest';
import { DATABASE } from '../../../config/settings/process.js';
import { SETTINGS } from '../../../config/settings/index.js';
import { DROPPED } from '../../../config/unused-settings.js';
import { parseEnvFile } from './env-file.js';
import { carrySettings } from './settings.js';

const known = { all: SETTINGS, dropped: DROPPED, database: DATABASE };
const carried = (values: Record<string, string>) => carrySettings(new Map(Object.entries(values)), known);

it('the settings of a Marzban become those of this service, with its form of 422', () => {
  const file = new URL('../../../../test/golden/import/marzban.env', import.meta.url);
  const { env, withoutEffect } = carrySettings(parseEnvFile(readFileSync(file, 'utf8')).values, known);
  expect(parseEnv(env)).toEqual({
    VALIDATION_ERRORS: 'fields',
    SUDO_USERNAME: 'envadmin_a',
    SUDO_PASSWORD: 'env-A-secret',
    XRAY_SUBSCRIPTION_URL_PREFIX: 'https://sub.import-a.example',
    XRAY_EXCLUDE_INBOUND_TAGS: 'HIDDEN_VLESS',
    XRAY_FALLBACKS_INBOUND_TAG: 'TROJAN TCP TLS',
    JWT_ACCESS_TOKEN_EXPIRE_MINUTES: '0',
    SUB_PROFILE_TITLE: 'پنل A',
    SUB_SUPPORT_URL: 'https://t.me/support_a',
    SUB_UPDATE_INTERVAL: '6',
    ACTIVE_STATUS_TEXT: 'فعال',
    LIMITED_STATUS_TEXT: 'حجم تمام',
  });
  expect(withoutEffect.map(({ name }) => name)).toEqual(['SQLALCHEMY_DATABASE_URL', 'XRAY_JSON']);
});

it.each<[string, Record<string, string>, Record<string, string>]>([
  [
    'what is the default here anyway',
    { NOTIFY_LOGIN: 'True', UVICORN_PORT: '08000', NOTIFY_DAYS_LEFT: '3,', SUB_UPDATE_INTERVAL: '12' },
    {},
  ],
  ['nothing where that means nothing', { WEBHOOK_SECRET: '', USERS_AUTODELETE_DAYS: '' }, {}],
  [
    'nothing in place of a default',
    { NOTIFY_LOGIN: '', SUB_SUPPORT_URL: '', NOTIFY_DAYS_LEFT: '' },
    { NOTIFY_LOGIN: '', SUB_SUPPORT_URL: '', NOTIFY_DAYS_LEFT: '' },
  ],
  ['another name', { XRAY_FALLBACK_INBOUND_TAG: 'x' }, { XRAY_FALLBACKS_INBOUND_TAG: 'x' }],
])('carried or not: %s', (_, values, expected) => {
  expect(carried(values).values).toEqual({ VALIDATION_ERRORS: 'fields', ...expected });
});

it('what has no effect here is listed with its reason', () => {
  expect(
    carried({
      SQLALCHEMY_POOL_SIZE: '20',
      SQLIALCHEMY_MAX_OVERFLOW: '5',
      UVICORN_SSL_CERTFILE: '/c.pem',
      MYSQL_ROOT_PASSWORD: 'x',
      WEBHOOK_SECRET: `'"\``,
    }).withoutEffect,
  ).toEqual([
    { name: 'SQLALCHEMY_POOL_SIZE', why: 'the database is another one here, with settings of its own' },
    { name: 'SQLIALCHEMY_MAX_OVERFLOW', why: DROPPED.SQLIALCHEMY_MAX_OVERFLOW },
    { name: 'UVICORN_SSL_CERTFILE', why: DROPPED.UVICORN_SSL_CERTFILE },
    { name: 'MYSQL_ROOT_PASSWORD', why: 'it is no setting of this service' },
    { name: 'WEBHOOK_SECRET', why: 'it cannot be written in a .env: set it in the environment' },
  ]);
});
