import { randomInt } from 'node:crypto'

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** Begins every nonce: no hexadecimal id of a target does. */
const mark = 'spx'
const length = 16

/** 16 characters, all but the first three random: targets are shared, so that a seed must not make two runs use the same. */
export function freshNonce(): string {
  const random = Array.from({ length: length - mark.length }, () => letters[randomInt(letters.length)])
  return mark + random.join('')
}

/** Whether a nonce of this tool is in a text, of whichever session or run. */
export function holdsNonce(text: string): boolean {
  return /spx[a-z0-9]{13}/.test(text)
}
