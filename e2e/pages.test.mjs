// Every page of the gallery in a real browser: axe, narrow and dark screens, forced colours, no script, keyboard, print.

import { after, before, describe, test } from 'node:test'
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { launch, pages, people, serve, ways } from './browser.mjs'
import { keyboardWalk } from './keyboard.mjs'

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
// What depends on colours alone: the dark screen and forced colours have the document and the layout of the wide one.
const COLOURS = ['color-contrast', 'link-in-text-block']
const answers = ['answer-record', 'answer-none', 'answer-cannot-tell']

let browser
let site
before(async () => { [browser, site] = await Promise.all([launch(), serve()]) })
after(async () => { await browser?.close(); site?.close() })

/**
 * Opens every page in one way and collects what `judge` finds wrong; a page that complains in the console is wrong too. Each page has
 * `script` before its own: by the debugger's way and not as a script element, which its policy refuses.
 */
async function walk (way, judge, names = pages, script = undefined) {
  const context = await browser.newContext(ways[way])
  if (script) await context.addInitScript(script)
  const faults = []
  const queue = [...names]
  await Promise.all([1, 2].map(async () => {
    const page = await context.newPage()
    let complaints = []
    page.on('console', (message) => { if (message.type() === 'error') complaints.push(message.text()) })
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('request', (request) => { if (!request.url().startsWith(site.base)) complaints.push(`asks ${request.url()}`) })
    for (let name = queue.shift(); name; name = queue.shift()) {
      complaints = []
      await page.goto(`${site.base}/${name}`)
      const found = await judge(page, name)
      faults.push(...[...complaints, ...found].map((fault) => `${name}: ${fault}`))
    }
  }))
  await context.close()
  assert.equal(faults.length, 0, `\n${faults.join('\n')}`)
}

async function axeFaults (page, rules = TAGS) {
  // No rule here needs style sheets or sound and film fetched a second time.
  const { violations } = await page.evaluate((rules) => window.axe.run(document, { runOnly: rules, resultTypes: ['violations'], preload: false }), rules)
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `axe ${id} at ${node.target.join(' ')}: ${node.failureSummary.split('\n').slice(1).join(' ')}`))
}

/** Text must not run off the screen sideways. */
function sideways (page) {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth
    if (document.documentElement.scrollWidth <= width) return []
    const wide = [...document.querySelectorAll('body *')].filter((element) => element.getBoundingClientRect().right > width + 1)
    return [`scrolls sideways: ${document.documentElement.scrollWidth} in ${width}; ${wide.slice(-1).map((element) => element.outerHTML.slice(0, 120))}`]
  })
}

async function frame (page) {
  const faults = []
  const title = await page.title()
  if (/(\d\s*){10}/.test(title)) faults.push(`a number in the title ${title}`)
  if (people.some((name) => title.includes(name))) faults.push(`a name in the title ${title}`)
  if (title === 'broken') faults.push('a name ran as script')
  const headings = await page.locator('h1').count()
  if (headings !== 1) faults.push(`${headings} headings of level 1`)
  return faults
}

/** Faults of a page on paper; the way that was before is put back. */
async function paper (page) {
  const faults = []
  const signedIn = await page.locator('.nhsuk-header__account').count()
  const mark = page.locator('.cpis-watermark')
  await page.emulateMedia({ media: 'print' })
  if (signedIn && !(await mark.isVisible())) faults.push('has no watermark')
  if (signedIn && !/^Printed by .+, \d{1,2} \w+ \d{4}, \d\d:\d\d\. Do not file where a parent can read it\.$/.test(await mark.innerText())) faults.push('the watermark says something else')
  if (await page.locator('header').isVisible()) faults.push('prints the header')
  await page.emulateMedia({ media: 'screen' })
  if (signedIn && await mark.isVisible()) faults.push('shows the watermark on the screen')
  return faults
}

/** Faults of a page on a wide screen, then of the same page as other people see it: each begins with its way. */
async function wide (page) {
  const found = [['on a wide screen', [...await frame(page), ...await sideways(page), ...await axeFaults(page)]]]
  for (const [way, media] of [['dark', { colorScheme: 'dark' }], ['forced colours', { colorScheme: 'light', forcedColors: 'active' }]]) {
    await page.emulateMedia(media)
    found.push([way, [...await sideways(page), ...await axeFaults(page, COLOURS)]])
  }
  await page.emulateMedia({ forcedColors: 'none' })
  found.push(['on paper', await paper(page)], ['by keyboard', await keyboardWalk(page)])
  return found.flatMap(([way, faults]) => faults.map((fault) => `${way}: ${fault}`))
}

describe('every page', { concurrency: false }, () => {
  test('on a wide screen, dark, in forced colours, on paper, by keyboard', () => walk('desktop', wide, pages, axe))

  test('on a narrow screen', () => walk('narrow', async (page) => [...await sideways(page), ...await axeFaults(page)], pages, axe))

  test('at 400 % zoom', () => walk('zoomed', sideways))

  test('without script', () => walk('without script', async (page) => {
    const faults = [...await frame(page), ...await sideways(page)]
    for (const closed of await page.locator('details:not([open]) > summary').all()) await closed.click()
    for (const control of await page.locator('main :is(button, input:not([type=hidden]), select, textarea):not([data-print])').all()) {
      const box = await control.boundingBox()
      if (!box || box.width < 8 || box.height < 8) faults.push(`cannot reach ${await control.evaluate((element) => element.outerHTML.slice(0, 100))}`)
    }
    if (await page.locator('[data-print]:visible').count()) faults.push('offers to print, which needs script')
    return faults
  }))
})

describe('the three answers', { concurrency: false }, () => {
  for (const way of ['desktop', 'narrow', 'dark', 'forced colours']) {
    test(`cannot be confused: ${way}`, async () => {
      const seen = []
      await walk(way, async (page) => {
        seen.push(await page.locator('[data-answer]').evaluate((banner) => {
          const style = getComputedStyle(banner)
          return {
            headline: banner.querySelector('h1').innerText,
            icon: banner.querySelector('svg').dataset.icon,
            drawing: banner.querySelector('svg').innerHTML,
            shape: [style.borderTopStyle, style.borderTopLeftRadius, style.borderLeftWidth, style.borderTopWidth].join(' ')
          }
        }))
        return []
      }, answers)
      for (const sign of ['headline', 'icon', 'drawing', 'shape']) {
        assert.equal(new Set(seen.map((answer) => answer[sign])).size, 3, `${sign}: ${seen.map((answer) => answer[sign])}`)
      }
    })
  }

  test('the list and the timeline hold the same', async () => {
    await walk('desktop', async (page) => {
      const times = (selector) => page.locator(selector).evaluateAll((found) => found.map((time) => time.dateTime))
      assert.deepEqual(await times('.cpis-timeline time'), await times('.cpis-access-table time'))
      return []
    }, ['answer-record', 'answer-record-script'])
  })

  test('the number that is open now comes first and can be called', async () => {
    await walk('narrow', async (page) => {
      const first = page.locator('.cpis-line').first()
      assert.match(await first.innerText(), /Open now/)
      assert.match(await first.locator('a').getAttribute('href'), /^tel:\d+$/)
      return []
    }, ['answer-record'])
  })
})

test('a screen without use goes blank and leaves', async () => {
  const context = await browser.newContext(ways.desktop)
  const page = await context.newPage()
  await page.clock.install()
  await page.goto(`${site.base}/answer-record`)
  await page.locator('.js-enabled').waitFor()
  await page.clock.runFor(200_000)
  await page.keyboard.press('Shift')
  await page.clock.runFor(200_000)
  assert.ok(page.url().endsWith('/answer-record'), 'use puts the end off')
  await page.clock.runFor(110_000)
  await page.waitForURL('**/session-ended')
  await context.close()
})

test('the library is started', async () => {
  const context = await browser.newContext(ways.desktop)
  const page = await context.newPage()
  await page.goto(`${site.base}/report-faults`)
  await page.locator('.nhsuk-error-summary:focus').waitFor()
  await page.locator('.nhsuk-character-count__message:visible', { hasText: /characters/ }).first().waitFor()
  await context.close()
})
