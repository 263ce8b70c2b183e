import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { faultOfPersonName } from '../text/names.js';
import { StartupError } from './startup-error.js';
import {
  hasProtocol,
  type Interfaces,
  isLimitedNetwork,
  isProxyAddress,
  ownIpv4,
  ownIpv6,
} from './addresses.js';
import { Config } from './config.js';
import { readNotifications } from './read-notifications.js';
import { PROCESS } from './settings/process.js';
import { SUBSCRIPTION } from './settings/subscription.js';
import { type Environment, SettingsReader } from './settings-reader.js';
import { TEMPLATE_KINDS, TEMPLATE_SETTINGS, type TemplateKind } from './template-settings.js';
import { unusedSettings } from './unused-settings.js';

/** What settings may lean on beside their own text. */
export interface Surroundings {
  /** Relative paths start here. */
  cwd: string;
  interfaces: Interfaces;
  readFile: (path: string) => string;
}

/** Every setting that is wrong, one line each. */
export class InvalidSettings extends StartupError {
  constructor(readonly problems: readonly string[]) {
    super(problems.length === 1 ? `Setting ${problems[0]}` : ['Settings:', ...problems].join('\n  '));
  }
}

/** First segments of paths that are taken, so that subscriptions cannot have them. */
const TAKEN_PATHS = ['api', 'docs', 'redoc', 'openapi.json', 'health', 'metrics', 'dashboard', 'statics'];

/**
 * All settings, checked, and remarks about those without effect. Names and rules are Marzban's where it has them.
 * @throws InvalidSettings with every problem there is.
 */
export function readConfig(
  environment: Environment,
  around: Surroundings,
): { config: Config; remarks: string[] } {
  const read = new SettingsReader(environment, around.readFile);
  const remarks = unusedSettings(environment);
  const config = new Config({
    role: read.oneOf('ROLE'),
    host: read.text('UVICORN_HOST') || PROCESS.UVICORN_HOST.byDefault,
    port: read.integer('UVICORN_PORT'),
    dataDir: resolve(around.cwd, read.text('DATA_DIR') || PROCESS.DATA_DIR.byDefault),
    ...databases(read, remarks),
    secretKey: secretKey(read, 'SECRET_KEY'),
    previousSecretKey: secretKey(read, 'SECRET_KEY_PREVIOUS'),
    shutdownDelaySeconds: read.integer('SHUTDOWN_DELAY'),
    databasePoolSize: read.integer('DATABASE_POOL_SIZE'),
    databaseWaitSeconds: read.integer('DATABASE_WAIT'),
    logLevel: read.boolean('DEBUG') ? 'debug' : 'info',
    docs: read.boolean('DOCS'),
    allowedOrigins: allowedOrigins(read),
    validationErrors: read.oneOf('VALIDATION_ERRORS'),
    trustedProxies: read.list('TRUSTED_PROXIES', isProxyAddress, 'addresses or networks (10.0.0.0/8)'),
    auth: {
      tokenMinutes: read.integer('JWT_ACCESS_TOKEN_EXPIRE_MINUTES'),
      sudo: environmentAdmin(read, remarks),
    },
    xray: {
      json: read.optional('XRAY_JSON'),
      executablePath: read.optional('XRAY_EXECUTABLE_PATH'),
      assetsPath: read.optional('XRAY_ASSETS_PATH'),
      install: read.oneOf('XRAY_INSTALL'),
      excludeInboundTags: read.tags('XRAY_EXCLUDE_INBOUND_TAGS'),
      fallbacksInboundTag: read.text('XRAY_FALLBACKS_INBOUND_TAG'),
    },
    nodes: {
      certPin: read.oneOf('NODE_CERT_PIN'),
      apiSources: read.list(
        'NODE_API_SOURCES',
        isLimitedNetwork,
        'addresses or networks (192.0.2.0/24), not of everybody',
      ),
    },
    recordNodeUsage: !read.boolean('DISABLE_RECORDING_NODE_USAGE'),
    subscription: subscription(read, around, remarks),
    serverIp: address(read, 'SERVER_IP', 4) ?? ownIpv4(around.interfaces),
    serverIpv6: address(read, 'SERVER_IPV6', 6) ?? ownIpv6(around.interfaces),
    jobs: {
      coreHealthSeconds: read.integer('JOB_CORE_HEALTH_CHECK_INTERVAL'),
      userUsagesSeconds: read.integer('JOB_RECORD_USER_USAGES_INTERVAL'),
      nodeUsagesSeconds: read.integer('JOB_RECORD_NODE_USAGES_INTERVAL'),
      reviewUsersSeconds: read.integer('JOB_REVIEW_USERS_INTERVAL'),
    },
    autoDelete: {
      days: read.integer('USERS_AUTODELETE_DAYS'),
      includesLimited: read.boolean('USER_AUTODELETE_INCLUDE_LIMITED_ACCOUNTS'),
    },
    notifications: readNotifications(read, remarks),
    activityDays: read.integer('ACTIVITY_DAYS'),
  });
  if (read.problems.length > 0) throw new InvalidSettings(read.problems);
  return { config, remarks };
}

const MIN_KEY_CHARACTERS = 16;

/** A short one could be guessed by whoever has a copy of the database. */
function secretKey(read: SettingsReader, name: 'SECRET_KEY' | 'SECRET_KEY_PREVIOUS'): string | undefined {
  const key = read.secret(name);
  if (key !== undefined && key.length < MIN_KEY_CHARACTERS) {
    read.problem(name, `must have at least ${MIN_KEY_CHARACTERS} characters (openssl rand -base64 32)`);
  }
  return key;
}

function databaseUrl(read: SettingsReader, name: 'DATABASE_URL' | 'DATABASE_DIRECT_URL'): string | undefined {
  const url = read.secret(name);
  if (url === undefined) return undefined;
  if (/^[^/]*\/\/([^/?]*@)?[^/?@]*,/.test(url)) {
    read.problem(name, 'must name one host: an address that leads to the primary');
  } else if (!hasProtocol(url, 'postgresql', 'postgres')) {
    read.problem(name, 'must look like postgresql://user:password@host:5432/database');
  }
  return url;
}

function databases(
  read: SettingsReader,
  remarks: string[],
): Pick<Config, 'databaseUrl' | 'databaseDirectUrl'> {
  const url = databaseUrl(read, 'DATABASE_URL');
  const directUrl = databaseUrl(read, 'DATABASE_DIRECT_URL');
  if (directUrl !== undefined && url === undefined) {
    remarks.push('DATABASE_DIRECT_URL has no effect without DATABASE_URL');
  }
  return { databaseUrl: url, databaseDirectUrl: directUrl };
}

function allowedOrigins(read: SettingsReader): string[] {
  const isOrigin = (text: string) => text === '*' || hasProtocol(text, 'http', 'https');
  const origins = read.list('ALLOWED_ORIGINS', isOrigin, 'origins (https://panel.example.com) or *');
  return origins.map((origin) => origin.replace(/\/+$/, '')); // browsers send them without
}

function environmentAdmin(read: SettingsReader, remarks: string[]) {
  const username = read.secret('SUDO_USERNAME');
  const password = read.secret('SUDO_PASSWORD');
  const fault = faultOfPersonName(username ?? '');
  if (fault) read.problem('SUDO_USERNAME', fault);
  if (username !== undefined && password !== undefined) return { username, password };
  if (username !== undefined || password !== undefined) {
    remarks.push('SUDO_USERNAME and SUDO_PASSWORD have an effect only together; one of them is missing');
  }
  return undefined;
}

function subscription(read: SettingsReader, around: Surroundings, remarks: string[]): Config['subscription'] {
  const path =
    read.text('XRAY_SUBSCRIPTION_PATH').replace(/^\/+|\/+$/g, '') ||
    SUBSCRIPTION.XRAY_SUBSCRIPTION_PATH.byDefault;
  if (!/^[\w.~-]+(\/[\w.~-]+)*$/.test(path)) {
    read.problem('XRAY_SUBSCRIPTION_PATH', 'may hold letters, digits and . _ ~ - between slashes');
  } else if (TAKEN_PATHS.includes(path.split('/')[0] ?? '')) {
    read.problem(
      'XRAY_SUBSCRIPTION_PATH',
      `must not begin with ${path.split('/')[0]}, which has another use`,
    );
  }
  return {
    path,
    urlPrefix: read.text('XRAY_SUBSCRIPTION_URL_PREFIX').replace(/^\/+|\/+$/g, ''),
    updateInterval: headerText(read, 'SUB_UPDATE_INTERVAL'),
    supportUrl: headerText(read, 'SUB_SUPPORT_URL'),
    profileTitle: read.text('SUB_PROFILE_TITLE'),
    externalConfig: read.text('EXTERNAL_CONFIG'),
    customJson: customJson(read),
    templates: templates(read, around, remarks),
    statusText: {
      active: read.text('ACTIVE_STATUS_TEXT'),
      expired: read.text('EXPIRED_STATUS_TEXT'),
      limited: read.text('LIMITED_STATUS_TEXT'),
      disabled: read.text('DISABLED_STATUS_TEXT'),
      on_hold: read.text('ONHOLD_STATUS_TEXT'),
    },
  };
}

/** Names and default names are Marzban's. */
function templates(
  read: SettingsReader,
  around: Surroundings,
  remarks: string[],
): Config['subscription']['templates'] {
  const directory = read.optional('CUSTOM_TEMPLATES_DIRECTORY');
  const files = TEMPLATE_KINDS.map((kind) => {
    const setting = TEMPLATE_SETTINGS[kind];
    const { byDefault } = SUBSCRIPTION[setting];
    const file = read.text(setting) || byDefault;
    // Marzban ignored a slash in front, double ones and dots as well.
    const parts = file.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.length === 0 || parts.includes('..')) {
      read.problem(setting, `must name a file in CUSTOM_TEMPLATES_DIRECTORY, not ${JSON.stringify(file)}`);
    }
    if (directory === undefined && parts.join('/') !== byDefault) {
      remarks.push(`${setting} has no effect without CUSTOM_TEMPLATES_DIRECTORY`);
    }
    return [kind, parts.join('/')] as const;
  });
  return {
    directory: directory === undefined ? undefined : resolve(around.cwd, directory),
    ...(Object.fromEntries(files) as Record<TemplateKind, string>),
  };
}

function customJson(read: SettingsReader): Config['subscription']['customJson'] {
  const everyone = read.boolean('USE_CUSTOM_JSON_DEFAULT');
  const wanted = (name: 'V2RAYN' | 'V2RAYNG' | 'STREISAND' | 'HAPP') =>
    read.boolean(`USE_CUSTOM_JSON_FOR_${name}`) || everyone;
  return {
    v2rayN: wanted('V2RAYN'),
    v2rayNG: wanted('V2RAYNG'),
    streisand: wanted('STREISAND'),
    happ: wanted('HAPP'),
  };
}

/** A text that is sent as a header, which holds nothing beyond printable ASCII. */
function headerText(read: SettingsReader, name: 'SUB_UPDATE_INTERVAL' | 'SUB_SUPPORT_URL'): string {
  const text = read.text(name);
  if (!/^[\x20-\x7e]*$/.test(text))
    read.problem(name, 'may hold printable ASCII only: it is sent as a header');
  return text;
}

function address(read: SettingsReader, name: 'SERVER_IP' | 'SERVER_IPV6', family: 4 | 6): string | undefined {
  const text = read.optional(name)?.replace(/^\[(.*)\]$/, '$1');
  if (text === undefined) return undefined;
  if (isIP(text) !== family)
    read.problem(name, `must be an IPv${family} address, not ${JSON.stringify(text)}`);
  return family === 6 ? `[${text}]` : text;
}
