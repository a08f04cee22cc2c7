import { toxic } from '#proxies/embedded/toxics/toxic'

/** Passes everything on. The smallest toxic there is; `docs/adding-a-toxic.md` starts from it. */
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
