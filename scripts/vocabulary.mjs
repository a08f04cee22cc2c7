// Finds words that are not in common use in this field (docs/glossary.md) in comments, strings, names and docs; part of
// `npm run check`. The words, and the places where one is allowed, are in vocabulary.json.
// `node scripts/vocabulary.mjs [PATH...]` searches these paths alone; `--count` prints the number of hits by folder.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

const { words, phrases, generated, allowed } = JSON.parse(
  readFileSync(new URL('vocabulary.json', import.meta.url), 'utf8'),
)
const banned = new RegExp(`\\b(?:${[...words, ...phrases].join('|')})\\b`, 'gi')

const showsCount = process.argv.includes('--count')
const paths = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const listed = listFiles()
if (listed === null) {
  console.log('vocabulary: not searched, because git does not list the files here')
  process.exit(0)
}
const files = listed
  .filter((file) => (/\.(ts|mjs|js|css|md|sh|yml)$/.test(file) || file === '.ci/run') && existsSync(file))
  .filter((file) => !generated.some((entry) => entry.file === file))

const used = new Set()
const hits = files.flatMap(hitsIn)
const problems = [
  ...[...generated, ...allowed]
    .filter(({ reason }) => typeof reason !== 'string' || reason.trim() === '')
    .map(({ file }) => `an entry for ${file} has no reason`),
  ...(paths.length > 0 ? [] : allowed)
    .filter((entry) => !used.has(entry))
    .map(({ file, text }) => `nothing in ${file} needs "${text}"; remove the entry`),
]

if (showsCount) {
  const byFolder = new Map()
  for (const { file } of hits) {
    const folder = file.split('/').slice(0, 3).slice(0, -1).join('/') || '.'
    byFolder.set(folder, (byFolder.get(folder) ?? 0) + 1)
  }
  for (const [folder, total] of [...byFolder].toSorted(([, a], [, b]) => b - a))
    console.log(`${String(total).padStart(5)}  ${folder}`)
} else for (const { file, line, word, text } of hits) console.log(`${file}:${line}: "${word}" in: ${text}`)
for (const problem of problems) console.log(`scripts/vocabulary.json: ${problem}`)
console.log(
  `vocabulary: ${hits.length} hits in ${new Set(hits.map(({ file }) => file)).size} of ${files.length} files`,
)
if (hits.length > 0)
  console.log(
    'error: reword these lines with the words of docs/glossary.md. If the word is right where it is, add an entry ' +
      'with a reason to "allowed" in scripts/vocabulary.json.',
  )
process.exitCode = hits.length + problems.length > 0 ? 1 : 0

/** The files that git does not ignore; null without git, or outside a repository. */
function listFiles() {
  const words = ['ls-files', '--cached', '--others', '--exclude-standard', ...paths]
  try {
    return execFileSync('git', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')
  } catch {
    return null
  }
}

/** Every banned word of a file, also inside a name: of `wasHeld`, the words are `was` and `held`. */
function hitsIn(file) {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((text, index) => {
      const spaced = text
        .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
        .replaceAll('_', ' ')
        .replaceAll(/\S*https?:\/\/\S+/g, '')
      return [...spaced.matchAll(banned)]
        .filter(({ 0: word, index: start }) => !isAllowed(file, spaced, word, start))
        .map(([word]) => ({ file, line: index + 1, word, text: text.trim().slice(0, 120) }))
    })
}

/** Whether the word is inside an allowed `text`, in a file whose path begins with the entry's `file`. */
function isAllowed(file, line, word, start) {
  const entry = allowed.find(
    (candidate) => file.startsWith(candidate.file) && isInside(line, candidate.text, word, start),
  )
  if (entry !== undefined) used.add(entry)
  return entry !== undefined
}

function isInside(line, text, word, start) {
  const [inLine, phrase] = [line.toLowerCase(), text.toLowerCase()]
  for (let at = inLine.indexOf(phrase); at !== -1; at = inLine.indexOf(phrase, at + 1))
    if (at <= start && start + word.length <= at + phrase.length) return true
  return false
}
