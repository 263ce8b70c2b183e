import { type OnApplicationShutdown } from '@nestjs/common';
import type pg from 'pg';
import type { Pool, PoolClient, QueryResult } from 'pg';
import type { DataSource, EntityManager } from 'typeorm';
import { againIfGivenUp } from './given-up.js';
import { LIMITS, localLimits, READ_LIMITS, runLimited } from './limits.js';
import type { PipelinedClients } from './pipelined-clients.js';
import { requirePrimary } from './primary.js';
import type { Statement } from './statement.js';
import { Turnstile } from '../scheduling/turnstile.js';
import { isConnectionSpoiled } from './unavailable.js';

/** Anything that runs SQL: the database itself, or one transaction on it. */
export interface Queryable {
  /** The rows a statement returns. Plain text is parsed anew each time; a `Statement` once per connection. */
  rows<R>(sql: string | Statement, values?: unknown[]): Promise<R[]>;
  /** The first row, or undefined. */
  row<R>(sql: string | Statement, values?: unknown[]): Promise<R | undefined>;
  /** Runs a statement and returns how many rows it touched. */
  run(sql: string | Statement, values?: unknown[]): Promise<number>;
}

/** An open transaction. A repository method that must be part of one takes it as its first parameter. */
export interface Tx extends Queryable {
  /** TypeORM's view of the same transaction, for entities. */
  readonly manager: EntityManager;
}

/** SQL on TypeORM's own connection pool, so there is one set of connections and one set of limits. */
export class Database implements Queryable, OnApplicationShutdown {
  private readonly pool: Pool;
  private readonly longReads: Turnstile;

  constructor(
    protected readonly dataSource: DataSource,
    private readonly pipelined: PipelinedClients,
    /** Whether its sessions are a pooler's, on which nothing can be set. */
    private readonly isPooled: boolean,
  ) {
    this.pool = (dataSource.driver as unknown as { master: Pool }).master;
    this.longReads = new Turnstile(Math.max(1, Math.floor(this.pool.options.max / 2)));
  }

  async rows<R>(sql: string | Statement, values?: unknown[]): Promise<R[]> {
    return (await againIfGivenUp(() => this.send(sql, values))).rows as R[];
  }

  async row<R>(sql: string | Statement, values?: unknown[]): Promise<R | undefined> {
    return (await this.rows<R>(sql, values))[0];
  }

  async run(sql: string | Statement, values?: unknown[]): Promise<number> {
    return (await againIfGivenUp(() => this.send(sql, values))).rowCount ?? 0;
  }

  /**
   * A fast read or write of a few rows, sent at once behind others on a shared connection (autocommit).
   * Never for anything slow: all that follow on the connection wait for it.
   */
  async point<R>(statement: Statement, values: unknown[]): Promise<R[]> {
    return againIfGivenUp(() => this.pipelined.rows<R>(statement, values));
  }

  /** @throws when the pool leads to no server that takes writes. */
  async check(): Promise<void> {
    await requirePrimary(this.pool);
  }

  /**
   * Runs `work` in one transaction: committed when it returns, rolled back when it throws. A deadlock or the like has it
   * run again, so it must change nothing outside the transaction; what follows from it is done after the commit.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return againIfGivenUp(() => this.once(work));
  }

  /** Runs `read`, once, on one moment of the database: all it reads is of that moment, and it cannot write. */
  async snapshot<T>(read: (tx: Tx) => Promise<T>): Promise<T> {
    await this.longReads.enter();
    try {
      return await this.once(async (tx) => {
        await tx.run(
          `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; ${localLimits(READ_LIMITS)}`,
        );
        return read(tx);
      });
    } finally {
      this.longReads.leave();
    }
  }

  /** One statement for itself. */
  private async send(sql: string | Statement, values?: unknown[]): Promise<QueryResult> {
    if (!this.isPooled) return this.pool.query(queryOf(sql, values));
    const client = await this.pool.connect();
    let isBroken = false;
    const onError = () => (isBroken = true); // whoever waits on it is told as well
    client.on('error', onError);
    try {
      return await runLimited(client, LIMITS, queryOf(sql, values));
    } finally {
      client.off('error', onError);
      client.release(isBroken || !isReusable(client));
    }
  }

  private async once<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    const client = (await runner.connect()) as PoolClient;
    try {
      await runner.startTransaction();
      if (this.isPooled) await client.query(localLimits(LIMITS));
      const result = await work(new OpenTransaction(client, runner.manager));
      await runner.commitTransaction();
      return result;
    } catch (error) {
      if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
      if (isConnectionSpoiled(error)) leave(client);
      throw error;
    } finally {
      if (!isReusable(client)) leave(client);
      await runner.release();
    }
  }

  /**
   * The rows of one query, `size` at a time and all of one moment of the database, without holding them all in
   * memory. One connection is busy until the caller has taken the last batch or stopped asking, so only half of them
   * may be at the same time.
   */
  async *batches<R>(sql: string, values: unknown[], size: number): AsyncGenerator<R[]> {
    await this.longReads.enter();
    const runner = this.dataSource.createQueryRunner();
    try {
      const client = (await runner.connect()) as PoolClient;
      try {
        await client.query(`BEGIN TRANSACTION READ ONLY; ${localLimits(READ_LIMITS)}`);
        await client.query(`DECLARE batches NO SCROLL CURSOR FOR ${sql}`, values);
        for (;;) {
          const { rows } = await client.query(`FETCH ${size} FROM batches`);
          if (rows.length > 0) yield rows as R[];
          if (rows.length < size) return;
        }
      } finally {
        await client.query('ROLLBACK').catch(() => undefined);
        if (!isReusable(client)) leave(client);
      }
    } finally {
      await runner.release().finally(() => this.longReads.leave());
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pipelined.end();
  }
}

/** A rollback that failed leaves the next user of the connection in somebody else's transaction. */
const isReusable = (client: PoolClient) => client.getTransactionStatus() === 'I';

/** The pool takes a connection that was left for a broken one. */
function leave(client: PoolClient): void {
  void (client as unknown as pg.Client).end().catch(() => undefined);
}

class OpenTransaction implements Tx {
  constructor(
    private readonly client: PoolClient,
    readonly manager: EntityManager,
  ) {}

  async rows<R>(sql: string | Statement, values?: unknown[]): Promise<R[]> {
    return (await this.client.query(queryOf(sql, values))).rows as R[];
  }

  async row<R>(sql: string | Statement, values?: unknown[]): Promise<R | undefined> {
    return (await this.rows<R>(sql, values))[0];
  }

  async run(sql: string | Statement, values?: unknown[]): Promise<number> {
    return (await this.client.query(queryOf(sql, values))).rowCount ?? 0;
  }
}

const queryOf = (sql: string | Statement, values?: unknown[]): pg.QueryConfig =>
  typeof sql === 'string' ? { text: sql, values } : { name: sql.name, text: sql.text, values };
