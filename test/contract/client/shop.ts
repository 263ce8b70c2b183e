/**
 * A small shop as somebody would write it against the API document: it sells plans, made from templates. `api.ts` is
 * generated from the served document by `generated-client.test.ts`, which checks the types here and then runs this.
 */
import createClient, { type Middleware } from 'openapi-fetch';
import type { components, paths } from './api.js';

type User = components['schemas']['UserResponse'];
type Template = components['schemas']['UserTemplateResponse'];

export interface Receipt {
  template: Template;
  bought: User;
  extended: User;
  found: string[];
  total: number;
  refusal: string | undefined;
  wrongFields: (string | number)[][] | undefined;
  links: number;
  gone: string | undefined;
}

export async function sell(baseUrl: string, username: string, password: string): Promise<Receipt> {
  const api = createClient<paths>({ baseUrl });
  const login = await api.POST('/api/admin/token', {
    body: { username, password, scope: '' },
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  });
  if (!login.data) throw new Error(login.error.detail?.toString());
  api.use(bearer(login.data.access_token));

  const { data: inbounds } = await api.GET('/api/inbounds');
  const tags = inbounds?.vless?.map((inbound) => inbound.tag) ?? [];
  const template = await api.POST('/api/user_template', {
    body: { name: 'A month', data_limit: 50e9, expire_duration: 30 * 86_400, inbounds: { vless: tags } },
  });
  if (!template.data) throw new Error('No template');

  const order = {
    username: 'buyer',
    proxies: { vless: {} },
    inbounds: template.data.inbounds,
    data_limit: template.data.data_limit,
    status: 'active',
    note: 'paid',
  } as const;
  const bought = await api.POST('/api/user', { body: order });
  if (!bought.data) throw new Error('No user');
  const again = await api.POST('/api/user', { body: order });
  const wrong = await api.POST('/api/user', { body: { ...order, username: 'x', data_limit: -1 } });

  const path = { params: { path: { username: 'buyer' } } };
  const extended = await api.PUT('/api/user/{username}', {
    ...path,
    body: { data_limit: 100e9, data_limit_reset_strategy: 'month' },
  });
  if (!extended.data) throw new Error('No change');
  const listed = await api.GET('/api/users', {
    params: { query: { status: 'active', username: ['buyer', 'nobody'], sort: '-created_at', limit: 10 } },
  });
  const token = bought.data.subscription_url?.split('/').at(-1) ?? '';
  const info = await api.GET('/sub/{token}/info', { params: { path: { token } } });

  await api.DELETE('/api/user/{username}', path);
  const gone = await api.GET('/api/user/{username}', path);
  await api.DELETE('/api/user_template/{template_id}', {
    params: { path: { template_id: template.data.id } },
  });

  return {
    template: template.data,
    bought: bought.data,
    extended: extended.data,
    found: listed.data?.users.map((user) => user.username) ?? [],
    total: listed.data?.total ?? 0,
    refusal: again.error?.detail?.toString(),
    wrongFields: fieldsOf(wrong.error?.detail),
    links: info.data?.links?.length ?? 0,
    gone: gone.error?.detail?.toString(),
  };
}

function fieldsOf(
  detail: string | components['schemas']['ValidationError'][] | undefined,
): Receipt['wrongFields'] {
  return typeof detail === 'string' ? undefined : detail?.map(({ loc }) => loc);
}

function bearer(token: string): Middleware {
  return {
    onRequest: ({ request }) => request.headers.set('Authorization', `Bearer ${token}`),
  };
}

/** What the types have to refuse. Never called. */
export async function mistakes(): Promise<void> {
  const api = createClient<paths>({ baseUrl: '' });
  // @ts-expect-error -- there is no such path
  await api.GET('/api/customers');
  // @ts-expect-error -- there is no such method
  await api.DELETE('/api/users');
  // @ts-expect-error -- the name is missing
  await api.GET('/api/user/{username}');
  // @ts-expect-error -- the name is missing
  await api.POST('/api/user', { body: { proxies: {} } });
  // @ts-expect-error -- users are not made limited
  await api.POST('/api/user', { body: { username: 'buyer', status: 'limited' } });
  // @ts-expect-error -- numbers, not text
  await api.GET('/api/users', { params: { query: { limit: '10' } } });
  // @ts-expect-error -- an id
  await api.GET('/api/user_template/{template_id}', { params: { path: { template_id: 'x' } } });
  const { data } = await api.GET('/api/admin');
  // @ts-expect-error -- admins have no such field
  data?.email.toString();
}
