/** The version of this package; a test compares it with package.json. */
export const engineVersion = '0.1.0'

/** The version of Toxiproxy whose HTTP API the engine serves. Clients choose features by this number. */
export const apiVersion = '2.12.0'

/** Header of every answer, by which clients distinguish the engine from Toxiproxy's own server. Its value is our version. */
export const engineHeader = 'X-Streamproof-Engine'
