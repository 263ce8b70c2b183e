import { DateTime, EnumMember, Environment, type Value } from '../../src/jinja/index.js';
import type { UserDto } from '../../src/features/users/index.js';
import { marzbanFilters, marzbanUser, toPython } from '../../src/features/subscription/templates/marzban.js';

/** Templates that the recorded ones include, import and extend. */
const OTHERS: Record<string, string> = {
  'part.html': '[part {{ s }} {{ l }}]',
  'macros.html':
    "{% macro hello(n='you') %}hi {{ n }}{% endmacro %}{% set const = 5 %}{% set _private = 1 %}{% macro ctx() %}<{{ s }}>{% endmacro %}text",
  'base.html':
    '<{% block title %}Base{% endblock %}|{{ x }}|{% block body %}b{% block inner %}i{% endblock %}{% endblock %}>',
  'middle.html': "{% extends 'base.html' %}{% block title %}2{{ super() }}{% endblock %}",
};

export function jinjaEnvironment(templates: Record<string, string>): Environment {
  const now = DateTime.fromSeconds(Date.parse('2026-01-15T12:00:00.500Z') / 1000);
  return new Environment({
    source: (name) => ({ ...OTHERS, ...templates })[name],
    filters: marzbanFilters,
    globals: new Map<string, Value>([['now', () => now]]),
  });
}

/** What the recorded templates were given. */
export function jinjaContext(): Map<string, Value> {
  const values = {
    l: [3, 1, 2],
    words: ['one', 'two'],
    s: 'outer',
    n: 5,
    people: [
      { name: 'Ann', age: 30, city: 'B', tags: ['x', 'y'] },
      { name: 'bob', age: 20, city: 'a', tags: ['z'] },
      { name: 'Cid', age: 40, city: 'B', tags: [] },
    ],
    nested: { a: { b: [1, 2] } },
    tree: [
      {
        n: 1,
        c: [
          { n: 2, c: [] },
          { n: 3, c: [{ n: 4 }] },
        ],
      },
      { n: 5 },
    ],
    links: ['vless://x@h:443?a=b#al%27ice'],
    conf: {
      proxies: [
        {
          name: 'A 🇩🇪',
          type: 'vless',
          port: 443,
          tls: true,
          'ws-opts': { path: '/x', headers: { Host: "it's" } },
        },
        { name: 'b', type: 'ss', port: 8080, tls: false, alpn: ['h2'] },
      ],
      'proxy-groups': [],
      rules: [],
    },
    proxy_remarks: ['A 🇩🇪', 'b'],
  };
  return new Map<string, Value>([
    ...Object.entries(values).map(([name, value]) => [name, toPython(value)] as const),
    ['st', new EnumMember('UserStatus', 'active', 'active')],
    ['dt', new DateTime(BigInt(Date.parse('2026-01-05T03:04:05Z')) * 1000n + 600n)],
    ['user', marzbanUser(USER)],
  ]);
}

/** A user as the API shows it. */
export const USER: UserDto = {
  proxies: {
    vmess: { id: '35e4e39c-7d5c-4f4b-8b71-558e4f37ff53' },
    vless: { id: '35e4e39c-7d5c-4f4b-8b71-558e4f37ff54', flow: 'xtls-rprx-vision' },
    trojan: { password: "p'w", flow: '' },
    shadowsocks: { password: 'LwYcn2PpCVWkDzAgFpDrSQ', method: 'chacha20-ietf-poly1305' },
  },
  expire: 1767225600,
  data_limit: 107374182400n,
  data_limit_reset_strategy: 'month',
  inbounds: { vmess: ['VMESS WS'], vless: ['VLESS TCP', "it's"] },
  note: 'a <note>',
  sub_updated_at: '2026-01-15T12:00:00.123000',
  sub_last_user_agent: 'v2rayNG/1.8.29',
  online_at: '2026-01-15T12:00:00',
  on_hold_expire_duration: null,
  on_hold_timeout: null,
  auto_delete_in_days: null,
  next_plan: { data_limit: 0n, expire: null, add_remaining_traffic: false, fire_on_either: true },
  username: 'alice',
  status: 'active',
  used_traffic: 53687103545n,
  lifetime_used_traffic: 63687091200n,
  created_at: '2025-12-01T08:30:05',
  links: ['vless://35e4e39c@example.com:443?type=tcp#al%27ice', 'vmess://eyJ2IjoiMiJ9'],
  subscription_url: 'https://example.com/sub/TOKEN',
  excluded_inbounds: { vmess: [], vless: [] },
  admin: { username: 'boss', is_sudo: true, telegram_id: null, discord_webhook: null, users_usage: 5n },
};
