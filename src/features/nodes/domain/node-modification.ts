import type { Node, NodeSettings } from '../node.js';

/** What an operator wants of a node; undefined leaves alone. */
export type NodeChange = Partial<NodeSettings> & { disabled: boolean };

/**
 * The node once it was changed, and whether its connection has to be made anew or ended. Whoever does not disable a node
 * enables it. One that is connected and stays where it is goes on serving.
 * Source: Marzban `app/db/crud.py` (`update_node`), which drops the connection, and with it all users, even for a new name.
 */
export function modifyNode(node: Node, { disabled, ...change }: NodeChange): { node: Node; moved: boolean } {
  const settings = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
  const changed: Node = { ...node, ...settings };
  const moved =
    changed.address !== node.address || changed.port !== node.port || changed.apiPort !== node.apiPort;
  const status = disabled ? 'disabled' : moved || node.status !== 'connected' ? 'connecting' : 'connected';
  if (status === 'connected') return { node: changed, moved: false };
  return {
    node: { ...changed, status, xrayVersion: null, message: null },
    moved: moved || status !== node.status,
  };
}
