// Filters, opens and copies results. The page is complete without this script, and the script adds no markup. The policy
// of the page admits it by its hash.
'use strict'

const form = document.querySelector('form.filters')
const rows = [...document.querySelectorAll('details.row')]
const groups = [...document.querySelectorAll('details.group')]
const topics = [...document.querySelectorAll('.topic')]
const shownCount = form.querySelector('.shown')
const noMatch = document.querySelector('.nothing')
const selections = ['verdict', 'protocol', 'level', 'topic']
const fields = ['text', ...selections]
const openAtFirst = new Map(groups.map((group) => [group, group.open]))
let wasFiltered = false

function isShown(element) {
  return !element.hidden
}

/** Shows the results that match every field of the form. */
function applyFilters() {
  const wanted = Object.fromEntries(fields.map((name) => [name, form.elements[name].value.trim()]))
  const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean)
  const isFiltered = fields.some((name) => wanted[name] !== '')
  for (const row of rows) {
    const { dataset } = row
    const isSelected = selections.every((name) => wanted[name] === '' || wanted[name] === dataset[name])
    row.hidden = !isSelected || !words.every((word) => dataset.text.includes(word))
  }
  for (const group of groups) {
    group.hidden = ![...group.querySelectorAll('details.row')].some(isShown)
    if (isFiltered && !group.hidden) group.open = true
    if (!isFiltered && wasFiltered) group.open = openAtFirst.get(group)
  }
  for (const topic of topics) topic.hidden = ![...topic.querySelectorAll('details.group')].some(isShown)
  wasFiltered = isFiltered
  const count = rows.filter(isShown).length
  noMatch.hidden = count > 0
  const all = `${rows.length} ${rows.length === 1 ? 'check' : 'checks'}`
  shownCount.textContent = isFiltered ? `${count} of ${all} shown` : all
}

/** Opens the result that the fragment of the address names. */
function openFromAddress() {
  const id = decodeURIComponent(location.hash.slice(1))
  const target = id === '' ? null : document.getElementById(id)
  if (target === null) return
  if (target.matches('details.row') && target.hidden) {
    form.reset()
    applyFilters()
  }
  for (let element = target; element !== null; element = element.parentElement)
    if (element instanceof HTMLDetailsElement) element.open = true
  target.scrollIntoView()
}

/** Shows the results of one verdict; all of them if the form has no such choice. */
function showVerdict(verdict) {
  for (const name of fields) form.elements[name].value = ''
  const choices = [...form.elements.verdict.options].map(({ value }) => value)
  if (choices.includes(verdict)) form.elements.verdict.value = verdict
  applyFilters()
}

/** Copies the command beside a button; selects it if the browser refuses to copy. */
async function copyCommand(button) {
  const command = button.parentElement.querySelector('code')
  try {
    await navigator.clipboard.writeText(command.textContent)
    button.textContent = 'Copied'
  } catch {
    getSelection().selectAllChildren(command)
    button.textContent = document.execCommand('copy') ? 'Copied' : 'Selected'
  }
  setTimeout(() => (button.textContent = 'Copy'), 1500)
}

/** Moves to the text field on `/`, as many sites do. */
function focusOnSlash(event) {
  const isTyping = event.target.matches('input, select, textarea')
  if (event.key !== '/' || event.ctrlKey || event.metaKey || isTyping) return
  event.preventDefault()
  form.elements.text.focus()
}

form.hidden = false
form.addEventListener('input', applyFilters)
form.addEventListener('submit', (event) => event.preventDefault())
// The fields are empty only after the event.
form.addEventListener('reset', () => setTimeout(applyFilters))
for (const button of form.querySelectorAll('button[data-open]')) {
  button.addEventListener('click', () => {
    const open = button.dataset.open === '1'
    for (const group of groups) group.open = open
    if (!open) for (const row of rows) row.open = false
  })
}
for (const count of document.querySelectorAll('a[data-only]'))
  count.addEventListener('click', () => showVerdict(count.dataset.only))
for (const button of document.querySelectorAll('button.copy')) {
  button.hidden = false
  button.addEventListener('click', () => void copyCommand(button))
}
addEventListener('hashchange', openFromAddress)
addEventListener('beforeprint', () => {
  for (const group of groups) group.open = true
})
addEventListener('keydown', focusOnSlash)
applyFilters()
openFromAddress()
