export type { Admin } from './admin.js';
export { AnyAdmin, CurrentAdmin, SudoOnly, TargetAdmin, WithTargetAdmin } from './admins.decorators.js';
export { AdminDto } from './admins.dto.js';
export { AdminGuard, SudoGuard } from './admins.guards.js';
export { toAdminDto } from './admins.mapper.js';
export { AdminsModule } from './admins.module.js';
export type { Credentials } from './admins.repository.js';
export { AdminsService } from './admins.service.js';
