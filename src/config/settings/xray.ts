import type { Settings } from './setting.js';

export const XRAY = {
  XRAY_JSON: {
    kind: 'text',
    text: `The first core config, a file or JSON text with comments; after the first start it lives in the database.
      Without it one with three inbounds is generated.`,
  },
  XRAY_EXECUTABLE_PATH: {
    kind: 'text',
    text: 'The core on this machine. Default: xray on the PATH, then DATA_DIR/bin/xray. none: no core on this machine.',
  },
  XRAY_ASSETS_PATH: {
    kind: 'text',
    text: 'Folder of geoip.dat and geosite.dat; default: beside the executable.',
  },
  XRAY_INSTALL: {
    kind: 'choice',
    byDefault: 'auto',
    values: ['auto', 'never'],
    text: 'auto: npm start installs an Xray when it finds none; never: it does not.',
  },
  XRAY_EXCLUDE_INBOUND_TAGS: {
    kind: 'text',
    text: 'Inbounds the service leaves alone: tags between blanks, or a JSON array where tags hold blanks.',
  },
  XRAY_FALLBACKS_INBOUND_TAG: {
    kind: 'text',
    aliases: ['XRAY_FALLBACK_INBOUND_TAG'],
    text: 'The inbound whose port and TLS apply to inbounds that have no port of their own.',
  },
  DISABLE_RECORDING_NODE_USAGE: {
    kind: 'boolean',
    byDefault: 'false',
    text: 'No hourly traffic per user and node.',
  },
} as const satisfies Settings;

export const NODES = {
  NODE_CERT_PIN: {
    kind: 'choice',
    byDefault: 'tofu',
    values: ['tofu', 'always-trust'],
    text: `How nodes are known. tofu: by the certificate they had at the first contact; always-trust: by any, as in
      Marzban.`,
  },
  NODE_API_SOURCES: {
    kind: 'list',
    example: '192.0.2.10,192.0.2.11',
    text: `Addresses or networks of the service's replicas, which nodes let through to Xray's API. Without it only the
      replica that connected last is let through, and a node that passes to another replica restarts its Xray.`,
  },
} as const satisfies Settings;
