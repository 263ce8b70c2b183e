export { CLIENT_TYPES, type ClientType } from './domain/client-format.js';
export { HomeModule } from './home.module.js';
export { SubscriptionServicesModule } from './subscription-services.module.js';
export { SubscriptionService } from './subscription.service.js';
export { SubscriptionModule } from './subscription.module.js';
