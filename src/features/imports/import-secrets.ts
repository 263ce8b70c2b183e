/** Where the key is kept that signed the links of an installation. */
export const subscriptionKeyOf = (sourceId: string): string =>
  `imported_subscription_key_${sourceId.slice(0, 12)}`;

/** Where it is kept how the service shows itself to nodes. */
export const NODE_CERTIFICATE = 'node_client_certificate';
