import { Injectable } from '@nestjs/common';
import { NodesRepository, type TrafficTotals } from './nodes.repository.js';

@Injectable()
export class NodesService {
  constructor(private readonly nodes: NodesRepository) {}

  /** Bytes that went out of and came into all cores since ever, the local one and deleted ones included. */
  trafficTotals(): Promise<TrafficTotals> {
    return this.nodes.trafficTotals();
  }
}
