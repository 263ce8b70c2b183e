import { Module } from '@nestjs/common';
import { HomeController } from './home.controller.js';
import { SubscriptionModule } from './subscription.module.js';
import { TemplateStatusController } from './templates/template-status.controller.js';

/** What is no subscription, but about the same templates: the page at `/`, and whether the templates work. */
@Module({ imports: [SubscriptionModule], controllers: [HomeController, TemplateStatusController] })
export class HomeModule {}
