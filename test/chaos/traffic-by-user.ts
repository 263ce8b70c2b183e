import { UserTraffic } from '../../src/features/nodes/domain/user-traffic.js';
import type { Traffic } from '../../src/xray/grpc/index.js';

/** The traffic of users by their ids, of counters by the emails of accounts. */
export function trafficByUser(byEmail: ReadonlyMap<string, Traffic>): Map<number, Traffic> {
  const traffic = new UserTraffic();
  for (const [name, { up, down }] of byEmail) {
    traffic.add({ name, direction: 'up', bytes: up });
    traffic.add({ name, direction: 'down', bytes: down });
  }
  return traffic.all();
}
