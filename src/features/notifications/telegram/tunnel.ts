import http from 'node:http';
import https from 'node:https';
import { lookup } from 'node:dns/promises';
import { isIP, type Socket } from 'node:net';
import { connect, type ConnectionOptions } from 'node:tls';
import { SocksClient } from 'socks';

/** For a proxy to lead somewhere; less than a whole request may take, so that its words are heard. */
const LIMIT_MS = 9_000;

/** What connects to addresses of this protocol, through a proxy if there is one, and keeps connections for the next request. */
export function agentThrough(proxyUrl: string | undefined, protocol: string): http.Agent {
  const isSecure = protocol === 'https:';
  const agent = new (isSecure ? https : http).Agent({ keepAlive: true, maxFreeSockets: 2 });
  if (proxyUrl === undefined) return agent;
  const proxy = new URL(proxyUrl);
  agent.createConnection = (options, connected) => {
    const { host, port, ca } = options as { host: string; port: number } & Trust;
    tunnel(proxy, host, Number(port), { ca }).then(
      (socket) =>
        connected!(null, isSecure ? connect({ ...(options as ConnectionOptions), socket }) : socket),
      (error: Error) => connected!(new Error(`Proxy: ${error.message}`), undefined as never),
    );
    return undefined;
  };
  return agent;
}

/** Whose certificates count: those of what is behind the proxy, and the proxy's own. */
type Trust = Pick<ConnectionOptions, 'ca'>;

function tunnel(proxy: URL, host: string, port: number, trust: Trust): Promise<Socket> {
  return proxy.protocol.startsWith('socks')
    ? throughSocks(proxy, host, port)
    : throughHttp(proxy, host, port, trust);
}

/** The proxy looks the name up, as whoever needs one may be lied to by his own network; but SOCKS4 knows addresses only. */
async function throughSocks(proxy: URL, host: string, port: number): Promise<Socket> {
  const isAddress = proxy.protocol === 'socks4:';
  const { socket } = await SocksClient.createConnection({
    proxy: {
      host: hostOf(proxy),
      port: Number(proxy.port || 1080),
      type: proxy.protocol.startsWith('socks4') ? 4 : 5,
      ...(proxy.username === '' ? {} : credentialsOf(proxy)),
    },
    command: 'connect',
    destination: { host: isAddress ? (await lookup(host, 4)).address : host, port },
    timeout: LIMIT_MS,
  });
  return socket;
}

/** RFC 9110, CONNECT. */
function throughHttp(proxy: URL, host: string, port: number, trust: Trust): Promise<Socket> {
  const { userId, password } = credentialsOf(proxy);
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const isSecure = proxy.protocol === 'https:';
  return new Promise((connected, failed) => {
    const asked = (isSecure ? https : http).request({
      host: hostOf(proxy),
      port: proxy.port || (isSecure ? 443 : 80),
      method: 'CONNECT',
      path: authority,
      agent: false,
      ...trust,
      servername: isIP(hostOf(proxy)) ? '' : hostOf(proxy), // or it would be taken from the header `host`
      headers: {
        host: authority,
        ...(proxy.username === ''
          ? {}
          : {
              'proxy-authorization': `Basic ${Buffer.from(`${userId}:${password}`).toString('base64')}`,
            }),
      },
    });
    const late = () => asked.destroy(new Error(`No answer within ${LIMIT_MS / 1000} s`));
    const limit = setTimeout(late, LIMIT_MS);
    asked.on('error', (error) => {
      clearTimeout(limit);
      failed(error);
    });
    asked.on('connect', ({ statusCode }, socket: Socket) => {
      clearTimeout(limit);
      if (statusCode === 200) return connected(socket);
      socket.destroy();
      failed(new Error(`It answers ${statusCode}`));
    });
    asked.end();
  });
}

const hostOf = (proxy: URL) => proxy.hostname.replace(/^\[|\]$/g, '');

const credentialsOf = (proxy: URL) => ({
  userId: decodeURIComponent(proxy.username),
  password: decodeURIComponent(proxy.password),
});
