/** How the service reaches a node's core. */
export const NODE_KINDS = ['marzban_node', 'xray_grpc', 'local', 'pg_node'] as const;
export type NodeKind = (typeof NODE_KINDS)[number];

export const NODE_STATUSES = ['connected', 'connecting', 'error', 'disabled'] as const;
export type NodeStatus = (typeof NODE_STATUSES)[number];

/** Kinds whose cores somebody else starts: with a config of his choice, which nobody gives them from here. */
export const FOREIGN_KINDS: readonly NodeKind[] = ['xray_grpc'];

/** The kinds that operators can add. */
export const ADDED_KINDS = ['marzban_node', 'xray_grpc'] as const satisfies readonly NodeKind[];
export type AddedKind = (typeof ADDED_KINDS)[number];

export const API_TLS_MODES = ['verify', 'off'] as const;
export type ApiTls = (typeof API_TLS_MODES)[number];

/** How Xray's API is reached on a node of the kind `xray_grpc`. Others have their own ways, and these as they are by default. */
export interface ApiAccess {
  apiTls: ApiTls;
  /** What the certificate is for, where that is not the address. */
  apiServerName: string | null;
  /** PEM certificates that are trusted, instead of the well-known authorities: of an authority, or the API's own. */
  apiCaCertificate: string | null;
  /** PEM, shown to whoever asks for one; the installation's where there is none. Its key is among the secrets. */
  apiClientCertificate: string | null;
}

export const DEFAULT_ACCESS: ApiAccess = {
  apiTls: 'verify',
  apiServerName: null,
  apiCaCertificate: null,
  apiClientCertificate: null,
};

/** What the key of a node's own client certificate is called among the secrets. */
export function clientKeyName(nodeId: number | ''): string {
  return `node_client_key_${nodeId}`;
}

/** What an operator says of a node. */
export interface NodeSettings extends ApiAccess {
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

/** What an operator says of a new node. */
export interface NewNode extends NodeSettings {
  kind: AddedKind;
  /** PEM, of its client certificate. */
  clientKey: string | null;
}

/** A remote Xray server as operators see it. */
export interface Node extends NodeSettings {
  id: number;
  kind: NodeKind;
  status: NodeStatus;
  /** Null unless connected. */
  xrayVersion: string | null;
  /** Why it is not connected. */
  message: string | null;
}

/** How a node is reached: what operators say of it, and what was learnt when it was reached before. */
export interface NodeReach extends ApiAccess {
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
  /** What tells the core process that was worked with last. */
  coreMarker: string | null;
  /**
   * Whether the panel that this installation was imported from may have left a core there: its users have the same ids
   * here, and what it has counted is charged to nobody yet.
   */
  coreIsImported: boolean;
}

/** Raw bytes that went through a node. */
export interface NodeTraffic {
  /** Null for the core of the service itself. */
  nodeId: number | null;
  nodeName: string;
  uplink: bigint;
  downlink: bigint;
}
