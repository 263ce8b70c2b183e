import { Injectable } from '@nestjs/common';
import { Activities } from '../../shared/activity/activities.js';
import { Database } from '../../shared/database/database.js';
import { SecretStore } from '../../shared/secrets/secret-store.js';
import { AdminsService } from '../admins/index.js';
import { CoreService } from '../core/index.js';
import { ImportsRepository } from './imports.repository.js';

/** An installation of ours, to import into. */
@Injectable()
export class ImportTarget {
  constructor(
    readonly db: Database,
    readonly imports: ImportsRepository,
    readonly secrets: SecretStore,
    readonly core: CoreService,
    readonly admins: AdminsService,
    readonly activities: Activities,
  ) {}
}
