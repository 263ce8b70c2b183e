export type { JobDto } from './jobs.dto.js';
export { toJobDto } from './jobs.mapper.js';
export { JobsService } from './jobs.service.js';
export { SystemJobsModule } from './system-jobs.module.js';
export { SystemModule } from './system.module.js';
export { SystemServicesModule } from './system-services.module.js';
