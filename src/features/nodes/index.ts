export { NodesModule } from './nodes.module.js';
export type { TrafficTotals } from './nodes.repository.js';
export { NodesService } from './nodes.service.js';
