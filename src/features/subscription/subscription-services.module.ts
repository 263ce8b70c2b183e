import { Module } from '@nestjs/common';
import { HostsServicesModule } from '../hosts/index.js';
import { UsersServicesModule } from '../users/index.js';
import { FetchRecorder } from './fetch-recorder.js';
import { FetchesRepository } from './fetches.repository.js';
import { SubscriptionPages } from './subscription-pages.service.js';
import { SubscriptionService } from './subscription.service.js';
import { ClientTemplates } from './templates/client-templates.js';

@Module({
  imports: [HostsServicesModule, UsersServicesModule],
  providers: [SubscriptionService, SubscriptionPages, ClientTemplates, FetchRecorder, FetchesRepository],
  exports: [SubscriptionService, SubscriptionPages, ClientTemplates],
})
export class SubscriptionServicesModule {}
