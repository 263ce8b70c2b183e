import { type DynamicModule, Module } from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import { HostsServicesModule } from '../hosts/index.js';
import { UsersServicesModule } from '../users/index.js';
import { FetchRecorder } from './fetch-recorder.js';
import { FetchesRepository } from './fetches.repository.js';
import { SubscriptionController } from './subscription.controller.js';
import { SubscriptionPages } from './subscription-pages.service.js';
import { SubscriptionService } from './subscription.service.js';
import { ClientTemplates } from './templates/client-templates.js';

@Module({
  imports: [HostsServicesModule, UsersServicesModule],
  controllers: [SubscriptionController],
  providers: [SubscriptionService, SubscriptionPages, ClientTemplates, FetchRecorder, FetchesRepository],
  exports: [ClientTemplates],
})
export class SubscriptionModule {
  /** With its routes under `/<path>/`. */
  static at(path: string): DynamicModule {
    return {
      module: SubscriptionModule,
      imports: [RouterModule.register([{ path, module: SubscriptionModule }])],
    };
  }
}
