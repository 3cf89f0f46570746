"""What the browser is told about every file that is taken away: keep it, and never open it as a page of this site."""

# R104, R74. `attachment` and the file's name come with each answer.
AS_A_FILE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-store",
}
