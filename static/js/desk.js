/* All that a reviewer's desk loads beside htmx, in this order. It goes out as one file, as enter.js does. */
@import "app.js";
@import "confirm.js";
@import "review.js";
@import "how.js";
