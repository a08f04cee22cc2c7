import { generate } from 'selfsigned'
import type { ServerRules } from './rules.ts'

/** All in PEM. */
export interface Certificates {
  /** The certificate of the authority that a client has to trust. */
  readonly ca: string
  readonly certificate: string
  readonly key: string
}

interface Signed {
  readonly cert: string
  readonly private: string
}

const dayMs = 86_400_000

/**
 * Makes a certificate authority and a certificate for localhost, 127.0.0.1 and ::1 signed by it. P-256 keys take
 * milliseconds, RSA keys would take seconds. Valid for a week from yesterday, for clocks that differ.
 */
export async function makeCertificates(rule: ServerRules['certificate']): Promise<Certificates> {
  const authority = await makeAuthority('Streamproof reference authority')
  const issuer = rule === 'self-signed' ? await makeAuthority('Unknown authority') : authority
  const leaf = await makeLeaf(issuer, rule)
  return { ca: authority.cert, certificate: leaf.cert, key: leaf.private }
}

function makeAuthority(name: string): Promise<Signed> {
  return generate([{ name: 'commonName', value: name }], {
    ...lifetime(-1, 7),
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  })
}

function makeLeaf(issuer: Signed, rule: ServerRules['certificate']): Promise<Signed> {
  const host = rule === 'other-name' ? 'elsewhere.example' : 'localhost'
  return generate([{ name: 'commonName', value: host }], {
    ...(rule === 'expired' ? lifetime(-3, -1) : lifetime(-1, 7)),
    keyType: 'ec',
    algorithm: 'sha256',
    ca: { key: issuer.private, cert: issuer.cert },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames:
          rule === 'other-name'
            ? [{ type: 2, value: host }]
            : [
                { type: 2, value: host },
                { type: 7, ip: '127.0.0.1' },
                { type: 7, ip: '::1' },
              ],
      },
    ],
  })
}

/** From and until, in days from now. */
function lifetime(from: number, until: number): { notBeforeDate: Date; notAfterDate: Date } {
  const now = Date.now()
  return { notBeforeDate: new Date(now + from * dayMs), notAfterDate: new Date(now + until * dayMs) }
}
