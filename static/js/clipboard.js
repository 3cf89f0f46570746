/* What a spreadsheet puts on the clipboard: rows parted by line breaks, cells by tabs. A cell that holds one of these, or
   a quote, comes in quotes with its own quotes doubled. */
window.plumbline = {
  // Rows of texts, each on one line, as an input holds it; null when it is only words to be put where the cursor stands.
  block: (event) => {
    const text = event.clipboardData.getData("text/plain"), bare = text.replace(/\r?\n$/, "");
    if (!/[\t\r\n]/.test(bare) && !(bare !== text && bare.startsWith('"'))) return null;
    const next = /(?:"((?:[^"]|"")*)"(?=[\t\r\n]|$)|([^\t\r\n]*))(\t|\r\n|\r|\n|$)/y, rows = [[]];
    for (;;) {
      const [, quoted, plain, end] = next.exec(bare);
      rows.at(-1).push((quoted?.replace(/""/g, '"') ?? plain).replace(/\s+/g, " ").trim());
      if (!end) return rows;
      if (end !== "\t") rows.push([]);
    }
  },
  // What of a block found no cell, in words: the rows left over, and how many columns. Blanks are nothing lost.
  unfit: (rows, columns) => {
    const lost = { row: rows.filter((row) => row.some(Boolean)).length, column: columns };
    const words = Object.entries(lost).filter(([, count]) => count).map(([noun, count]) => `${count} ${noun}${count > 1 ? "s" : ""}`);
    return words.length ? `${words.join(" and ")} did not fit` : "";
  },
};
