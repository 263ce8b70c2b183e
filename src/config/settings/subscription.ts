import type { Settings } from './setting.js';

const TRUTH = { kind: 'boolean', byDefault: 'false' } as const;
const file = <const T extends string>(byDefault: T) => ({ kind: 'text', byDefault }) as const;

export const SUBSCRIPTION = {
  XRAY_SUBSCRIPTION_URL_PREFIX: {
    kind: 'text',
    example: 'https://sub.example.com',
    text: 'Before the path in subscription_url; * becomes 16 random hexadecimal digits.',
  },
  XRAY_SUBSCRIPTION_PATH: {
    kind: 'text',
    byDefault: 'sub',
    text: 'The path of subscriptions, without slashes at its ends.',
  },
  SUB_UPDATE_INTERVAL: {
    kind: 'text',
    byDefault: '12',
    text: 'Headers for client applications: hours between updates, address of support, title.',
  },
  SUB_SUPPORT_URL: { kind: 'text', byDefault: 'https://t.me/' },
  SUB_PROFILE_TITLE: { kind: 'text', byDefault: 'Subscription' },
  EXTERNAL_CONFIG: {
    kind: 'text',
    text: `Links of other servers, at the end of every list of links; those of vless, vmess, trojan and Shadowsocks are in
      all formats.`,
  },
  USE_CUSTOM_JSON_DEFAULT: {
    ...TRUTH,
    text: `Whole Xray configs in place of links: for every application whose version can use them, or for single ones.`,
  },
  USE_CUSTOM_JSON_FOR_V2RAYN: TRUTH,
  USE_CUSTOM_JSON_FOR_V2RAYNG: TRUTH,
  USE_CUSTOM_JSON_FOR_STREISAND: TRUTH,
  USE_CUSTOM_JSON_FOR_HAPP: TRUTH,
  CUSTOM_TEMPLATES_DIRECTORY: {
    kind: 'text',
    text: `Own templates (Jinja) of the documents and pages, read again when they change, and their names in that folder.`,
  },
  SUBSCRIPTION_PAGE_TEMPLATE: file('subscription/index.html'),
  HOME_PAGE_TEMPLATE: file('home/index.html'),
  CLASH_SUBSCRIPTION_TEMPLATE: file('clash/default.yml'),
  CLASH_SETTINGS_TEMPLATE: file('clash/settings.yml'),
  SINGBOX_SUBSCRIPTION_TEMPLATE: file('singbox/default.json'),
  SINGBOX_SETTINGS_TEMPLATE: file('singbox/settings.json'),
  V2RAY_SUBSCRIPTION_TEMPLATE: file('v2ray/default.json'),
  V2RAY_SETTINGS_TEMPLATE: file('v2ray/settings.json'),
  MUX_TEMPLATE: file('mux/default.json'),
  USER_AGENT_TEMPLATE: file('user_agent/default.json'),
  GRPC_USER_AGENT_TEMPLATE: file('user_agent/grpc.json'),
  ACTIVE_STATUS_TEXT: {
    kind: 'text',
    byDefault: 'Active',
    text: "What {STATUS_TEXT} in a host's remark stands for.",
  },
  EXPIRED_STATUS_TEXT: { kind: 'text', byDefault: 'Expired' },
  LIMITED_STATUS_TEXT: { kind: 'text', byDefault: 'Limited' },
  DISABLED_STATUS_TEXT: { kind: 'text', byDefault: 'Disabled' },
  ONHOLD_STATUS_TEXT: { kind: 'text', byDefault: 'On-Hold' },
  SERVER_IP: {
    kind: 'text',
    text: `What {SERVER_IP} and {SERVER_IPV6} in a host stand for. Default: the first public address of this machine, else
      loopback; nobody outside is asked.`,
  },
  SERVER_IPV6: { kind: 'text' },
} as const satisfies Settings;
