export { type ActiveCoreConfig, CoreConfigs } from './core-configs.js';
export { CoreModule } from './core.module.js';
export { CoreServicesModule } from './core-services.module.js';
