/** An error answer of the API, with its text and HTTP status. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number

  constructor(status: number, text: string, options?: ErrorOptions) {
    super(text, options)
    this.status = status
  }
}

export const badBody = (detail: string): ApiError => new ApiError(400, `bad request body: ${detail}`)
export const missingField = (field: string): ApiError => new ApiError(400, `missing required field: ${field}`)
export const invalidStream = (): ApiError =>
  new ApiError(400, 'stream was invalid, can be either upstream or downstream')
export const invalidToxicType = (): ApiError => new ApiError(400, 'invalid toxic type')
export const invalidSetting = (detail: string): ApiError =>
  new ApiError(400, `invalid toxic setting: ${detail}`)
export const tooManyToxics = (limit: number): ApiError =>
  new ApiError(400, `a proxy has ${limit} toxics at most`)
export const proxyNotFound = (): ApiError => new ApiError(404, 'proxy not found')
export const toxicNotFound = (): ApiError => new ApiError(404, 'toxic not found')
export const proxyExists = (): ApiError => new ApiError(409, 'proxy already exists')
export const toxicExists = (): ApiError => new ApiError(409, 'toxic already exists')
