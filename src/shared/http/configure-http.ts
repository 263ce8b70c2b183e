import type { Server } from 'node:http';
import { HttpStatus, type INestApplication } from '@nestjs/common';
import { HTTP_CODE_METADATA, METHOD_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule } from '@nestjs/swagger';
import type { CorsOptions } from '@nestjs/common/interfaces/external/cors-options.interface.js';
import type { Express, NextFunction, Request, Response } from 'express';
import helmet, { type HelmetOptions } from 'helmet';
import type { Config } from '../../config/config.js';
import { BodyReader } from './body-reader.js';
import { boundClients, boundServer } from './bound-clients.js';
import { ErrorFilter } from './error.filter.js';
import { openApiDocument } from './openapi.js';
import { strictRoutes } from './routes.js';
import { ApiValidationPipe } from './validation.pipe.js';

const METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

/** Everything about HTTP that is the same for all routes. Before `app.init()`, on an app made with `ApiAdapter`. */
export function configureHttp(app: NestExpressApplication, config: Config): void {
  const express = app.getHttpAdapter().getInstance() as Express;
  app.set('trust proxy', config.trustedProxies);
  boundServer(app.getHttpServer() as Server);
  app.use(boundClients);
  protect(app);
  allowOrigins(app, config.allowedOrigins);
  app.use(strictRoutes(express));
  app.useGlobalInterceptors(new BodyReader());
  app.useGlobalPipes(new ApiValidationPipe());
  app.useGlobalFilters(new ErrorFilter(config.validationErrors));
  answerOk(app);
  if (config.docs) serveDocs(app);
}

/** What a browser must not do with JSON. The rest of helmet's headers is about pages, and would be on every answer. */
const HEADERS: HelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
  crossOriginResourcePolicy: { policy: 'cross-origin' }, // who may read is up to CORS
  strictTransportSecurity: false, // the proxy in front decides about TLS, also for its other hosts
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xFrameOptions: false, // frame-ancestors says the same
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
};

/** The documentation page brings its own scripts and styles, some of them inline. */
const DOCS_HEADERS: HelmetOptions = {
  ...HEADERS,
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      scriptSrc: ["'self'", "'unsafe-inline'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      frameAncestors: ["'none'"],
    },
  },
};

function protect(app: NestExpressApplication): void {
  const usual = helmet(HEADERS);
  const docs = helmet(DOCS_HEADERS);
  app.use((request: Request, response: Response, next: NextFunction) =>
    (request.path.startsWith('/docs') ? docs : usual)(request, response, next),
  );
}

/**
 * Lets browsers of the allowed origins in. With `*` without credentials: the API takes its token from a header, so
 * cookies of other sites have no business here.
 */
function allowOrigins(app: NestExpressApplication, origins: readonly string[]): void {
  const anyone = origins.includes('*');
  app.enableCors((request: Request, done: (error: null, options: CorsOptions) => void) =>
    done(null, {
      // Without an origin nobody asks on behalf of another site.
      origin: request.headers.origin === undefined ? false : anyone ? '*' : [...origins],
      credentials: !anyone,
      methods: METHODS,
      maxAge: 600,
      optionsSuccessStatus: HttpStatus.OK,
      // An OPTIONS without this is no preflight, but a request for a method the API does not have.
      preflightContinue: request.headers['access-control-request-method'] === undefined,
    }),
  );
}

/** Makes 200 the status of every handler that names no other: Nest would answer a POST with 201. */
function answerOk(app: INestApplication): void {
  for (const { controllers } of app.get(ModulesContainer).values()) {
    for (const { metatype } of controllers.values()) {
      const prototype = (metatype as { prototype: object }).prototype;
      for (const { value } of Object.values(Object.getOwnPropertyDescriptors(prototype))) {
        if (typeof value !== 'function' || !Reflect.hasMetadata(METHOD_METADATA, value)) continue;
        if (!Reflect.hasMetadata(HTTP_CODE_METADATA, value)) {
          Reflect.defineMetadata(HTTP_CODE_METADATA, HttpStatus.OK, value);
        }
      }
    }
  }
}

function serveDocs(app: NestExpressApplication): void {
  SwaggerModule.setup('docs', app, () => openApiDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Margrave API',
  });
}
