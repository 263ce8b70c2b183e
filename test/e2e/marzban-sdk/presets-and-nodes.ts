import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { SUDO } from '../support/operator.js';
import { DAY, MB, refusal, sdk } from './scene.js';

const TEMPLATE = { data_limit: 0, expire_duration: 0, username_prefix: null, username_suffix: null };

describe('user templates, by marzban-sdk', () => {
  it('makes, reads, changes, lists and deletes them', async () => {
    const facts = {
      name: 'month',
      data_limit: 10 * MB,
      expire_duration: 30 * DAY,
      inbounds: { vmess: ['VMESS'] },
    };
    const created = await sdk.userTemplate.addUserTemplate({ ...facts, username_prefix: 'm_' });
    expect(created).toEqual({ ...TEMPLATE, ...facts, username_prefix: 'm_', id: expect.any(Number) });
    expect(await sdk.userTemplate.getUserTemplateEndpoint(created.id)).toEqual(created);
    const changed = { ...created, username_suffix: '_x' };
    expect(await sdk.userTemplate.modifyUserTemplate(created.id, { username_suffix: '_x' })).toEqual(changed);
    const other = await sdk.userTemplate.addUserTemplate({ name: 'empty' });
    expect(other).toEqual({
      ...TEMPLATE,
      name: 'empty',
      inbounds: expect.any(Object),
      id: expect.any(Number),
    });
    expect(await sdk.userTemplate.getUserTemplates()).toEqual([changed, other]);
    expect(await sdk.userTemplate.getUserTemplates(1, 1)).toEqual([other]);
    expect(await sdk.userTemplate.removeUserTemplate(other.id)).toBeNull();
    expect(await refusal(sdk.userTemplate.getUserTemplateEndpoint(other.id))).toEqual([
      404,
      { detail: 'User Template not found' },
    ]);
  });
});

describe('nodes, by marzban-sdk', () => {
  it('shows why a node is not connected, and refuses its log', async () => {
    expect(await sdk.node.getNodeSettings()).toEqual({
      min_node_version: 'v0.2.0',
      certificate: expect.stringContaining('BEGIN CERTIFICATE'),
    });
    const facts = { name: 'far', address: '127.0.0.1', port: 1, api_port: 2, usage_coefficient: 1.5 };
    const created = await sdk.node.addNode({ ...facts, add_as_new_host: false });
    const { id } = created;
    expect(created).toEqual({ ...facts, id, xray_version: null, status: 'connecting', message: null });
    const failed = await eventually(async () => {
      const node = await sdk.node.getNode(id);
      return node.status === 'error' && node;
    });
    expect(failed.message).toEqual(expect.any(String));
    expect(await sdk.node.getNodes()).toMatchObject([{ id, name: 'far' }]);
    expect(await sdk.node.reconnectNode(id)).toEqual({ detail: 'Reconnection task scheduled' });

    const refused = await new Promise<{ message: string }>((onError) => {
      void sdk.logs.connectByNode(id, { onMessage: () => undefined, onError });
    });
    expect(refused.message).toContain('403');

    expect(await sdk.node.modifyNode(id, { name: 'off', status: 'disabled' })).toMatchObject({
      name: 'off',
      status: 'disabled',
      message: null,
    });
    expect((await sdk.node.getUsage()).usages.map((usage: { node_name: string }) => usage.node_name)).toEqual(
      ['Master', 'off'],
    );
    expect(await sdk.node.removeNode(id)).toEqual({});
    expect(await refusal(sdk.node.getNode(id))).toEqual([404, { detail: 'Node not found' }]);
  });
});

describe('the rest, by marzban-sdk', () => {
  it('shows the home page and the system', async () => {
    expect(await sdk.default.base()).toMatch(/^<!doctype html>/i);
    const numbers = Object.fromEntries(
      ['mem_total', 'mem_used', 'cpu_cores', 'cpu_usage', 'incoming_bandwidth', 'outgoing_bandwidth']
        .concat('incoming_bandwidth_speed', 'outgoing_bandwidth_speed', 'online_users')
        .map((name) => [name, expect.any(Number)]),
    );
    expect(await sdk.system.getSystemStats()).toEqual({
      ...numbers,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      total_user: 3,
      users_active: 2,
      users_on_hold: 1,
      users_disabled: 0,
      users_expired: 0,
      users_limited: 0,
    });
  });

  it('deletes users and admins', async () => {
    expect(await sdk.user.removeUser('alice')).toEqual({ detail: 'User successfully deleted' });
    expect(await sdk.admin.removeAdmin('seller')).toEqual({ detail: 'Admin removed successfully' });
    expect(await sdk.user.getUser('of_seller')).toMatchObject({ admin: null });
    expect(await refusal(sdk.admin.removeAdmin(SUDO.username))).toEqual([
      403,
      { detail: "You're not allowed to delete sudo accounts. Use marzban-cli instead." },
    ]);
  });
});
