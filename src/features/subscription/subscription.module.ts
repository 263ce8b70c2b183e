import { type DynamicModule, Module } from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import { UsersServicesModule } from '../users/index.js';
import { SubscriptionController } from './subscription.controller.js';
import { SubscriptionServicesModule } from './subscription-services.module.js';

@Module({
  imports: [SubscriptionServicesModule, UsersServicesModule],
  controllers: [SubscriptionController],
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
