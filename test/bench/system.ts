import { measure } from './compare.js';
import { databaseMicroseconds } from './cpu.js';
import { median, type Row } from './report.js';
import type { BenchService } from './service.js';

const ROUNDS = 3;
const SECONDS = 3;
const TARGET_MS = 0.5;

/** CPU of one `GET /api/system`, which every open dashboard asks for all the time: the service's and the database's. */
export async function systemRows(service: BenchService, dataDir: string): Promise<Row[]> {
  const side = {
    url: service.url,
    pid: service.pid,
    headers: { authorization: `Bearer ${service.token}` },
  };
  const make = () => ({ path: '/api/system' });
  await measure(side, make, 1);
  const rounds: { ours: number; database: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = databaseMicroseconds(dataDir);
    const { cpu, perSecond } = await measure(side, make, SECONDS);
    const database = (databaseMicroseconds(dataDir) - before) / (perSecond * SECONDS);
    rounds.push({ ours: cpu / 1000, database: database / 1000 });
  }
  const ours = median(rounds.map((round) => round.ours));
  const database = median(rounds.map((round) => round.database));
  return [
    {
      name: 'system figures',
      measured: `${(ours + database).toFixed(2)} ms of CPU (service ${ours.toFixed(2)}, database ${database.toFixed(2)})`,
      target: `≤ ${TARGET_MS} ms`,
      ok: ours + database <= TARGET_MS,
    },
  ];
}
