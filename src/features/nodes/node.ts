/** How the service reaches a node's core. */
export const NODE_KINDS = ['marzban_node', 'xray_grpc', 'local', 'pg_node'] as const;
export type NodeKind = (typeof NODE_KINDS)[number];

export const NODE_STATUSES = ['connected', 'connecting', 'error', 'disabled'] as const;
export type NodeStatus = (typeof NODE_STATUSES)[number];

/** What an operator says of a node. */
export interface NodeSettings {
  name: string;
  /** Host name or IP address. */
  address: string;
  /** Of the agent. */
  port: number;
  /** Of Xray's own API. */
  apiPort: number;
  /** Factor on the bytes that users are charged for. */
  usageCoefficient: number;
}

/** A remote Xray server as operators see it. */
export interface Node extends NodeSettings {
  id: number;
  status: NodeStatus;
  /** Null unless connected. */
  xrayVersion: string | null;
  /** Why it is not connected. */
  message: string | null;
}

/** How a node is reached: what operators say of it, and what was learnt when it was reached before. */
export interface NodeReach {
  nodeId: number;
  kind: NodeKind;
  name: string;
  address: string;
  /** Of the agent. */
  port: number;
  /** Of Xray's own API. */
  apiPort: number;
  /** The certificate that the node is known by, as PEM; null before the first contact. */
  certificate: string | null;
  /** What the agent called the session with this installation. Other replicas go on with it; null without one. */
  sessionId: string | null;
}

/** Raw bytes that went through a node. */
export interface NodeTraffic {
  /** Null for the core of the service itself. */
  nodeId: number | null;
  nodeName: string;
  uplink: bigint;
  downlink: bigint;
}
