import type { Connection, FieldPacket } from 'mysql2';
import { BATCH_ROWS, named, type SourceRow, type SourceValue } from './source.js';

/** The rows of one statement as they arrive; a full batch stops the connection until it is taken. */
export class MysqlAnswer {
  isEnded = false;
  error: Error | undefined;
  private names: readonly string[] = [];
  private rows: SourceRow[] = [];
  private isLeft = false;

  /** @param changed is called for a full batch, the end, and an error. */
  constructor(
    private readonly connection: Connection,
    sql: string,
    parameters: readonly (string | number)[],
    changed: () => void,
  ) {
    // The text protocol: the binary one shows single-precision numbers with digits that nobody wrote.
    const query = connection.query({ sql, values: [...parameters], rowsAsArray: true });
    query.on('fields', (fields: FieldPacket[] | undefined) => {
      this.names = fields?.map((field) => field.name) ?? [];
    });
    query.on('result', (values) => {
      // A statement without rows tells how it went.
      if (this.isLeft || this.names.length === 0) return;
      this.rows.push(named(this.names, values as unknown as SourceValue[]));
      if (!this.isFull) return;
      connection.pause();
      changed();
    });
    query.on('error', (error: Error) => {
      this.error = error;
      changed();
    });
    query.on('end', () => {
      this.isEnded = true;
      changed();
    });
  }

  get isFull(): boolean {
    return this.rows.length >= BATCH_ROWS;
  }

  /** Whether nothing more will come. */
  get isOver(): boolean {
    return this.isEnded || this.error !== undefined;
  }

  /** What has arrived; {@link goOn} lets more come. */
  take(): SourceRow[] {
    const { rows } = this;
    this.rows = [];
    return rows;
  }

  goOn(): void {
    this.connection.resume();
  }

  /** Nobody wants the rest. It is still on the way, and the next statement would take it for its own. */
  leave(): void {
    this.isLeft = true;
    this.rows = [];
    this.goOn();
  }
}
