// The pages' only script. Everything works without it. It takes the screen away after a time without use, never shows a
// page out of the browser's memory, offers to print, and starts the library's components.

const { idleSeconds, idleTo } = document.body.dataset

if (idleSeconds && idleTo) {
  let lastUse = Date.now()
  let hasLeft = false
  const leave = () => {
    // Once: a second call would break off the first one's navigation, and a slow answer would never come.
    if (hasLeft) return
    hasLeft = true
    document.documentElement.classList.add('cpis-blank')
    window.location.replace(idleTo)
  }
  const look = () => {
    if (Date.now() - lastUse >= Number(idleSeconds) * 1000) leave()
  }
  for (const use of ['keydown', 'pointerdown', 'scroll', 'input']) {
    document.addEventListener(use, () => { lastUse = Date.now() }, { passive: true, capture: true })
  }
  window.setInterval(look, 1000)
  // A machine that slept counts the time that it slept.
  document.addEventListener('visibilitychange', look)
}

window.addEventListener('pageshow', (event) => {
  if (event.persisted) {
    document.documentElement.classList.add('cpis-blank')
    window.location.reload()
  }
})

for (const button of document.querySelectorAll('[data-print]')) {
  button.hidden = false
  button.addEventListener('click', () => window.print())
}

document.body.classList.add('js-enabled', 'nhsuk-frontend-supported')
try {
  const library = await import('./nhsuk-frontend.js')
  library.initAll()
} catch {
  document.body.classList.remove('nhsuk-frontend-supported')
}
