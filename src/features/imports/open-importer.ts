import type { Type } from '@nestjs/common';
import { searchPath } from '../../config/environment.js';
import type { Config } from '../../config/config.js';
import { SETTINGS } from '../../config/settings/index.js';
import { DROPPED } from '../../config/unused-settings.js';
import { LocalXray } from '../../xray/local-xray.js';
import { findXray, xrayCandidates } from '../../xray/process/executable.js';
import { CoreTrials } from '../core/index.js';
import { carrySettings } from './domain/settings.js';
import { ImportTarget } from './import-target.js';
import { Importer } from './importer.js';
import { settingProblems } from './source/check-settings.js';

/** The services of an installation that is there. */
export interface There {
  get<T>(service: Type<T>): T;
  /** For people. */
  database: string;
}

/** What imports into an installation; into none it can but try. */
export async function openImporter(config: Config, there: There | undefined): Promise<Importer> {
  if (there) return new Importer(config, there.get(CoreTrials), there.get(ImportTarget), there.database);
  const { xray, dataDir } = config;
  const local = new LocalXray(await findXray(xrayCandidates({ ...xray, dataDir, searchPath: searchPath() })));
  return new Importer(config, new CoreTrials(config, local), undefined, 'a new installation');
}

/** What a Marzban's settings become, and what there is to say of them. */
export function carriedSettings(
  settings: ReadonlyMap<string, string>,
  { auth }: Config,
): { env: string; warnings: string[] } {
  const { env, values, withoutEffect } = carrySettings(settings, {
    all: SETTINGS,
    dropped: DROPPED,
    database: Object.fromEntries(Object.entries(SETTINGS).filter(([name]) => name.startsWith('DATABASE_'))),
  });
  const warnings = [
    ...withoutEffect.map(({ name, why }) => `The setting ${name} has no effect here: ${why}.`),
    ...settingProblems(values).map((problem) => `A setting that this service does not take: ${problem}`),
  ];
  const sudo = settings.get('SUDO_USERNAME');
  if (sudo && sudo !== auth.sudo?.username) {
    warnings.push(
      `SUDO_USERNAME is ${JSON.stringify(sudo)} there and ${JSON.stringify(auth.sudo?.username ?? '')} here: users of that admin had no owner, and have none here.`,
    );
  }
  const minutes = Number(settings.get('JWT_ACCESS_TOKEN_EXPIRE_MINUTES') ?? '1440');
  if (minutes <= 0) {
    warnings.push(
      'Tokens of admins were valid for ever (JWT_ACCESS_TOKEN_EXPIRE_MINUTES): those that bots hold go on working here, also when the setting is another one now. A new password ends those of an admin.',
    );
  }
  return { env, warnings };
}
