// What the tests and the shots share: the folder of the gallery, a server for it, the browser, and the ways to look at a page.

import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import { extname, join, normalize } from 'node:path'
import { chromium } from 'playwright-core'

export const folder = process.env.CPIS_GALLERY
if (!folder) throw new Error('CPIS_GALLERY names no folder; run `cargo xtask test` or `cargo xtask shots`')

export const { pages, people } = JSON.parse(await readFile(join(folder, 'gallery.json'), 'utf8'))

const TYPES = { '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml' }

// As strict as a service could be: whatever a page breaks of it shows as an error in the console.
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/** Serves the folder on a free port. */
export async function serve () {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, 'http://localhost').pathname)
    const file = extname(path) ? path : `${path}.html`
    try {
      const bytes = await readFile(join(folder, file))
      response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'content-security-policy': POLICY, 'cache-control': 'no-store' })
      response.end(bytes)
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { base: `http://127.0.0.1:${server.address().port}`, close: () => server.close() }
}

export function launch () {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage', '--font-render-hinting=none'] })
}

/** The ways in which every page is looked at. 400 % of a screen 1280 wide leaves 320 by 256. */
export const ways = {
  desktop: { viewport: { width: 1280, height: 900 } },
  narrow: { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true },
  zoomed: { viewport: { width: 320, height: 256 }, deviceScaleFactor: 4 },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
  'forced colours': { viewport: { width: 1280, height: 900 }, forcedColors: 'active' },
  'without script': { viewport: { width: 1280, height: 900 }, javaScriptEnabled: false }
}
