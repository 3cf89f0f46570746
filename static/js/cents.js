/* Money and percentages as the server reads, rounds and writes them: whole cents, no floating point on the way.
   plumbline.cents: { scaled, parse, plain, words, share, hundredths, inWords, bare, worth } */
(() => {
  // "$1,250", "(1,250.00)", "1250-" → cents; "" → 0; null when it is not an amount. No floating point on the way.
  const scaled = (text, mark, places) => {
    const bare = text.trim().replace(mark, "").replace(/\s/g, "").replace(/−/g, "-");
    if (bare === "" || bare === "-") return 0n;
    const found = /^(\(|-)?(\d[\d,]*|(?=\.\d))(?:\.(\d*?)0*)?(\)|-)?$/.exec(bare), after = found?.[3] ?? "";
    if (!found || (found[1] === "(") !== (found[4] === ")") || after.length > places) return null;
    const size = BigInt(found[2].replace(/,/g, "") + after.padEnd(places, "0"));
    return found[1] || found[4] ? -size : size;
  };
  const parse = (text) => { const cents = scaled(text, /\$/, 2); return cents === null ? null : Number(cents); };
  const grouped = new Intl.NumberFormat("en-US");
  const plain = (cents) => `${cents < 0 ? "-" : ""}${grouped.format(Math.floor(Math.abs(cents) / 100))}.${String(Math.abs(cents) % 100).padStart(2, "0")}`;
  const words = (cents) => plain(cents).replace("-", "−");
  // many ÷ each, half-up away from zero, as the server rounds.
  const rounded = (many, each) => {
    const size = (number) => (number < 0n ? -number : number), [top, bottom] = [size(many), size(each)];
    return Number((top * 2n + bottom) / (bottom * 2n)) * (many < 0n === each < 0n || !top ? 1 : -1);
  };
  const share = (cents, rate) => rounded(BigInt(cents) * BigInt(rate), 1000000n); // the rate in ten-thousandths of a percent
  const hundredths = (part, whole) => (whole ? rounded(BigInt(part) * 10000n, BigInt(whole)) : null); // of a percent
  const inWords = (ratio) => { // 1,234.5 %
    const tenths = ratio === null ? null : rounded(BigInt(ratio), 10n);
    return tenths === null ? "" : `${words(tenths * 10).slice(0, -1)} %`;
  };
  const bare = (ratio) => (ratio === null ? "" : plain(ratio).replace(/\.?0+$/, "").replace(/,/g, ""));
  // Quantity × unit price in cents; both with at most four decimals. null when either is not a number.
  const worth = (quantity, price) => {
    const many = scaled(quantity, "", 4), each = scaled(price, "", 4);
    return many === null || each === null ? null : rounded(many * each, 1000000n);
  };
  plumbline.cents = { scaled, parse, plain, words, share, hundredths, inWords, bare, worth };
})();
