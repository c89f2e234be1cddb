/** Half of a character of UTF-16 without its other half, which UTF-8 cannot encode. */
export const LONE_SURROGATE = /\p{Surrogate}/u;
