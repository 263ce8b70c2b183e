import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { ProtoGrpcType } from '../../generated/xray.js';

/** Loaded once for the whole process. 64-bit integers are decimal strings. */
export const packageDefinition = loadSync('xray.proto', {
  includeDirs: [protoFolder()],
  keepCase: true,
  longs: String,
  defaults: true,
});

/** The core's services and messages. */
export const { xray } = loadPackageDefinition(packageDefinition) as unknown as ProtoGrpcType;

/** `proto/` lies at the root of the project, above the sources and above the build. */
function protoFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'proto', 'xray.proto'))) {
    if (dirname(folder) === folder) throw new Error('The folder proto/ is missing from this installation');
    folder = dirname(folder);
  }
  return join(folder, 'proto');
}
