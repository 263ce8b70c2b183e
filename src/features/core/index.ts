export { type ActiveCoreConfig, CoreConfigs } from './core-configs.js';
export { CoreModule } from './core.module.js';
export { CoreService } from './core.service.js';
export { CoreServicesModule } from './core-services.module.js';
export { CoreTrials } from './core-trials.js';
export type { CoreConfig } from './read-core-config.js';
