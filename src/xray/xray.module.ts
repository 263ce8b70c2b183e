import { Global, Module } from '@nestjs/common';
import { searchPath } from '../config/environment.js';
import { Config } from '../config/config.js';
import { findXray, xrayCandidates } from './process/executable.js';
import { LocalXray } from './local-xray.js';

@Global()
@Module({
  providers: [
    {
      provide: LocalXray,
      inject: [Config],
      useFactory: async ({ xray, dataDir }: Config) =>
        new LocalXray(await findXray(xrayCandidates({ ...xray, dataDir, searchPath: searchPath() }))),
    },
  ],
  exports: [LocalXray],
})
export class XrayModule {}
