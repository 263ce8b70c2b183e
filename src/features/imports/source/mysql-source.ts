import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Connection } from 'mysql2';
import { ImportRefused } from '../imports.errors.js';
import type { MysqlAddress } from './database-url.js';
import { MysqlAnswer } from './mysql-answer.js';
import { explainMysql, nameOfServer, readTlsFiles } from './mysql-errors.js';
import type { Source, SourceRow } from './source.js';

export interface MysqlOptions {
  /** Until a server has let us in. */
  connectMilliseconds?: number;
  /** For how long a server that is asked may say nothing: it may have to sort all there is. */
  silenceMilliseconds?: number;
  signal?: AbortSignal;
}

/** One view of all tables, until it is closed; the panel may go on. Nothing of the session ends it while we are busy elsewhere. */
const VIEW = [
  "SET SESSION sql_mode = '', time_zone = '+00:00', net_write_timeout = 86400, wait_timeout = 86400",
  'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ',
  'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY',
];

/** A database of Marzban on MySQL or MariaDB. */
export class MysqlSource implements Source {
  engine: Source['engine'] = 'MySQL';
  bytes: bigint | undefined;
  /** A server takes no text that is none. */
  readonly remarks = [];
  private failure: Error | undefined;
  /** Goes on with the statement that waits for rows. */
  private wake: () => void = () => undefined;

  private constructor(
    private readonly connection: Connection,
    private readonly address: MysqlAddress,
    private readonly silenceMilliseconds: number,
    private readonly signal: AbortSignal | undefined,
  ) {
    connection.on('error', this.fail);
    signal?.addEventListener('abort', this.giveUp);
  }

  get description(): string {
    return `${this.engine}, ${nameOfServer(this.address)}`;
  }

  /** @throws ImportRefused */
  static async open(
    address: MysqlAddress,
    { connectMilliseconds = 15_000, silenceMilliseconds = 600_000, signal }: MysqlOptions = {},
  ): Promise<MysqlSource> {
    const connection = await connect(address, connectMilliseconds, signal);
    const source = new MysqlSource(connection, address, silenceMilliseconds, signal);
    try {
      await source.begin();
      return source;
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  private async begin(): Promise<void> {
    const version = (await this.one('SELECT VERSION() AS version')).version as string;
    this.engine = /mariadb/i.test(version) ? 'MariaDB' : 'MySQL';
    for (const statement of VIEW) await this.one(statement);
    const { size } = await this.one(
      'SELECT SUM(data_length + index_length) AS size FROM information_schema.tables WHERE table_schema = DATABASE()',
    );
    this.bytes = size === null || size === undefined ? undefined : BigInt(size);
  }

  private async one(sql: string): Promise<SourceRow> {
    let first: SourceRow = {};
    for await (const [row] of this.read(sql)) first = row!;
    return first;
  }

  async *read(
    sql: string,
    parameters: readonly (string | number)[] = [],
  ): AsyncGenerator<readonly SourceRow[]> {
    this.throwFailure();
    const answer = new MysqlAnswer(this.connection, sql, parameters, () => this.wake());
    try {
      for (;;) {
        if (!answer.isFull && !answer.isOver) await this.hear();
        this.throwFailure();
        if (answer.error) throw explainMysql(answer.error, this.address);
        const { isEnded } = answer;
        const batch = answer.take();
        if (batch.length > 0) yield batch;
        if (isEnded) return;
        answer.goOn();
      }
    } finally {
      answer.leave();
      while (!answer.isOver && !this.failure) await this.hear();
    }
  }

  async close(): Promise<void> {
    this.signal?.removeEventListener('abort', this.giveUp);
    this.connection.destroy();
  }

  /** Waits for a batch, or the end; a server that says nothing for too long is given up. */
  private async hear(): Promise<void> {
    const { stream } = this.connection as unknown as { stream: Socket };
    let heard = stream.bytesRead;
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if (stream.bytesRead === heard) this.fail(this.silent());
        heard = stream.bytesRead;
      }, this.silenceMilliseconds);
      this.wake = () => {
        clearInterval(timer);
        resolve();
      };
    });
  }

  private silent(): ImportRefused {
    return new ImportRefused(
      `${nameOfServer(this.address)} has said nothing for ${Math.round(this.silenceMilliseconds / 1000)} seconds: look at what it does, and import again.`,
    );
  }

  private readonly fail = (error: Error): void => {
    this.failure ??= explainMysql(error, this.address);
    this.connection.destroy();
    this.wake();
  };

  private readonly giveUp = (): void => this.fail(this.signal!.reason as Error);

  private throwFailure(): void {
    if (this.failure) throw this.failure;
  }
}

async function connect(
  address: MysqlAddress,
  connectTimeout: number,
  signal: AbortSignal | undefined,
): Promise<Connection> {
  const ssl = address.tls && (await readTlsFiles(address.tls));
  const { createConnection } = (await import('mysql2')).default;
  const { host, port, user, password, database, socketPath } = address;
  const connection = createConnection({
    ...(socketPath === undefined ? { host, port } : { socketPath }),
    ...{ user, password, database, ssl, connectTimeout },
    ...{ charset: 'utf8mb4', supportBigNumbers: true, bigNumberStrings: true, dateStrings: true },
    jsonStrings: true,
  });
  try {
    await once(connection, 'connect', { signal });
    return connection;
  } catch (error) {
    connection.on('error', () => undefined);
    connection.destroy();
    signal?.throwIfAborted();
    throw explainMysql(Object.assign(error as Error, { fatal: true }), address);
  }
}
