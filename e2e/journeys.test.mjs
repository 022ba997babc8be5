// The demo in a real browser: what its users do, from the sign-in to the acknowledgement. With and without script, by
// keyboard, and with axe on every page on the way.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import axe from 'axe-core'
import { chromium } from 'playwright-core'

const binary = process.env.CPIS_BINARY
if (!binary) throw new Error('CPIS_BINARY names no program; run `cargo xtask test`')

let folder, demo, ready, browser

/** Waits until a condition gives something. */
async function until (condition, what) {
  for (const deadline = Date.now() + 120_000; Date.now() < deadline;) {
    const found = await condition()
    if (found) return found
    await new Promise((resolve) => setImmediate(resolve))
  }
  throw new Error(`${what} did not come in two minutes`)
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cpis-journeys-'))
  const file = join(folder, 'ready.json')
  const arguments_ = ['demo', '--port', '0', '--people', '120', '--data-dir', join(folder, 'data'), '--ready-file', file]
  demo = spawn(binary, arguments_, { stdio: 'ignore' })
  const read = async () => { try { return JSON.parse(await readFile(file, 'utf8')) } catch { return null } }
  ready = await until(read, 'the ready file')
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
})

after(async () => {
  await browser?.close()
  if (demo) {
    const ended = new Promise((resolve) => demo.once('exit', resolve))
    demo.kill('SIGTERM')
    await ended
  }
  await rm(folder, { recursive: true, force: true })
})

/** A browser of somebody who signed in. Whatever a page breaks of its own policy fails the test. */
async function signedIn (who, options = {}) {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const broken = []
  page.on('console', (message) => { if (/Content Security Policy|ElementError/.test(message.text())) broken.push(message.text()) })
  page.on('pageerror', (error) => broken.push(error.message))
  const own = new URL(ready.web).origin
  page.on('request', (request) => {
    const origin = new URL(request.url()).origin
    if (origin !== own && origin !== ready.issuer) broken.push(`a request to ${origin}`)
  })
  await page.goto(ready.web)
  await page.locator('button[name=issuer]').first().click()
  await page.getByRole('button', { name: who }).click()
  return { context, page, broken }
}

async function begin (page) {
  if (new URL(page.url()).pathname === '/role') {
    await page.locator('input[name=role]').first().check()
    await page.getByRole('button', { name: 'Continue' }).click()
  }
  await page.locator('input[name=reason]').first().check()
  await page.locator('input[name=setting]').first().check()
  await page.getByRole('button', { name: 'Start' }).click()
}

async function open (page, number) {
  await page.goto(`${ready.web}/find`)
  await page.locator('#number').fill(number)
  await page.getByRole('button', { name: 'Find', exact: true }).click()
  await page.getByRole('button', { name: 'Open' }).click()
}

async function headline (page) {
  return (await page.locator('h1').first().textContent()).trim()
}

/** axe finds nothing, and neither the address nor the title says of whom the page is. */
async function isSound (page, script = true) {
  assert.doesNotMatch(page.url() + await page.title(), /999\s?\d{3}\s?\d{4}/)
  if (!script) return
  await page.evaluate(axe.source)
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
  const { violations } = await page.evaluate((tags) => globalThis.axe.run({ runOnly: tags }), tags)
  assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]), [], page.url())
}

const ways = {
  'on a wide screen': { viewport: { width: 1280, height: 900 } },
  'on a phone in the dark': { viewport: { width: 320, height: 640 }, colorScheme: 'dark', isMobile: true, hasTouch: true },
  'without script': { javaScriptEnabled: false }
}

for (const [way, options] of Object.entries(ways)) {
  test(`a nurse looks, reports and signs out ${way}`, async () => {
    const script = options.javaScriptEnabled !== false
    const { context, page, broken } = await signedIn(/^Emergency nurse/, options)
    await isSound(page, script)
    await begin(page)
    await page.locator('#number').fill('999 000 00')
    await page.getByRole('button', { name: 'Find', exact: true }).click()
    assert.match(await page.locator('.nhsuk-error-summary').textContent(), /10 digits/)
    await isSound(page, script)

    await open(page, `NHS no: ${ready.examples.cpp} (from the letter)`)
    assert.equal(await headline(page), 'Child protection information is held')
    assert.match(await page.locator('a[href^="tel:"]').first().getAttribute('href'), /^tel:\+?\d+$/)
    await isSound(page, script)
    await page.getByRole('button', { name: 'The child was not brought' }).click()
    await isSound(page, script)
    const only = page.locator('input[name=authority]')
    if (await only.count()) await only.first().check()
    await page.getByRole('button', { name: 'Send' }).click()
    assert.equal(await headline(page), 'Your message was sent')

    await open(page, ready.examples.none)
    assert.equal(await headline(page), 'No child protection record is held')
    await isSound(page, script)
    for (const [number, told] of [[ready.examples.unknown, 'No person found for this number'], [ready.examples.sensitive, 'This record is restricted']]) {
      await page.goto(`${ready.web}/find`)
      await page.locator('#number').fill(number)
      await page.getByRole('button', { name: 'Find', exact: true }).click()
      assert.equal(await headline(page), told)
    }
    await page.goto(`${ready.web}/reports`)
    assert.match(await page.locator('main').textContent(), /The child was not brought/)
    await isSound(page, script)

    await page.goto(`${ready.web}/looks`)
    assert.equal(await headline(page), 'My looks')
    await isSound(page, script)

    await page.goto(`${ready.web}/find`)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.waitForURL((url) => url.pathname !== '/find')
    await page.goBack().catch(() => {})
    await page.goto(`${ready.web}/find`)
    assert.equal(new URL(page.url()).pathname, '/sign-in', 'nothing is left to go back to')
    assert.deepEqual(broken, [])
    await context.close()
  })
}

test('the authority reads the notice and acknowledges it', async () => {
  const nurse = await signedIn(/^Emergency nurse/)
  await begin(nurse.page)
  await open(nurse.page, ready.examples.lac)
  const { context, page, broken } = await signedIn(/^Duty worker/)
  const first = page.locator('.cpis-visit__notices a').first()
  // The list follows the look within a second or so.
  await until(async () => { await page.goto(`${ready.web}/notices`); return first.count() }, 'a notice')
  await isSound(page)
  await first.click()
  await isSound(page)
  const address = page.url()
  await page.locator('input[name=read]').check()
  await page.getByRole('button', { name: 'Acknowledge' }).click()
  assert.equal(page.url(), address)
  assert.match(await page.locator('main').textContent(), /Acknowledged/)
  assert.deepEqual([...broken, ...nurse.broken], [])
  await Promise.all([context.close(), nurse.context.close()])
})

test('a health visitor is not told of, and sees where the child was seen', async () => {
  const nurse = await signedIn(/^Emergency nurse/)
  await begin(nurse.page)
  await open(nurse.page, ready.examples.two_plans)
  const { context, page } = await signedIn(/^Health visitor/)
  await begin(page)
  await page.goto(`${ready.web}/find`)
  await page.locator('#number').fill(ready.examples.two_plans)
  await page.getByRole('button', { name: 'Find', exact: true }).click()
  assert.match(await page.locator('.cpis-tells').textContent(), /does not tell the authority/)
  await page.getByRole('button', { name: 'Open' }).click()
  assert.match(await page.locator('main').textContent(), /Royal Free/)
  await page.goto(`${ready.web}/notices`)
  assert.equal(await headline(page), 'You may not do this')
  await Promise.all([context.close(), nurse.context.close()])
})

test('a record is opened by keyboard alone', async () => {
  const { context, page } = await signedIn(/^Emergency nurse/)
  const press = async (key, until_) => {
    for (let presses = 0; presses < 60; presses++) {
      if (await page.evaluate(until_)) return
      await page.keyboard.press(key)
    }
    assert.fail(`${until_} is not reached by ${key}`)
  }
  await press('Tab', "document.activeElement.name === 'reason'")
  await page.keyboard.press('Space')
  await press('Tab', "document.activeElement.name === 'setting'")
  await page.keyboard.press('Space')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/find')
  await press('Tab', "document.activeElement.id === 'number'")
  await page.keyboard.type(ready.examples.cpp)
  await page.keyboard.press('Enter')
  await page.waitForURL('**/find/number')
  await press('Tab', "document.activeElement.textContent.trim() === 'Open'")
  await page.keyboard.press('Enter')
  await page.waitForURL('**/open')
  assert.equal(await headline(page), 'Child protection information is held')
  await context.close()
})

for (const way of ['on a wide screen', 'without script']) {
  test(`an authority sends a spreadsheet, reads what to mend and sends it again ${way}`, async () => {
    const options = ways[way]
    const script = options.javaScriptEnabled !== false
    const { context, page, broken } = await signedIn(/^Duty worker/, options)
    const table = await readFile(ready.spreadsheet, 'utf8')
    const send = async (text) => {
      await page.getByRole('link', { name: 'Send a file' }).click()
      await isSound(page, script)
      await page.locator('#file').setInputFiles({ name: 'plans.csv', mimeType: 'text/csv', buffer: Buffer.from(text) })
      await page.getByRole('button', { name: 'Send' }).click()
      await isSound(page, script)
    }
    await send(table)
    assert.match(await headline(page), /^The file was taken in part/)
    const rows = await page.locator('tbody tr').allTextContents()
    assert.equal(rows.length, 3)
    for (const [row, place] of [[0, 'line 4, plan_type'], [1, 'line 5, birth_date'], [2, 'line 6, end_date']]) {
      assert.ok(rows[row].includes(place), rows[row])
    }
    const lines = table.split('\n')
    lines[3] = lines[3].replace(',CPX,', ',CPP,')
    lines[4] = lines[4].replace(/(\/\d\d\/)(\d\d),CPP/, (_, month, year) => `${month}20${year},CPP`)
    lines[5] = lines[5].replace(/,[^,]*$/, ',')
    await send(lines.join('\n'))
    assert.match(await headline(page), /^The file was taken/)
    assert.match(await page.locator('main').textContent(), /5 records taken/)
    assert.deepEqual(broken, [])
    await context.close()
  })
}
