import { Global, Module } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import { AdminDirectory } from './admin-directory.js';
import { AdminTokenStrategy } from './admin-token.strategy.js';
import { AdminTokens } from './admin-tokens.js';
import { AdminsRepository } from './admins.repository.js';

/** Global, because every other feature has routes behind its guards. */
@Global()
@Module({
  imports: [PassportModule],
  providers: [AdminsRepository, AdminDirectory, AdminTokens, AdminTokenStrategy],
  // What the guards need: Nest makes them anew in each module that uses them.
  exports: [AdminDirectory, AdminTokens],
})
export class AdminsModule {}
