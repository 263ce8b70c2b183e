import { isIP } from 'node:net';

/** Where something listens. */
export interface Endpoint {
  /** Host name or IP address, without brackets. */
  host: string;
  port: number;
}

/** The place that an operator's words mean: slashes around an address do not count, as in Marzban, nor do brackets. */
export function endpointOf(address: string, port: number): Endpoint {
  const host = address
    .trim()
    .replace(/^\/+|\/+$/g, '')
    .replace(/^\[(.*)\]$/, '$1');
  return { host, port };
}

export function hostPort({ host, port }: Endpoint): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}
