import type { Mutant } from '#reference/mutant'

/** Faults of the secure service, for every protocol. */
export const tlsMutants: readonly Mutant[] = [
  {
    name: 'certificate-for-other-name',
    protocol: 'both',
    breaks: 'The certificate is for another host name.',
    clause: 'RFC9110/4.3.4',
    rules: { certificate: 'other-name' },
  },
  {
    name: 'certificate-untrusted',
    protocol: 'both',
    breaks: 'The certificate is signed by an unknown authority.',
    clause: 'RFC9110/4.3.4',
    rules: { certificate: 'self-signed' },
  },
  {
    name: 'certificate-expired',
    protocol: 'both',
    breaks: 'The certificate has expired.',
    clause: 'RFC9110/4.3.4',
    rules: { certificate: 'expired' },
  },
  {
    name: 'accept-old-tls',
    protocol: 'both',
    breaks: 'The server accepts TLS 1.1.',
    clause: 'RFC9110/4.2.2',
    rules: { oldestTls: 'TLSv1.1' },
  },
  {
    name: 'serve-plain-text',
    protocol: 'both',
    breaks: 'The plain-text address of the secure service serves the same as the secure address.',
    clause: 'EXPECTATIONS/EXP-SEC-3',
    rules: { plainAddress: 'serve' },
  },
  {
    name: 'plain-text-on-tls-port',
    protocol: 'both',
    breaks: 'The port of the secure service serves plain text as well.',
    clause: 'EXPECTATIONS/EXP-SEC-3',
    rules: { plainTextOnTlsPort: 'serve' },
  },
]
