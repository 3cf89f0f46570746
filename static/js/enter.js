/* All that an entry sheet loads, in this order. It goes out as one file (config/static_files.py, config/ui/sheets.py). */
@import "app.js";
@import "confirm.js";
@import "clipboard.js";
@import "cents.js";
@import "cells.js";
@import "sheet.js";
@import "shorthand.js";
@import "autosave.js";
@import "how.js";
