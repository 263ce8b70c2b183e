import type { JsonObject } from '../../../xray/config/index.js';
import type { UserDto } from '../../users/index.js';

/** What templates are tried with before a user asks for them. */
export const SAMPLE_PROXIES: JsonObject[] = [
  {
    name: 'sample',
    type: 'vless',
    server: '192.0.2.1',
    port: 443,
    network: 'ws',
    udp: true,
    uuid: '00000000-0000-4000-8000-000000000000',
    'ws-opts': { path: '/', headers: { Host: 'example.com' } },
  },
];
export const SAMPLE_NAMES = ['sample'];

const LATER = 4_102_444_800; // 2100

export const SAMPLE_USER: UserDto = {
  proxies: { vless: { id: '00000000-0000-4000-8000-000000000000', flow: '' } },
  expire: LATER,
  data_limit: 10_737_418_240n,
  data_limit_reset_strategy: 'no_reset',
  inbounds: { vless: ['VLESS'] },
  note: 'sample',
  sub_updated_at: '2026-01-01T00:00:00',
  sub_last_user_agent: 'sample',
  online_at: '2026-01-01T00:00:00',
  on_hold_expire_duration: null,
  on_hold_timeout: null,
  auto_delete_in_days: null,
  next_plan: null,
  username: 'sample',
  status: 'active',
  used_traffic: 1_073_741_824n,
  lifetime_used_traffic: 1_073_741_824n,
  created_at: '2026-01-01T00:00:00',
  links: ['vless://00000000-0000-4000-8000-000000000000@192.0.2.1:443?type=ws#sample'],
  subscription_url: '/sub/sample',
  excluded_inbounds: { vless: [] },
  admin: null,
};
