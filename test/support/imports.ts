import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import Database from 'libsql';
import pg from 'pg';
import { CliModule } from '../../src/cli/cli.module.js';
import type { Config } from '../../src/config/config.js';
import type { ImportOptions } from '../../src/features/imports/importer.js';
import { type ImportReport, openImporter, openSource } from '../../src/features/imports/index.js';
import { ConnectionWatch } from '../../src/shared/database/connection-watch.js';
import { clientOptions, type Connection } from '../../src/shared/database/data-source.js';
import { Patience } from '../../src/shared/database/patience.js';
import { testConfig } from './app.js';
import { goldenImport } from './golden-import.js';

export { goldenImport };

/** A Marzban's database on SQLite in a folder of its own, to be changed at will. */
export interface SourceCopy {
  url: string;
  file: string;
  sql(...statements: string[]): void;
  remove(): Promise<void>;
}

export async function copyOfSource(name = 'marzban-0.8.4.sqlite3'): Promise<SourceCopy> {
  const folder = await mkdtemp(join(tmpdir(), 'import-test-'));
  const file = join(folder, 'db.sqlite3');
  await copyFile(goldenImport(name), file);
  return {
    file,
    url: `sqlite:///${file}`,
    sql: (...statements) => {
      const database = new Database(file);
      database.exec('PRAGMA foreign_keys = OFF'); // as Marzban has it
      for (const statement of statements) database.exec(statement);
      database.close();
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Settings of a service that the installation of the data set moves to. */
export const importConfig = (settings: Partial<Config> = {}): Config =>
  testConfig({
    role: 'api',
    auth: { tokenMinutes: 0, sudo: { username: 'envadmin_a', password: 'env-A-secret' } },
    ...settings,
  });

export type ImportWishes = Partial<Omit<ImportOptions, 'source'>>;

/** Imports as the command does, without a process for it. Without a connection there is nothing to import into. */
export async function importFrom(
  url: string,
  connection: Connection | undefined,
  wishes: ImportWishes = {},
  settings: Partial<Config> = {},
): Promise<ImportReport> {
  const config = importConfig(settings);
  Logger.overrideLogger(['warn', 'error', 'fatal']);
  const source = await openSource(url);
  const context =
    connection &&
    (await NestFactory.createApplicationContext(
      CliModule.with(config, connection, {
        patience: new Patience({ database: 'the database', seconds: 0, log: () => undefined }),
        watch: new ConnectionWatch(connection),
      }),
      { abortOnError: false },
    ));
  try {
    const there = context && {
      get: context.get.bind(context) as never,
      database: 'the database of a test',
    };
    const importer = await openImporter(config, there);
    return await importer.run({
      source,
      isDry: false,
      isMerge: false,
      isFinal: false,
      overwrites: false,
      usageDays: undefined,
      coreConfig: await readFile(goldenImport('xray_config.json'), 'utf8'),
      keepConfigUnchecked: false,
      warnings: [],
      environment: undefined,
      signal: undefined,
      onProgress: () => undefined,
      ...wishes,
    });
  } finally {
    await context?.close();
    await source.close();
  }
}

/** All that a database holds, table by table; but what only tells when something was done. */
export async function contentsOf(
  connection: Connection,
  without: readonly string[] = [],
): Promise<Record<string, string[]>> {
  const client = new pg.Client(clientOptions(connection));
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
    );
    const contents: Record<string, string[]> = {};
    for (const { name } of tables.filter(({ name }) => !without.includes(name))) {
      const { rows } = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t ORDER BY 1`);
      contents[name] = rows.map(({ row }) => row);
    }
    return contents;
  } finally {
    await client.end();
  }
}
