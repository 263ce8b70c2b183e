import type { Node, NodeSettings } from '../node.js';

/** What an operator wants of a node; undefined leaves alone. */
export type NodeChange = Partial<NodeSettings> & {
  disabled: boolean;
  /** Of its client certificate; null removes it. */
  clientKey?: string | null;
};

/** What the way to Xray's API depends on, beside the machine. */
const ACCESS = [
  'apiPort',
  'apiTls',
  'apiServerName',
  'apiCaCertificate',
  'apiClientCertificate',
] as const satisfies readonly (keyof NodeSettings)[];

/** A node once it was changed. */
export interface ModifiedNode {
  node: Node;
  /** Whether its connection has to be made anew or ended. */
  moved: boolean;
  /** What was learnt of the machine and means nothing any more: at another address all of it; enabling a node accepts its certificate. */
  forgets: 'nothing' | 'certificate' | 'certificate_and_session';
}

/**
 * Changes a node. Whoever does not disable a node enables it. One that is connected and stays where it is goes on serving.
 * Source: Marzban `app/db/crud.py` (`update_node`), which drops the connection, and with it all users, even for a new name.
 */
export function modifyNode(node: Node, { disabled, clientKey, ...change }: NodeChange): ModifiedNode {
  const settings = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
  const changed: Node = { ...node, ...settings };
  const isElsewhere = changed.address !== node.address || changed.port !== node.port;
  const isReachedAnew =
    clientKey !== undefined || ACCESS.some((setting) => changed[setting] !== node[setting]);
  const moved = isElsewhere || isReachedAnew;
  const status = disabled ? 'disabled' : moved || node.status !== 'connected' ? 'connecting' : 'connected';
  if (status === 'connected') return { node: changed, moved: false, forgets: 'nothing' };
  const isEnabled = node.status === 'disabled' && !disabled;
  return {
    node: { ...changed, status, xrayVersion: null, message: null },
    moved: moved || status !== node.status,
    forgets: isElsewhere ? 'certificate_and_session' : isEnabled ? 'certificate' : 'nothing',
  };
}
