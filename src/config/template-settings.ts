/** The settings that name templates, and the files they name by default. Source: Marzban's `config.py`. */
export const TEMPLATE_SETTINGS = {
  clash: ['CLASH_SUBSCRIPTION_TEMPLATE', 'clash/default.yml'],
  clashSettings: ['CLASH_SETTINGS_TEMPLATE', 'clash/settings.yml'],
  singBox: ['SINGBOX_SUBSCRIPTION_TEMPLATE', 'singbox/default.json'],
  singBoxSettings: ['SINGBOX_SETTINGS_TEMPLATE', 'singbox/settings.json'],
  xray: ['V2RAY_SUBSCRIPTION_TEMPLATE', 'v2ray/default.json'],
  xraySettings: ['V2RAY_SETTINGS_TEMPLATE', 'v2ray/settings.json'],
  mux: ['MUX_TEMPLATE', 'mux/default.json'],
  userAgents: ['USER_AGENT_TEMPLATE', 'user_agent/default.json'],
  grpcUserAgents: ['GRPC_USER_AGENT_TEMPLATE', 'user_agent/grpc.json'],
  page: ['SUBSCRIPTION_PAGE_TEMPLATE', 'subscription/index.html'],
  home: ['HOME_PAGE_TEMPLATE', 'home/index.html'],
} as const satisfies Record<string, readonly [setting: string, file: string]>;

export type TemplateKind = keyof typeof TEMPLATE_SETTINGS;
export const TEMPLATE_KINDS = Object.keys(TEMPLATE_SETTINGS) as TemplateKind[];
