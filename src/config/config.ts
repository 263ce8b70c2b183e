import type { TemplateKind } from './template-settings.js';

/** The settings of one process, checked and complete; injected wherever one is needed. Units as the names say. */
export class Config {
  /** `all`: API and jobs; `api`: requests only; `worker`: nodes and jobs only. */
  readonly role!: 'all' | 'api' | 'worker';
  readonly host!: string;
  readonly port!: number;
  /** How long a stopping process goes on answering, until whoever sends it requests knows. */
  readonly shutdownDelaySeconds!: number;
  /** Absolute folder for the embedded database, keys, the local core. */
  readonly dataDir!: string;
  /** Undefined: the embedded PostgreSQL. */
  readonly databaseUrl!: string | undefined;
  /** The same database past the pooler that `databaseUrl` leads through. */
  readonly databaseDirectUrl!: string | undefined;
  /** Encrypts what is secret in the database. Undefined: a key in `dataDir` with the embedded database, else none. */
  readonly secretKey!: string | undefined;
  /** What it was encrypted with before. */
  readonly previousSecretKey!: string | undefined;
  readonly databasePoolSize!: number;
  /** How long a start waits for a database that does not answer. */
  readonly databaseWaitSeconds!: number;
  readonly logLevel!: 'debug' | 'info';
  /** Serves /docs and /openapi.json. */
  readonly docs!: boolean;
  /** `*` or the origins of browsers that may call the API. */
  readonly allowedOrigins!: string[];
  /** Shape of a 422: the documented list, or Marzban's object from field to message. */
  readonly validationErrors!: 'list' | 'fields';
  /** Addresses or networks of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies!: string[];
  readonly auth!: {
    /** Life of admin tokens; 0 or less means for ever. */
    tokenMinutes: number;
    /** The environment admin, kept as a sudo row at each start. */
    sudo: { username: string; password: string } | undefined;
  };
  readonly xray!: {
    /** Seed of the core config: a file's path or JSON text. */
    json: string | undefined;
    executablePath: string | undefined;
    assetsPath: string | undefined;
    /** Whether `npm start` may fetch an Xray when it finds none. */
    install: 'auto' | 'never';
    excludeInboundTags: string[];
    fallbacksInboundTag: string;
  };
  readonly nodes!: {
    /** `tofu`: a node is known by the certificate it had at the first contact; `always-trust`: by any, as in Marzban. */
    certPin: 'tofu' | 'always-trust';
    /** Networks of the replicas, whose calls nodes let through to Xray's API beside those of whoever connected last. */
    apiSources: string[];
  };
  /** Hourly rows per node and user. */
  readonly recordNodeUsage!: boolean;
  readonly subscription!: {
    /** Path segments before the token, without slashes at the ends. */
    path: string;
    urlPrefix: string;
    updateInterval: string;
    supportUrl: string;
    profileTitle: string;
    externalConfig: string;
    /** The operator's own templates: a folder, and the file of each in it. */
    templates: { directory: string | undefined } & Record<TemplateKind, string>;
    /** Which client applications get whole Xray configs for share links, where their version can use them. */
    customJson: { v2rayN: boolean; v2rayNG: boolean; streisand: boolean; happ: boolean };
    statusText: { active: string; expired: string; limited: string; disabled: string; on_hold: string };
  };
  /** What `{SERVER_IP}` and `{SERVER_IPV6}` (in brackets) stand for. */
  readonly serverIp!: string;
  readonly serverIpv6!: string;
  readonly jobs!: {
    coreHealthSeconds: number;
    userUsagesSeconds: number;
    nodeUsagesSeconds: number;
    reviewUsersSeconds: number;
  };
  /** Days after which expired users, and limited ones too, are deleted unless they have their own; negative: never. */
  readonly autoDelete!: { days: number; includesLimited: boolean };
  /** What others are told of, and where. */
  readonly notifications!: {
    /** Which events; reminders of used traffic and days left among them. */
    wanted: {
      userCreated: boolean;
      userUpdated: boolean;
      userDeleted: boolean;
      statusChange: boolean;
      userDataReset: boolean;
      subscriptionRevoked: boolean;
      usagePercent: boolean;
      daysLeft: boolean;
      login: boolean;
    };
    webhooks: {
      addresses: string[];
      secret: string | undefined;
      /** Lets names lead to private addresses; one that is written as an address is always followed. */
      allowPrivate: boolean;
    };
    telegram: {
      token: string | undefined;
      /** Ids of the chats that are told of everything: the logger channel, or else every admin's. */
      chats: string[];
      proxyUrl: string | undefined;
      /** Where the Bot API is, without a slash at its end. */
      apiUrl: string;
    };
    discord: {
      address: string | undefined;
      /** Where paths of webhooks are sent, without a slash at its end. */
      apiUrl: string;
    };
    /** How long their sender waits for new ones before it looks by itself. */
    sendSeconds: number;
    /** After one that failed. */
    retrySeconds: number;
    /** After the first attempt. */
    retries: number;
    /** Percent of the limit, and whole days until the expiry, at which shops are reminded. */
    usagePercents: number[];
    daysLeft: number[];
    /** Addresses from which logins are no news. */
    knownLoginAddresses: string[];
    keepDeliveredDays: number;
    keepDeadDays: number;
  };
  /** For how long it is kept what was done; 0 means for ever. */
  readonly activityDays!: number;

  constructor(values: Config) {
    Object.assign(this, values);
  }
}
