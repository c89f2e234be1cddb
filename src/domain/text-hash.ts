/** A hash of 64 bits, as two numbers of 32 bits (cyrb53 without the cut to 53 bits), because workflow code has no node:crypto. */
export function hashText(text: string): readonly [low: number, high: number] {
  let high = 0xdeadbeef | 0;
  let low = 0x41c6ce57 | 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    high = Math.imul(high ^ code, -1640531535);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), -2048144789) ^ Math.imul(low ^ (low >>> 13), -1028477387);
  low = Math.imul(low ^ (low >>> 16), -2048144789) ^ Math.imul(high ^ (high >>> 13), -1028477387);
  return [low >>> 0, high >>> 0];
}
