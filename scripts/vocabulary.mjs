// Finds words that are not the field's own (docs/glossary.md) in comments, strings, names and docs: part of
// `npm run check`. `node scripts/vocabulary.mjs [PATH…]` looks at these paths alone; `--count` prints hits by folder.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

const { words, phrases, allowed } = JSON.parse(
  readFileSync(new URL('vocabulary.json', import.meta.url), 'utf8'),
)
const banned = new RegExp(`\\b(?:${[...words, ...phrases].join('|')})\\b`, 'gi')

const count = process.argv.includes('--count')
const paths = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', ...paths], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => /\.(ts|mjs|js|css|md|sh|yml)$/.test(file) && existsSync(file))
  .filter((file) => file !== 'scripts/vocabulary.mjs')

const hits = files.flatMap(hitsIn)
const unused = paths.length > 0 ? [] : allowed.filter((entry) => !entry.used)
if (count) {
  const byFolder = new Map()
  for (const { file } of hits) {
    const folder = file.split('/').slice(0, 3).slice(0, -1).join('/') || '.'
    byFolder.set(folder, (byFolder.get(folder) ?? 0) + 1)
  }
  for (const [folder, total] of [...byFolder].toSorted(([, a], [, b]) => b - a))
    console.log(`${String(total).padStart(5)}  ${folder}`)
} else for (const { file, line, word, text } of hits) console.log(`${file}:${line}: "${word}" in: ${text}`)
for (const { file, text } of unused)
  console.log(`scripts/vocabulary.json: nothing in ${file} needs "${text}" any more; remove it`)
console.log(
  `${hits.length} words outside the vocabulary, in ${new Set(hits.map(({ file }) => file)).size} files`,
)
process.exitCode = hits.length + unused.length > 0 ? 1 : 0

/** Every banned word of a file, also inside a name: `wasTold` counts as `was told`. */
function hitsIn(file) {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((text, index) => {
      const spread = text
        .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
        .replaceAll('_', ' ')
        .replaceAll(/\S*https?:\/\/\S+/g, '')
      return [...spread.matchAll(banned)]
        .filter(({ 0: word, index: at }) => !isAllowed(file, spread, word, at))
        .map(([word]) => ({ file, line: index + 1, word, text: text.trim().slice(0, 120) }))
    })
}

/** An entry allows a phrase (`text`, which holds the word) in the files that begin with `file`. */
function isAllowed(file, line, word, at) {
  const found = allowed.find((entry) => {
    if (!file.startsWith(entry.file)) return false
    for (let from = 0; ;) {
      const start = line.toLowerCase().indexOf(entry.text.toLowerCase(), from)
      if (start === -1) return false
      if (start <= at && at + word.length <= start + entry.text.length) return true
      from = start + 1
    }
  })
  if (found !== undefined) found.used = true
  return found !== undefined
}
