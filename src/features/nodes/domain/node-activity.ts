import { changesOf } from '../../../shared/domain/changes.js';
import type { NodeSettings } from '../node.js';

/** What may be noted of a node: what operators say of it. Its key is a secret, and certificates are long. */
export function factsOf(node: NodeSettings & { status?: string }): object {
  const { name, address, port, apiPort, usageCoefficient, apiTls, apiServerName, status } = node;
  return {
    name,
    address,
    port,
    apiPort,
    usageCoefficient,
    apiTls,
    apiServerName,
    hasApiCaCertificate: node.apiCaCertificate !== null,
    hasApiClientCertificate: node.apiClientCertificate !== null,
    isDisabled: status === 'disabled',
  };
}

/** The fields that a change made others; of certificates only that they changed. */
export function changeOf(before: NodeSettings, after: NodeSettings): { before: object; after: object } {
  const changes = changesOf(factsOf(before), factsOf(after));
  const isOther = (name: 'apiCaCertificate' | 'apiClientCertificate') =>
    before[name] !== null && after[name] !== null && before[name] !== after[name];
  return {
    ...changes,
    after: {
      ...changes.after,
      ...(isOther('apiCaCertificate') && { apiCaCertificate: 'changed' }),
      ...(isOther('apiClientCertificate') && { apiClientCertificate: 'changed' }),
    },
  };
}
