import type { SUBSCRIPTION } from './settings/subscription.js';

/** The settings that name templates. */
export const TEMPLATE_SETTINGS = {
  clash: 'CLASH_SUBSCRIPTION_TEMPLATE',
  clashSettings: 'CLASH_SETTINGS_TEMPLATE',
  singBox: 'SINGBOX_SUBSCRIPTION_TEMPLATE',
  singBoxSettings: 'SINGBOX_SETTINGS_TEMPLATE',
  xray: 'V2RAY_SUBSCRIPTION_TEMPLATE',
  xraySettings: 'V2RAY_SETTINGS_TEMPLATE',
  mux: 'MUX_TEMPLATE',
  userAgents: 'USER_AGENT_TEMPLATE',
  grpcUserAgents: 'GRPC_USER_AGENT_TEMPLATE',
  page: 'SUBSCRIPTION_PAGE_TEMPLATE',
  home: 'HOME_PAGE_TEMPLATE',
} as const satisfies Record<string, keyof typeof SUBSCRIPTION>;

export type TemplateKind = keyof typeof TEMPLATE_SETTINGS;
export const TEMPLATE_KINDS = Object.keys(TEMPLATE_SETTINGS) as TemplateKind[];
