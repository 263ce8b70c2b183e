import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const built = new URL('../../dist/src/features/imports/source/open-source.js', import.meta.url);

/** For a small part of a million rows. */
const MEGABYTES = 48;
const SCRIPT = `
  const [, open, url] = process.argv;
  const { openSource } = await import(open);
  const source = await openSource(url);
  let rows = 0;
  let traffic = 0n;
  let largest = 0;
  for await (const batch of source.read('SELECT created_at, user_id, node_id, used_traffic FROM node_user_usages')) {
    await new Promise((resolve) => setTimeout(resolve, 1)); // whoever writes them is slower than who reads them
    for (const row of batch) traffic += BigInt(row.used_traffic);
    rows += batch.length;
    largest = Math.max(largest, batch.length);
  }
  await source.close();
  console.log(JSON.stringify({ rows, traffic: String(traffic), largest }));
`;

/** What was read: how many rows, their sum, the most that came at once. */
export interface Reading {
  rows: number;
  traffic: string;
  largest: number;
}

/** Reads all hourly rows of users from a source, in a process of its own that dies when it keeps them. */
export async function readInLittleMemory(url: string): Promise<Reading> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...[`--max-old-space-size=${MEGABYTES}`, '--input-type=module', '--eval', SCRIPT],
    ...['--', fileURLToPath(built), url],
  ]);
  return JSON.parse(stdout) as Reading;
}
