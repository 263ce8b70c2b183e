export { CoreUsersRepository } from './core-users.repository.js';
export type { User } from './domain/user.js';
export { SubscriptionUserDto } from './dto/user-response.dto.js';
export { OwnedUser, TargetUser } from './owned-user.guard.js';
export { UserPresenter } from './user-presenter.js';
export { UsersModule } from './users.module.js';
export { UsersService } from './users.service.js';
