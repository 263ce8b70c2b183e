import autocannon from 'autocannon';
import type { Row } from './report.js';
import type { BenchService } from './service.js';

const STRANGERS = 20;
const SECONDS = 8;
const ALLOWED_MS = 50;
const MIB = 1024 * 1024;

/** What strangers who keep sending cost everybody else: the slowest in a hundred requests for one user, with and without them. */
export async function strangerRows(service: BenchService): Promise<Row[]> {
  const alone = await slowestOfHundred(service);
  const rows: Row[] = [];
  const body = `{"a":${'[{},'.repeat(MIB)}`;
  const attacks: Record<string, autocannon.Options> = {
    'a broken config': { url: `${service.url}/api/core/config`, method: 'PUT', body },
    'a broken login': { url: `${service.url}/api/admin/token`, method: 'POST', body },
    'a body to a link': { url: `${service.url}/sub/nobody`, method: 'GET', body },
  };
  for (const [name, attack] of Object.entries(attacks)) {
    const over = autocannon({
      headers: { 'content-type': 'application/json' },
      ...attack,
      connections: STRANGERS,
      duration: SECONDS + 2,
      workers: 1,
    });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const slowest = await slowestOfHundred(service);
    await over;
    const moved = slowest - alone;
    rows.push({
      name: `p99 of a list of one user beside ${STRANGERS} strangers sending ${name} of 4 MiB`,
      measured: `+${moved.toFixed(0)} ms (${alone.toFixed(0)} ms alone)`,
      target: `≤ +${ALLOWED_MS} ms`,
      ok: moved <= ALLOWED_MS,
    });
  }
  return rows;
}

async function slowestOfHundred(service: BenchService): Promise<number> {
  const times: number[] = [];
  const end = performance.now() + SECONDS * 1_000;
  while (performance.now() < end) {
    const begun = performance.now();
    await service.call('GET', '/api/users?limit=1');
    times.push(performance.now() - begun);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)]!;
}
