export { HomeModule } from './home.module.js';
export { SubscriptionModule } from './subscription.module.js';
