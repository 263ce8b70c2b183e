import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { clientOptions, type Connection } from '../../src/shared/database/data-source.js';
import { findServer, type Postmaster } from '../../src/shared/database/postmaster.js';
import { DATABASE, PostgresServer, USER } from '../../src/shared/database/postgres-server.js';
import { eventually } from '../support/eventually.js';

/** A PostgreSQL of the suite's own, which can be ended in any way, and keeps a journal of what is charged. */
export class ChaosDatabase {
  private readonly pool: pg.Pool;

  private constructor(
    private readonly server: PostgresServer,
    private postmaster: Postmaster,
  ) {
    this.pool = new pg.Pool({ ...clientOptions(this.connection), max: 2, connectionTimeoutMillis: 5_000 });
    this.pool.on('error', () => undefined);
  }

  static async start(folder: string): Promise<ChaosDatabase> {
    const server = await PostgresServer.prepare({ folder });
    const { postmaster } = await server.up();
    const database = new ChaosDatabase(server, postmaster);
    // The machine does not fail, only processes do: what is written survives them without waiting for a disk.
    await database.sql('ALTER SYSTEM SET fsync = off');
    await database.sql('SELECT pg_reload_conf()');
    return database;
  }

  get connection(): Extract<Connection, { socketDir: string }> {
    return { socketDir: this.postmaster.socketDir, user: USER, database: DATABASE };
  }

  /** From now on what is charged is taken down as well. Needs the tables. */
  async keepJournal(): Promise<void> {
    await this.sql(JOURNAL);
  }

  async sql<R extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<R[]> {
    return (await this.pool.query<R>(text, values)).rows;
  }

  /** The same, once the database answers. */
  read<R extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<R[]> {
    return eventually(() => this.sql<R>(text, values), 60_000);
  }

  /** "fast" ends sessions in order, "immediate" is a crash. */
  async restart(how: 'fast' | 'immediate', awayMs: number): Promise<void> {
    if (how === 'fast') await this.server.down(this.postmaster);
    else {
      process.kill(this.postmaster.pid, 'SIGQUIT');
      await eventually(() => findServer(this.server.data) === undefined, 60_000);
    }
    await sleep(awayMs);
    this.postmaster = (await this.server.up()).postmaster;
  }

  /** Nothing of it runs for a while. */
  async pause(milliseconds: number): Promise<void> {
    const { pid } = this.postmaster;
    process.kill(pid, 'SIGSTOP'); // first, or it would go on making others
    const all = [pid, ...childrenOf(pid)];
    for (const each of all) signal(each, 'SIGSTOP');
    await sleep(milliseconds);
    for (const each of all) signal(each, 'SIGCONT');
  }

  async stop(): Promise<void> {
    await this.pool.end();
    await this.server.down(this.postmaster);
  }
}

/** Source: proc_pid_task(5). */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it has ended
  }
}

/**
 * Each move of a baseline with the coefficient of that moment, each core process that was given an account, each start
 * that was noted, of which the service itself keeps the last ones only, and each time that an operator had a node end its
 * core. A baseline that is set without a poll taking its turn is where the counters of a process that others have used begin.
 */
const JOURNAL = `
  CREATE SCHEMA chaos;
  CREATE TABLE chaos.charge (
    seq bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL DEFAULT clock_timestamp(), node_id int NOT NULL,
    core_epoch bigint NOT NULL, user_id int, tag text, up bigint NOT NULL, down bigint NOT NULL, coefficient float8);
  CREATE TABLE chaos.beginning (
    node_id int NOT NULL, core_epoch bigint NOT NULL, user_id int, tag text, up bigint NOT NULL, down bigint NOT NULL);
  CREATE TABLE chaos.withdrawal (at timestamptz NOT NULL DEFAULT clock_timestamp(), node_id int NOT NULL, what text NOT NULL);
  CREATE TABLE chaos.core (
    at timestamptz NOT NULL DEFAULT clock_timestamp(), node_id int NOT NULL, core_epoch bigint NOT NULL, marker text);
  CREATE TABLE chaos.start (node_id int NOT NULL, core_epoch bigint NOT NULL, reason text NOT NULL);
  CREATE TABLE chaos.owner (
    at timestamptz NOT NULL DEFAULT clock_timestamp(), node_id int NOT NULL, epoch bigint NOT NULL, owner_id uuid);

  CREATE FUNCTION chaos.note_charge() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    same boolean := TG_OP = 'UPDATE' AND OLD.core_epoch = NEW.core_epoch;
  BEGIN
    IF (SELECT xmin <> pg_current_xact_id()::xid FROM node_runtime WHERE node_id = NEW.node_id) THEN
      INSERT INTO chaos.beginning
      VALUES (NEW.node_id, NEW.core_epoch, (to_jsonb(NEW) ->> 'user_id')::int, to_jsonb(NEW) ->> 'tag', NEW.up, NEW.down);
      RETURN NULL;
    END IF;
    INSERT INTO chaos.charge (node_id, core_epoch, user_id, tag, up, down, coefficient)
    SELECT NEW.node_id, NEW.core_epoch, (to_jsonb(NEW) ->> 'user_id')::int, to_jsonb(NEW) ->> 'tag',
           NEW.up - CASE WHEN same THEN OLD.up ELSE 0 END, NEW.down - CASE WHEN same THEN OLD.down ELSE 0 END,
           charged_coefficient
      FROM node_runtime WHERE node_id = NEW.node_id;
    RETURN NULL;
  END $$;
  CREATE TRIGGER chaos AFTER INSERT OR UPDATE ON node_user_counter FOR EACH ROW EXECUTE FUNCTION chaos.note_charge();
  CREATE TRIGGER chaos AFTER INSERT OR UPDATE ON node_outbound_counter FOR EACH ROW EXECUTE FUNCTION chaos.note_charge();

  CREATE FUNCTION chaos.note_core() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO chaos.core (node_id, core_epoch, marker) VALUES (NEW.node_id, NEW.core_epoch, NEW.core_marker);
    RETURN NULL;
  END $$;
  CREATE TRIGGER chaos AFTER UPDATE ON node_runtime FOR EACH ROW WHEN (OLD.core_epoch <> NEW.core_epoch)
    EXECUTE FUNCTION chaos.note_core();

  CREATE FUNCTION chaos.note_start() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO chaos.start VALUES (NEW.node_id, NEW.core_epoch, NEW.reason);
    RETURN NULL;
  END $$;
  CREATE TRIGGER chaos AFTER INSERT ON node_core_start FOR EACH ROW EXECUTE FUNCTION chaos.note_start();

  CREATE FUNCTION chaos.note_withdrawal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO chaos.withdrawal (node_id, what)
    VALUES (NEW.id, CASE WHEN NEW.deleted_at IS NULL THEN 'disabled' ELSE 'deleted' END);
    RETURN NULL;
  END $$;
  CREATE TRIGGER chaos AFTER UPDATE ON nodes FOR EACH ROW WHEN (NEW.kind <> 'local' AND
    (OLD.status <> 'disabled' AND NEW.status = 'disabled' OR OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL))
    EXECUTE FUNCTION chaos.note_withdrawal();

  CREATE FUNCTION chaos.note_owner() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO chaos.owner (node_id, epoch, owner_id) VALUES (NEW.node_id, NEW.epoch, NEW.owner_id);
    RETURN NULL;
  END $$;
  CREATE TRIGGER chaos AFTER UPDATE ON node_lease FOR EACH ROW WHEN (OLD.epoch <> NEW.epoch)
    EXECUTE FUNCTION chaos.note_owner();`;
