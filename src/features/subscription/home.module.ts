import { Module } from '@nestjs/common';
import { HomeController } from './home.controller.js';
import { SubscriptionServicesModule } from './subscription-services.module.js';
import { TemplateStatusController } from './templates/template-status.controller.js';

/** What is no subscription, but about the same templates: the page at `/`, and whether the templates work. */
@Module({ imports: [SubscriptionServicesModule], controllers: [HomeController, TemplateStatusController] })
export class HomeModule {}
