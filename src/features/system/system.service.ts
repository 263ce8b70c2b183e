import { Injectable } from '@nestjs/common';
import type { Admin } from '../admins/index.js';
import { NodesService } from '../nodes/index.js';
import type { MachineLoad } from './domain/machine-load.js';
import { Machine, type Memory } from './machine.js';
import { type UserCounts, UserCountsRepository } from './user-counts.repository.js';

export interface SystemStats {
  memory: Memory;
  cpuCores: number;
  load: MachineLoad;
  users: UserCounts;
  /** Bytes of all outbounds of all cores since ever. */
  traffic: { up: bigint; down: bigint };
}

@Injectable()
export class SystemService {
  constructor(
    private readonly machine: Machine,
    private readonly userCounts: UserCountsRepository,
    private readonly nodes: NodesService,
  ) {}

  /**
   * The figures of the dashboard's first page. Admins without sudo see the numbers of their own users only, of those
   * online too; the machine and the traffic of all cores are shown to everyone.
   */
  async stats(admin: Admin): Promise<SystemStats> {
    const [users, traffic] = await Promise.all([
      this.userCounts.find(admin.isSudo ? undefined : admin.id),
      this.nodes.trafficTotals(),
    ]);
    const { machine } = this;
    return { memory: machine.memory(), cpuCores: machine.cpuCores, load: machine.load(), users, traffic };
  }
}
