import type { Settings } from './setting.js';

export const API = {
  DOCS: { kind: 'boolean', byDefault: 'true', text: 'Serves /docs and /openapi.json.' },
  ALLOWED_ORIGINS: {
    kind: 'list',
    byDefault: '*',
    text: "Browsers' origins that may call the API, or *.",
  },
  VALIDATION_ERRORS: {
    kind: 'choice',
    byDefault: 'list',
    values: ['list', 'fields'],
    text: `Shape of 422 answers. list: as documented; fields: {"detail": {"field": "message"}}, as Marzban really sent them.`,
  },
  TRUSTED_PROXIES: {
    kind: 'list',
    example: 'loopback',
    text: `Proxies in front of the service whose X-Forwarded-For is believed: addresses, networks, or loopback, linklocal,
      uniquelocal. Set it to your proxies, or all customers share the address of one when failed logins are limited.`,
  },
  JWT_ACCESS_TOKEN_EXPIRE_MINUTES: {
    kind: 'integer',
    byDefault: '1440',
    text: "Life of an admin's token; 0 or less: for ever.",
  },
  SUDO_USERNAME: {
    kind: 'text',
    secret: true,
    text: `A sudo admin kept by these settings; both are needed. Without them and without any admin, one is made at the
      first start and shown once.`,
  },
  SUDO_PASSWORD: { kind: 'text', secret: true },
} as const satisfies Settings;
