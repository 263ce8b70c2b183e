import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';

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

/** What a browser finds at the address of the service. It tells strangers nothing. */
@Controller()
export class HomeController {
  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header('Content-Security-Policy', "default-src 'none';style-src 'unsafe-inline';frame-ancestors 'none'")
  @ApiOperation({ summary: 'The home page' })
  @ApiOkResponse({
    description: 'Success',
    content: { 'text/html': { schema: { type: 'string' } } },
  })
  base(): string {
    return PAGE;
  }
}
