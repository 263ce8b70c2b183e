import { Injectable, type OnModuleInit } from '@nestjs/common';
import { addSeconds } from '../../shared/domain/time.js';
import { PeriodicJobs } from '../../shared/scheduling/periodic-jobs.js';
import type { Admin } from '../admins/index.js';
import { NodesService } from '../nodes/index.js';
import type { MachineLoad } from './domain/machine-load.js';
import { Machine, type Memory } from './machine.js';
import { type UserCounts, UserCountsRepository } from './user-counts.repository.js';

/** A user counts as online for a day after its last traffic. */
const ONLINE_SECONDS = 24 * 3600;
const COUNT_SECONDS = 10;
/** Counting who is online may take this part of the time: a million users are counted less often. */
const SHARE_OF_TIME = 1 / 50;

export interface SystemStats {
  memory: Memory;
  cpuCores: number;
  load: MachineLoad;
  users: UserCounts;
  /** Bytes of all outbounds of all cores since ever. */
  traffic: { up: bigint; down: bigint };
}

@Injectable()
export class SystemService implements OnModuleInit {
  private countAgainAt = 0;

  constructor(
    private readonly machine: Machine,
    private readonly userCounts: UserCountsRepository,
    private readonly nodes: NodesService,
    private readonly jobs: PeriodicJobs,
  ) {}

  onModuleInit(): void {
    this.jobs.every('user-counts', COUNT_SECONDS, () => this.refreshCounts());
  }

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

  /** Counts who is online now, and keeps the counts few. */
  async refreshCounts(): Promise<void> {
    const begun = performance.now();
    if (begun >= this.countAgainAt) {
      await this.userCounts.countOnline(addSeconds(new Date(), -ONLINE_SECONDS));
      this.countAgainAt = begun + (performance.now() - begun) / SHARE_OF_TIME;
    }
    await this.userCounts.fold();
  }
}
