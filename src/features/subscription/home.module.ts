import { Module } from '@nestjs/common';
import { HomeController } from './home.controller.js';
import { SubscriptionModule } from './subscription.module.js';

/** The page at `/`: it is no subscription, but made of the same templates. */
@Module({ imports: [SubscriptionModule], controllers: [HomeController] })
export class HomeModule {}
