export { HostsModule } from './hosts.module.js';
export { HostsService } from './hosts.service.js';
