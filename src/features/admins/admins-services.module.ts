import { Global, Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { Secrets } from '../../shared/secrets/secrets.js';
import { AdminAccess } from './admin-access.js';
import { AdminDirectory } from './admin-directory.js';
import { AdminTokenKeys } from './admin-token-keys.js';
import { AdminTokenStrategy } from './admin-token.strategy.js';
import { AdminTokens } from './admin-tokens.js';
import { AdminsRepository } from './admins.repository.js';
import { AdminsService } from './admins.service.js';
import { KnownLoginsRepository } from './known-logins.repository.js';
import { LoginActivity } from './login-activity.js';
import { LoginFailuresRepository } from './login-failures.repository.js';
import { LoginService } from './login.service.js';
import { PasswordChecks } from './password-checks.js';
import { PasswordStrategy } from './password.strategy.js';

/** Global, because every other feature has routes behind its guards, and users have owners. */
@Global()
@Module({
  imports: [
    PassportModule,
    JwtModule.registerAsync({
      inject: [Secrets],
      useFactory: (secrets: Secrets) => ({
        secret: secrets.adminTokens,
        signOptions: { algorithm: 'HS256' },
      }),
    }),
  ],
  providers: [
    AdminsRepository,
    AdminAccess,
    AdminDirectory,
    AdminTokens,
    AdminTokenKeys,
    AdminTokenStrategy,
    AdminsService,
    KnownLoginsRepository,
    LoginActivity,
    LoginFailuresRepository,
    LoginService,
    PasswordChecks,
    PasswordStrategy,
  ],
  // The directory and the tokens are what the guards need: Nest makes a guard anew in each module that uses it.
  exports: [AdminAccess, AdminDirectory, AdminTokens, AdminsService, LoginService],
})
export class AdminsServicesModule {}
