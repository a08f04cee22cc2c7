import { toxic } from '#proxies/embedded/toxics/toxic'

/** Passes everything on. The smallest toxic, with which `docs/adding-a-toxic.md` starts. */
export const noop = toxic({
  type: 'noop',
  goName: 'NoopToxic',
  settings: {},
  pipe: (out) => ({
    full: false,
    due: null,
    write: (chunk) => out.write(chunk),
    end: () => out.end(),
    update: () => undefined,
    release: () => undefined,
    dispose: () => undefined,
  }),
})
