import { readFileSync } from 'node:fs'

/** The files beside this module that become part of every page. The build copies them beside the compiled module. */

export const style = read('page.css')
export const script = read('page.js')

function read(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8')
}
