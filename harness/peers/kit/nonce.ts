import { randomInt } from 'node:crypto'

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** Begins every nonce. It has letters that no hexadecimal id of a target has. */
const mark = 'spx'
const length = 16

/** 16 characters. They do not depend on the run's seed: two runs with one seed may use the same target at once. */
export function freshNonce(): string {
  const random = Array.from({ length: length - mark.length }, () => letters[randomInt(letters.length)])
  return mark + random.join('')
}

/** True if the text contains a nonce of this tool, from this run or any other. */
export function holdsNonce(text: string): boolean {
  return /spx[a-z0-9]{13}/.test(text)
}
