import { Injectable } from '@nestjs/common';
import type { Tx } from '../../../shared/database/database.js';
import type { NodeHour, UserHour } from '../domain/hours.js';
import { columnsOf } from './columns.js';

/** Hourly traffic. `isNew`: none of these hours can be there yet, which saves a third of the time. */
@Injectable()
export class TargetUsageRepository {
  async putUserHours(tx: Tx, hours: readonly UserHour[], isNew: boolean): Promise<void> {
    await tx.run(
      `INSERT INTO node_user_usages AS h (user_id, created_at, node_id, used_traffic)
       SELECT user_id, to_timestamp(hour * 3600.0), node_id, used_traffic
         FROM unnest($1::int[], $2::int[], $3::int[], $4::bigint[]) AS g (user_id, hour, node_id, used_traffic)
       ${
         isNew
           ? ''
           : `ON CONFLICT (user_id, created_at, node_id) DO UPDATE SET used_traffic = excluded.used_traffic
        WHERE h.used_traffic <> excluded.used_traffic`
       }`,
      columnsOf(
        hours,
        (h) => h.userId,
        (h) => h.hour,
        (h) => h.nodeId,
        (h) => h.usedTraffic,
      ),
    );
  }

  async putNodeHours(tx: Tx, hours: readonly NodeHour[], isNew: boolean): Promise<void> {
    await tx.run(
      `INSERT INTO node_usages AS h (node_id, created_at, uplink, downlink)
       SELECT node_id, to_timestamp(hour * 3600.0), uplink, downlink
         FROM unnest($1::int[], $2::int[], $3::bigint[], $4::bigint[]) AS g (node_id, hour, uplink, downlink)
       ${
         isNew
           ? ''
           : `ON CONFLICT (node_id, created_at) DO UPDATE SET uplink = excluded.uplink, downlink = excluded.downlink
        WHERE (h.uplink, h.downlink) <> (excluded.uplink, excluded.downlink)`
       }`,
      columnsOf(
        hours,
        (h) => h.nodeId,
        (h) => h.hour,
        (h) => h.uplink,
        (h) => h.downlink,
      ),
    );
  }
}
