import { createInterface } from 'node:readline'
import { PassThrough, Writable } from 'node:stream'

/** How many columns Node's own line editor gives to a text, by the Unicode tables that Node is built with. */
export function columnsOfNode(text: string): number {
  const input = new PassThrough()
  const output = Object.assign(new Writable({ write: (_chunk, _encoding, done) => done() }), {
    columns: Number.MAX_SAFE_INTEGER,
  })
  const editor = createInterface({ input, output, terminal: true })
  try {
    editor.write(text)
    return editor.getCursorPos().cols - editor.getPrompt().length
  } finally {
    editor.close()
  }
}
