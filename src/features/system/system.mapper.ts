import type { SystemStatsDto } from './system.dto.js';
import type { SystemStats } from './system.service.js';

/** The release of Marzban whose API this is. Clients read it to know what they can ask for. */
const API_VERSION = '0.8.4';

export function toSystemStatsDto({ memory, cpuCores, load, users, traffic }: SystemStats): SystemStatsDto {
  const { active, on_hold, disabled, expired, limited } = users.byStatus;
  return {
    version: API_VERSION,
    mem_total: memory.total,
    mem_used: memory.used,
    cpu_cores: cpuCores,
    cpu_usage: load.cpuPercent,
    total_user: active + on_hold + disabled + expired + limited,
    online_users: users.online,
    users_active: active,
    users_on_hold: on_hold,
    users_disabled: disabled,
    users_expired: expired,
    users_limited: limited,
    incoming_bandwidth: traffic.up,
    outgoing_bandwidth: traffic.down,
    incoming_bandwidth_speed: load.receivedPerSecond,
    outgoing_bandwidth_speed: load.sentPerSecond,
  };
}
