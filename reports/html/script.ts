/**
 * The page's script: filters, opens and copies. It reads the page alone, makes no markup, and the page is whole
 * without it. Plain text, since its hash stands in the page's policy.
 */
export const script = `
'use strict'
{
  const form = document.querySelector('form.filters')
  const rows = [...document.querySelectorAll('details.row')]
  const groups = [...document.querySelectorAll('details.group')]
  const topics = [...document.querySelectorAll('.topic')]
  const shown = form.querySelector('.shown')
  const nothing = document.querySelector('.nothing')
  const names = ['text', 'verdict', 'protocol', 'level', 'topic']
  const before = new Map(groups.map((group) => [group, group.open]))
  let filtered = false

  const visible = (element) => !element.hidden
  const apply = () => {
    const wanted = Object.fromEntries(names.map((name) => [name, form.elements[name].value.trim()]))
    const words = wanted.text.toLowerCase().split(/\\s+/).filter(Boolean)
    const active = names.some((name) => wanted[name] !== '')
    let count = 0
    for (const row of rows) {
      const data = row.dataset
      const match = ['verdict', 'protocol', 'level', 'topic'].every((name) => wanted[name] === '' || wanted[name] === data[name])
        && words.every((word) => data.text.includes(word))
      row.hidden = !match
      if (match) count += 1
    }
    for (const group of groups) {
      group.hidden = ![...group.querySelectorAll('details.row')].some(visible)
      if (active && !group.hidden) group.open = true
      if (!active && filtered) group.open = before.get(group)
    }
    for (const topic of topics) topic.hidden = ![...topic.querySelectorAll('details.group')].some(visible)
    filtered = active
    nothing.hidden = count > 0
    const all = rows.length + (rows.length === 1 ? ' check' : ' checks')
    shown.textContent = active ? count + ' of ' + all + ' shown' : all
  }
  const reach = () => {
    const id = decodeURIComponent(location.hash.slice(1))
    const found = id === '' ? null : document.getElementById(id)
    if (found === null) return
    if (found.matches('details.row') && found.hidden) { form.reset(); apply() }
    for (let at = found; at !== null; at = at.parentElement) if (at instanceof HTMLDetailsElement) at.open = true
    found.scrollIntoView()
  }
  form.hidden = false
  form.addEventListener('input', apply)
  form.addEventListener('submit', (event) => event.preventDefault())
  form.addEventListener('reset', () => setTimeout(apply))
  for (const button of form.querySelectorAll('button[data-open]')) {
    button.addEventListener('click', () => {
      const open = button.dataset.open === '1'
      for (const group of groups) group.open = open
      if (!open) for (const row of rows) row.open = false
    })
  }
  for (const count of document.querySelectorAll('a[data-only]')) {
    count.addEventListener('click', () => {
      const wanted = count.dataset.only
      for (const name of names) form.elements[name].value = ''
      if ([...form.elements.verdict.options].some((option) => option.value === wanted)) form.elements.verdict.value = wanted
      apply()
    })
  }
  for (const button of document.querySelectorAll('button.copy')) {
    const code = button.parentElement.querySelector('code')
    button.hidden = false
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(code.textContent)
        button.textContent = 'Copied'
      } catch {
        getSelection().selectAllChildren(code)
        button.textContent = document.execCommand('copy') ? 'Copied' : 'Selected'
      }
      setTimeout(() => { button.textContent = 'Copy' }, 1500)
    })
  }
  addEventListener('hashchange', reach)
  addEventListener('beforeprint', () => { for (const group of groups) group.open = true })
  addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.target.matches('input, select, textarea')) return
    event.preventDefault()
    form.elements.text.focus()
  })
  apply()
  reach()
}
`
