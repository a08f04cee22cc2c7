import type { Mutant } from '#reference/mutant'

/** How the secure service of both protocols may be wrong. */
export const tlsMutants: readonly Mutant[] = [
  {
    name: 'certificate-for-other-name',
    protocol: 'both',
    breaks: 'The certificate is for another name than that of the host.',
    clause: 'RFC9110/4.3.4',
    rules: { certificate: 'other-name' },
  },
  {
    name: 'certificate-untrusted',
    protocol: 'both',
    breaks: 'The certificate is signed by an authority that no client knows.',
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
    breaks: 'TLS 1.1 is spoken.',
    clause: 'RFC9110/4.2.2',
    rules: { oldestTls: 'TLSv1.1' },
  },
  {
    name: 'serve-plain-text',
    protocol: 'both',
    breaks: 'The plain-text address of the secure service serves what the secure one serves.',
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
