import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

import type { Certificate } from '../support/certificates.js';

/** Connections that a proxy led on: to which name, with whose credentials. */
export interface Led {
  protocol: 'http' | 'socks4' | 'socks4a' | 'socks5';
  host: string;
  port: number;
  credentials: string | undefined;
}

/** A proxy on this machine: whatever name it is asked for is this machine. */
export class FakeProxy {
  readonly led: Led[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      this.sockets.add(socket.on('error', () => socket.destroy()));
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  /** Takes `user:password`, if it is given, and nobody else. */
  static async socks(credentials?: string): Promise<FakeProxy> {
    const server = createServer();
    const proxy = new FakeProxy(server);
    server.on(
      'connection',
      (socket) => void proxy.serveSocks(socket, credentials).catch(() => socket.destroy()),
    );
    return proxy.listen();
  }

  static async http(credentials?: string): Promise<FakeProxy> {
    return FakeProxy.connecting(http.createServer(), credentials);
  }

  static async https({ certificate: cert, key }: Certificate, credentials?: string): Promise<FakeProxy> {
    return FakeProxy.connecting(https.createServer({ cert, key }), credentials);
  }

  private static async connecting(server: http.Server, credentials?: string): Promise<FakeProxy> {
    const proxy = new FakeProxy(server);
    server.on('connect', ({ url, headers }: http.IncomingMessage, socket: Socket) => {
      const basic = headers['proxy-authorization']?.replace('Basic ', '');
      const given = basic && Buffer.from(basic, 'base64').toString();
      if (given !== credentials) return socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      const { hostname: host, port } = new URL(`tcp://${url}`);
      void proxy.lead(socket, { protocol: 'http', host, port: Number(port), credentials: given }, (ok) =>
        ok ? 'HTTP/1.1 200 Connection Established\r\n\r\n' : 'HTTP/1.1 502 Bad Gateway\r\n\r\n',
      );
    });
    return proxy.listen();
  }

  /** Takes connections, and never says a word. */
  static async silent(): Promise<FakeProxy> {
    return new FakeProxy(createServer((socket) => socket.resume())).listen();
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get open(): number {
    return this.sockets.size;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private async listen(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  private async serveSocks(socket: Socket, credentials: string | undefined): Promise<void> {
    const read = readerOf(socket);
    const [version] = await read(1);
    await (version === 5 ? this.serveSocks5(socket, read, credentials) : this.serveSocks4(socket, read));
  }

  /** RFC 1928 and 1929. */
  private async serveSocks5(socket: Socket, read: Read, credentials: string | undefined): Promise<void> {
    const methods = await read((await read(1))[0]!);
    const method = credentials === undefined ? 0 : 2;
    if (!methods.includes(method)) return void socket.end(Buffer.from([5, 0xff]));
    socket.write(Buffer.from([5, method]));
    let given: string | undefined;
    if (method === 2) {
      await read(1);
      const user = (await read((await read(1))[0]!)).toString();
      given = `${user}:${(await read((await read(1))[0]!)).toString()}`;
      socket.write(Buffer.from([1, given === credentials ? 0 : 1]));
      if (given !== credentials) return void socket.end();
    }
    const [, , , kind] = await read(4);
    const host = kind === 3 ? (await read((await read(1))[0]!)).toString() : [...(await read(4))].join('.');
    const port = (await read(2)).readUInt16BE();
    await this.lead(socket, { protocol: 'socks5', host, port, credentials: given }, (ok) =>
      Buffer.from([5, ok ? 0 : 5, 0, 1, 0, 0, 0, 0, 0, 0]),
    );
  }

  private async serveSocks4(socket: Socket, read: Read): Promise<void> {
    await read(1);
    const port = (await read(2)).readUInt16BE();
    const address = [...(await read(4))];
    const user = await textOf(read);
    const isName = address.slice(0, 3).every((part) => part === 0);
    await this.lead(
      socket,
      {
        protocol: isName ? 'socks4a' : 'socks4',
        host: isName ? await textOf(read) : address.join('.'),
        port,
        credentials: user || undefined,
      },
      (ok) => Buffer.from([0, ok ? 90 : 91, 0, 0, 0, 0, 0, 0]),
    );
  }

  private async lead(from: Socket, led: Led, reply: (ok: boolean) => string | Buffer): Promise<void> {
    const to = connect(led.port, '127.0.0.1');
    this.sockets.add(to.on('close', () => this.sockets.delete(to)));
    try {
      await once(to, 'connect');
    } catch {
      return void from.end(reply(false));
    }
    this.led.push(led);
    from.write(reply(true));
    to.on('error', () => from.destroy());
    from.pipe(to).pipe(from);
  }
}

type Read = (bytes: number) => Promise<Buffer>;

function readerOf(socket: Socket): Read {
  return async (bytes) => {
    for (;;) {
      if (bytes === 0) return Buffer.alloc(0);
      const part = socket.read(bytes) as Buffer | null;
      if (part) return part;
      await once(socket, 'readable');
    }
  };
}

async function textOf(read: Read): Promise<string> {
  let text = '';
  for (let byte = await read(1); byte[0] !== 0; byte = await read(1)) text += byte.toString();
  return text;
}
