import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { Response } from 'express';
import { sendPage } from './subscription.mapper.js';
import { ClientTemplates } from './templates/client-templates.js';

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Margrave</title>
<style>
body { margin: 0; min-height: 100vh; display: grid; place-content: center; text-align: center;
  font: 1rem/1.5 system-ui, sans-serif; color-scheme: light dark; }
h1 { margin: 0; font-weight: 500; }
p { margin: .5rem; opacity: .7; }
</style>
</head>
<body>
<h1>Margrave</h1>
<p>This server is up.</p>
</body>
</html>
`;

const SECURITY_POLICY = "default-src 'none';style-src 'unsafe-inline';frame-ancestors 'none'";

/** What a browser finds at the address of the service: the operator's page, else one that tells strangers nothing. */
@Controller()
export class HomeController {
  constructor(private readonly templates: ClientTemplates) {}

  @Get()
  @ApiOperation({ summary: 'The home page' })
  @ApiOkResponse({
    description: 'Success',
    content: { 'text/html': { schema: { type: 'string' } } },
  })
  base(@Res() response: Response): void {
    const own = this.templates.current().home();
    const page = own === undefined ? { html: PAGE, securityPolicy: SECURITY_POLICY } : { html: own };
    sendPage(response, page);
  }
}
