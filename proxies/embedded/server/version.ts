/** The version of this package; a test compares it with package.json. */
export const engineVersion = '0.1.0'

/** The Toxiproxy whose HTTP API the engine serves: clients read it as a number, and choose features by it. */
export const apiVersion = '2.12.0'

/** Header by which every answer of the engine tells that it is not Toxiproxy's own server; its value is our version. */
export const engineHeader = 'X-Streamproof-Engine'
