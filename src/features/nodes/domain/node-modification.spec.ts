import { describe, expect, it } from 'vitest';
import { DEFAULT_ACCESS, type Node } from '../node.js';
import { modifyNode, type NodeChange } from './node-modification.js';

const connected: Node = {
  ...DEFAULT_ACCESS,
  id: 1,
  kind: 'xray_grpc',
  name: 'DE',
  address: '192.0.2.1',
  port: 62050,
  apiPort: 62051,
  usageCoefficient: 1,
  status: 'connected',
  xrayVersion: '26.3.27',
  message: null,
};
const unconnected = { xrayVersion: null, message: null };

describe('a connected node', () => {
  it.each<[string, Partial<NodeChange>, Partial<Node>, boolean]>([
    ['stays when nothing is asked', {}, {}, false],
    ['stays under another name', { name: 'AT' }, { name: 'AT' }, false],
    ['stays at another rate', { usageCoefficient: 2 }, { usageCoefficient: 2 }, false],
    ['stays at the same address', { address: '192.0.2.1' }, {}, false],
    ['moves', { address: 'de' }, { ...unconnected, address: 'de', status: 'connecting' }, true],
    ['moves to another port', { port: 1 }, { ...unconnected, port: 1, status: 'connecting' }, true],
    ['moves to another API port', { apiPort: 1 }, { ...unconnected, apiPort: 1, status: 'connecting' }, true],
    [
      'is reached another way',
      { apiTls: 'off' },
      { ...unconnected, apiTls: 'off', status: 'connecting' },
      true,
    ],
    ['is reached with another key', { clientKey: 'k' }, { ...unconnected, status: 'connecting' }, true],
    ['is disabled', { disabled: true }, { ...unconnected, status: 'disabled' }, true],
  ])('%s', (_, change, expected, moved) => {
    const outcome = modifyNode(connected, { disabled: false, ...change });
    expect(outcome).toMatchObject({ node: { ...connected, ...expected }, moved });
  });
});

describe('another node', () => {
  it.each<[Node['status'], boolean, Node['status'], boolean]>([
    ['disabled', false, 'connecting', true],
    ['disabled', true, 'disabled', false],
    ['error', false, 'connecting', true],
    ['error', true, 'disabled', true],
    ['connecting', false, 'connecting', false],
    ['connecting', true, 'disabled', true],
  ])('that is %s, disabled: %s, becomes %s', (status, disabled, becomes, moved) => {
    const node = { ...connected, status, xrayVersion: null, message: 'as it is' };
    expect(modifyNode(node, { disabled, name: undefined })).toMatchObject({
      node: { ...node, ...unconnected, status: becomes },
      moved,
    });
  });
});

describe('what is known of the machine', () => {
  it.each<[string, Node['status'], Partial<NodeChange>, string]>([
    ['stays with another name', 'connected', { name: 'AT' }, 'nothing'],
    ['stays while it is disabled', 'connected', { disabled: true }, 'nothing'],
    ['stays for one more try', 'error', {}, 'nothing'],
    ["stays at another port of Xray's API", 'connected', { apiPort: 1 }, 'nothing'],
    ['is its certificate no more when it is enabled', 'disabled', {}, 'certificate'],
    ['is gone at another address', 'connected', { address: 'de' }, 'certificate_and_session'],
    ['is gone at another port', 'error', { port: 1 }, 'certificate_and_session'],
  ])('%s', (_, status, change, forgets) => {
    expect(modifyNode({ ...connected, status }, { disabled: false, ...change }).forgets).toBe(forgets);
  });
});
