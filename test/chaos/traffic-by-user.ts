import { UserTraffic } from '../../src/features/nodes/domain/user-traffic.js';
import { Counter, type Traffic } from '../../src/xray/grpc/index.js';

/** The traffic of users by their ids, of counters by the emails of accounts. */
export function trafficByUser(byEmail: ReadonlyMap<string, Traffic>): Map<number, Traffic> {
  const traffic = new UserTraffic();
  for (const [name, { up, down }] of byEmail) {
    traffic.add(new Counter('up', up, Buffer.from(name)));
    traffic.add(new Counter('down', down, Buffer.from(name)));
  }
  return traffic.all();
}
