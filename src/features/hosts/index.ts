export { RandomDice } from './dice.js';
export { HostsModule } from './hosts.module.js';
export { HostsService } from './hosts.service.js';
