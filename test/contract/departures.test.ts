import { describe, expect, it } from 'vitest';
import type { ApiDocument } from '../support/api-document.js';
import { readContract } from './contract.js';
import { departures } from './departures.js';

const ADMIN = 'GET /api/admin';
const USERS = 'GET /api/users';

function after(change: (document: ApiDocument) => void): string[] {
  const document = readContract();
  change(document);
  return departures(readContract(), document);
}

const getAdmin = ({ paths }: ApiDocument) => paths['/api/admin']!.get!;
const getUsers = ({ paths }: ApiDocument) => paths['/api/users']!.get!;
const login = ({ paths }: ApiDocument) => paths['/api/admin/token']!.post!;
const nodes = ({ components }: ApiDocument) => components.schemas.NodeCreate!;

describe('an API departs from the contract', () => {
  it.each<[string, (document: ApiDocument) => void, string[]]>([
    ['in nothing when it is the contract', () => undefined, []],
    ['with an operation missing', ({ paths }) => delete paths['/api/admin']!.get, [`${ADMIN}: is missing`]],
    [
      'with a path spelled otherwise',
      ({ paths }) => {
        paths['/sub/{token}'] = paths['/sub/{token}/']!;
        delete paths['/sub/{token}/'];
      },
      ['GET /sub/{token}/: is missing'],
    ],
    [
      'with another id',
      (document) => (getAdmin(document).operationId = 'x'),
      [`${ADMIN}, operationId: should be "get_current_admin", is "x"`],
    ],
    [
      'with another tag',
      (document) => (getAdmin(document).tags = []),
      [`${ADMIN}, tags: should be ["Admin"], is []`],
    ],
    [
      'with an open door',
      (document) => (getAdmin(document).security = []),
      [`${ADMIN}, security: should be ["{\\"OAuth2PasswordBearer\\":[]}"], is []`],
    ],
    [
      'with a parameter missing',
      (document) => (getUsers(document).parameters = getUsers(document).parameters!.slice(1)),
      [
        `${USERS}, parameters, query offset: should be {"required":false,"schema":{"type":"integer"}}, is nothing`,
      ],
    ],
    [
      'with a parameter that becomes required',
      (document) => (getUsers(document).parameters![0]!.required = true),
      [`${USERS}, parameters, query offset, required: should be false, is true`],
    ],
    [
      'with a new parameter that is required',
      (document) =>
        getUsers(document).parameters!.push({ name: 'x', in: 'query', required: true, schema: {} }),
      [`${USERS}, parameters, query x: should be nothing, is {"required":true,"schema":{}}`],
    ],
    [
      'with a status missing',
      (document) => delete getAdmin(document).responses['401'],
      [expect.stringMatching(/^GET \/api\/admin, responses, 401: should be .*, is nothing$/) as string],
    ],
    [
      'with a header missing',
      (document) => delete getAdmin(document).responses['401']!.headers,
      [`${ADMIN}, responses, 401, headers, www-authenticate: should be {"type":"string"}, is nothing`],
    ],
    [
      'with another schema in a response',
      (document) =>
        (getAdmin(document).responses['200']!.content!['application/json']!.schema.$ref =
          '#/components/schemas/Token'),
      [
        `${ADMIN}, responses, 200, content, application/json, $ref: ` +
          'should be "#/components/schemas/Admin", is "#/components/schemas/Token"',
      ],
    ],
    [
      'with a body of another type',
      (document) =>
        (login(document).requestBody!.content = {
          'application/json': login(document).requestBody!.content['application/x-www-form-urlencoded']!,
        }),
      [
        'POST /api/admin/token, body, content, application/x-www-form-urlencoded: ' +
          'should be {"$ref":"#/components/schemas/Body_admin_token_api_admin_token_post"}, is nothing',
      ],
    ],
    [
      'with a body that may be left out',
      (document) => (login(document).requestBody!.required = false),
      ['POST /api/admin/token, body, required: should be true, is false'],
    ],
    [
      'with a schema missing',
      ({ components }) => delete components.schemas.Token,
      ['schema Token: is missing'],
    ],
    [
      'with a property missing',
      (document) => delete nodes(document).properties!.port,
      ['schema NodeCreate, properties, port: should be {"default":62050,"type":"integer"}, is nothing'],
    ],
    [
      'with a property more in an answer',
      ({ components }) => (components.schemas.NodeResponse!.properties!.x = {}),
      ['schema NodeResponse, properties, x: should be nothing, is {}'],
    ],
    [
      'with a property more that must be sent',
      (document) => {
        nodes(document).properties!.x = {};
        nodes(document).required!.push('x');
      },
      [
        'schema NodeCreate, properties, x: should be nothing, is {}',
        'schema NodeCreate, required: should be ["address","name"], is ["address","name","x"]',
      ],
    ],
    [
      'with another default',
      (document) => (nodes(document).properties!.port!.default = '62050'),
      ['schema NodeCreate, properties, port, default: should be 62050, is "62050"'],
    ],
    [
      'with null no longer allowed',
      ({ components }) => (components.schemas.Admin!.properties!.telegram_id = { type: 'integer' }),
      [
        'schema Admin, properties, telegram_id, anyOf: ' +
          'should be [{"type":"integer"},{"type":"null"}], is nothing',
        'schema Admin, properties, telegram_id, type: should be nothing, is "integer"',
      ],
    ],
    [
      'with a property that becomes required',
      ({ components }) => components.schemas.Admin!.required!.push('telegram_id'),
      ['schema Admin, required: should be ["is_sudo","username"], is ["is_sudo","telegram_id","username"]'],
    ],
    [
      'with an enumeration that grew',
      ({ components }) => components.schemas.ProxyTypes!.enum!.push('wireguard'),
      [
        'schema ProxyTypes, enum: should be ["shadowsocks","trojan","vless","vmess"], ' +
          'is ["shadowsocks","trojan","vless","vmess","wireguard"]',
      ],
    ],
    [
      'with keys of a map that are free',
      ({ components }) => delete components.schemas.UserTemplateModify!.properties!.inbounds!.propertyNames,
      [
        'schema UserTemplateModify, properties, inbounds, propertyNames: ' +
          'should be {"$ref":"#/components/schemas/ProxyTypes"}, is nothing',
      ],
    ],
    [
      'with another way to log in',
      ({ components }) => delete components.securitySchemes,
      [expect.stringMatching(/^security schemes: should be .*, is nothing$/) as string],
    ],
  ])('%s', (_, change, found) => {
    expect(after(change)).toEqual(found);
  });

  it.each<[string, (document: ApiDocument) => void]>([
    [
      'a word, an example, a name of the whole',
      (document) => {
        document.info.title = 'x';
        getAdmin(document).summary = 'x';
        nodes(document).description = 'x';
        Object.assign(nodes(document).properties!.port!, { title: 'x', examples: [1] });
      },
    ],
    [
      'the order of alternatives, values, fields',
      ({ components: { schemas } }) => {
        schemas.ProxyTypes!.enum!.reverse();
        schemas.Admin!.required!.reverse();
        schemas.Admin!.properties!.telegram_id!.anyOf!.reverse();
        schemas.Admin!.properties = Object.fromEntries(
          Object.entries(schemas.Admin!.properties!).toReversed(),
        );
      },
    ],
    [
      'operations, statuses, headers, content types, optional parameters, schemas of its own',
      (document) => {
        document.paths['/api/x'] = { get: getAdmin(document) };
        getAdmin(document).responses['404'] = {};
        getAdmin(document).responses['401']!.headers!['X-Other'] = { schema: {} };
        getAdmin(document).responses['200']!.content!['text/plain'] = { schema: {} };
        getUsers(document).parameters!.push({ name: 'x', in: 'query', schema: {} });
        document.components.schemas.X = {};
      },
    ],
    ['a property more that may be sent', (document) => (nodes(document).properties!.x = {})],
    [
      'a description of a body that the contract leaves open',
      ({ paths }) => {
        paths['/api/users/reset']!.post!.responses['200']!.content!['application/json']!.schema.type =
          'object';
      },
    ],
    [
      'the schemas of operations that are missing, as these are told of',
      (document) => {
        for (const path of Object.keys(document.paths))
          if (path.includes('node')) delete document.paths[path];
        delete document.components.schemas.NodeCreate;
      },
    ],
  ])('but not by %s', (_, change) => {
    expect(after(change).filter((line) => !line.includes('node'))).toEqual([]);
  });
});
