export { NotificationsJobsModule } from './notifications-jobs.module.js';
export { NotificationsModule } from './notifications.module.js';
