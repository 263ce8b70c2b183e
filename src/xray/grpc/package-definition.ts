import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { ProtoGrpcType } from '../../generated/xray.js';

/** The core's services and messages, loaded once for the whole process. 64-bit integers are decimal strings. */
export const { xray } = load();

function load(): ProtoGrpcType {
  const definition = loadSync('xray.proto', {
    includeDirs: [protoFolder()],
    keepCase: true,
    longs: String,
    defaults: true,
  });
  return loadPackageDefinition(definition) as unknown as ProtoGrpcType;
}

/** `proto/` lies at the root of the project, above the sources and above the build. */
function protoFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'proto', 'xray.proto'))) {
    if (dirname(folder) === folder) throw new Error('The folder proto/ is missing from this installation');
    folder = dirname(folder);
  }
  return join(folder, 'proto');
}
