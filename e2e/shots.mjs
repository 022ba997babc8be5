// Pictures of every page in every state, and one page that shows them all, for people to look at.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { launch, pages, serve, ways } from './browser.mjs'

const out = process.argv[2]
if (!out) throw new Error('usage: node shots.mjs FOLDER')

const kinds = {
  desktop: ways.desktop,
  phone: { viewport: { width: 375, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
  dark: ways.dark,
  print: { viewport: { width: 794, height: 1123 } }
}

const [browser, site] = await Promise.all([launch(), serve()])
await mkdir(out, { recursive: true })
await Promise.all(Object.entries(kinds).map(async ([kind, options]) => {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  if (kind === 'print') await page.emulateMedia({ media: 'print' })
  for (const name of pages) {
    await page.goto(`${site.base}/${name}`)
    await page.screenshot({ path: join(out, `${name}.${kind}.png`), fullPage: true })
  }
}))
await browser.close()
site.close()

const figure = (name, kind) => `<figure><a href="${name}.${kind}.png"><img src="${name}.${kind}.png" alt="${name}, ${kind}" loading="lazy"></a><figcaption>${kind}</figcaption></figure>`
const section = (name) => `<section><h2>${name}</h2><div>${Object.keys(kinds).map((kind) => figure(name, kind)).join('')}</div></section>`
await writeFile(join(out, 'index.html'), `<!DOCTYPE html><html lang="en-GB"><meta charset="utf-8"><title>All states</title>
<style>body{font-family:system-ui;margin:1rem}div{display:flex;gap:1rem;align-items:start}figure{margin:0}img{max-width:22rem;max-height:40rem;border:1px solid #888}</style>
<h1>All states</h1>${pages.map(section).join('')}</html>`)
console.log(`${pages.length} pages in ${Object.keys(kinds).length} ways: ${join(out, 'index.html')}`)
