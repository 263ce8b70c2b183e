export { CoreUsersRepository } from './core-users.repository.js';
export { UsersModule } from './users.module.js';
