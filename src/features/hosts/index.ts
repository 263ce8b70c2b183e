export { RandomDice } from './dice.js';
export { HostsModule } from './hosts.module.js';
export { HostsServicesModule } from './hosts-services.module.js';
export { HostsService } from './hosts.service.js';
