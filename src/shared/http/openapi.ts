import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { documentedError } from './api-errors.js';
import { type Kind, namedEnums, nestedClasses } from './fields.js';

const DESCRIPTION =
  'Control plane for Xray proxy fleets. The API is that of Marzban 0.8.4: its clients, bots and SDKs work unchanged.';

interface Operation {
  operationId?: string;
  summary?: string;
  requestBody?: unknown;
  responses: Record<string, unknown>;
}

/** What any body can meet with before anybody looks into it. */
const BODY_ERRORS = { 400: documentedError('bad_request'), 413: documentedError('too_large') };

/** Writes the API document from the controllers. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const outline = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Margrave')
    .setVersion('0.8.4') // of the contract, which some clients look at
    .setDescription(DESCRIPTION)
    .addOAuth2(
      { type: 'oauth2', flows: { password: { tokenUrl: '/api/admin/token', scopes: {} } } },
      'OAuth2PasswordBearer',
    )
    .build();
  const document = SwaggerModule.createDocument(app, outline, {
    autoTagControllers: false,
    operationIdFactory: (_controller, method) => toSnakeCase(method),
    extraModels: [...nestedClasses].map((type) => type()),
  });
  const described = writeKinds(document) as OpenAPIObject;
  described.components!.schemas = { ...described.components?.schemas, ...Object.fromEntries(namedEnums) };
  for (const operation of Object.values(described.paths).flatMap(
    (path) => Object.values(path) as Operation[],
  )) {
    operation.summary ??= operation.operationId?.replaceAll('_', ' ');
    if (operation.requestBody !== undefined) {
      operation.responses = { ...BODY_ERRORS, ...operation.responses };
    }
  }
  return described;
}

function toSnakeCase(method: string): string {
  return method.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
}

/** The document with each kind's own schema where `describedBy` left the kind. */
function writeKinds(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(writeKinds);
  if (typeof node !== 'object' || node === null) return node;
  const { 'x-kind': kind, schema, ...rest } = node as { 'x-kind'?: Kind; schema?: unknown; in?: string };
  if (kind) {
    // A query parameter keeps its schema apart, a property is one.
    if (rest.in === undefined) return kind.schema();
    const { name, in: place, required } = rest as { name?: string; in: string; required?: boolean };
    const { description, ...own } = kind.schema();
    return { name, in: place, required, ...(description === undefined ? {} : { description }), schema: own };
  }
  const written = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, writeKinds(value)]));
  return schema === undefined ? written : { ...written, schema: writeKinds(schema) };
}
