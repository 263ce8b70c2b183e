export { NodesControlModule } from './nodes-control.module.js';
export { NodesModule } from './nodes.module.js';
export { NodesServicesModule } from './nodes-services.module.js';
export type { TrafficTotals } from './nodes.repository.js';
export { NodesService } from './nodes.service.js';
