// Tab from the top of a page to its end: every control is reached, in the order of the document, and shows its focus.

/** Faults of a page for whoever has only a keyboard. */
export async function keyboardWalk (page) {
  // The start is that of a fresh page: the library moves the focus to a list of faults, so that must have happened.
  if (await page.locator('.nhsuk-error-summary').count()) await page.locator('[data-nhsuk-error-summary-init]').waitFor()
  await page.evaluate(() => {
    document.activeElement?.blur()
    document.querySelector('.nhsuk-error-summary')?.removeAttribute('tabindex')
    document.body.tabIndex = -1
    document.body.focus()
  })
  const expected = await page.evaluate(mark)
  const reached = []
  const faults = []
  for (let step = 0; step < expected; step++) {
    await page.keyboard.press('Tab')
    const { place, visible, what } = await page.evaluate(focused)
    reached.push(place)
    if (!visible) faults.push(`the focus cannot be seen on ${what}`)
  }
  const inOrder = reached.every((place, step) => place === step)
  if (!inOrder) faults.push(`Tab goes ${reached.join(' ')} of ${expected}`)
  return faults
}

/** Numbers every control where Tab should stop. In the page. */
function mark () {
  const stops = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
  const reachable = stops.filter((control) => {
    if (control.disabled || !control.checkVisibility({ visibilityProperty: true })) return false
    if (control.type !== 'radio') return true
    const group = [...control.form.elements[control.name] instanceof RadioNodeList ? control.form.elements[control.name] : [control]]
    return control === (group.find((radio) => radio.checked) ?? group[0])
  })
  reachable.forEach((control, place) => { control.dataset.place = place })
  return reachable.length
}

/** Where the focus is and whether one sees it. In the page. */
function focused () {
  const control = document.activeElement
  const drawn = ['radio', 'checkbox'].includes(control.type)
    ? getComputedStyle(control.nextElementSibling, '::before')
    : getComputedStyle(control)
  const outline = drawn.outlineStyle !== 'none' && parseFloat(drawn.outlineWidth) > 0 && !/, 0\)$|transparent/.test(drawn.outlineColor)
  const text = control.tagName === 'SUMMARY' ? getComputedStyle(control.firstElementChild).boxShadow !== 'none' : false
  return {
    place: Number(control.dataset?.place ?? -1),
    visible: outline || drawn.boxShadow !== 'none' || text,
    what: control.outerHTML.slice(0, 100)
  }
}
