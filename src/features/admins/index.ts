export { AdminAccess } from './admin-access.js';
export { type Actor, actorOf, SYSTEM, toldBy } from './actor.js';
export type { Admin } from './admin.js';
export {
  AnyAdmin,
  CurrentActor,
  CurrentAdmin,
  SudoOnly,
  TargetAdmin,
  WithTargetAdmin,
} from './admins.decorators.js';
export { TokenRefused } from './admins.errors.js';
export { AdminDto } from './admins.dto.js';
export { AdminGuard, SudoGuard } from './admins.guards.js';
export { isDiscordWebhook } from './domain/discord-webhook.js';
export { toAdminDto } from './admins.mapper.js';
export { AdminsJobsModule } from './admins-jobs.module.js';
export { AdminsModule } from './admins.module.js';
export { AdminsServicesModule } from './admins-services.module.js';
export type { Credentials } from './admins.repository.js';
export { readAdminChange, readAdminOrder } from './read-orders.js';
export { AdminsService } from './admins.service.js';
