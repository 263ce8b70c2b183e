import { Module } from '@nestjs/common';
import { DeliveriesRepository } from './deliveries.repository.js';
import { ForgettingRepository } from './forgetting.repository.js';
import { DeliverNotificationsJob } from './jobs/deliver-notifications.job.js';
import { ForgetNotificationsJob } from './jobs/forget-notifications.job.js';
import { NoticeSender } from './notice-sender.js';
import { NotificationsServicesModule } from './notifications-services.module.js';
import { TargetLog } from './target-log.js';

@Module({
  imports: [NotificationsServicesModule],
  providers: [
    DeliveriesRepository,
    DeliverNotificationsJob,
    ForgetNotificationsJob,
    ForgettingRepository,
    NoticeSender,
    TargetLog,
  ],
})
export class NotificationsJobsModule {}
