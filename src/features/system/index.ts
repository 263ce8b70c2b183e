export { SystemJobsModule } from './system-jobs.module.js';
export { SystemModule } from './system.module.js';
