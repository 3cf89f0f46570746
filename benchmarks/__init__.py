"""What performance must reach, measured: one module for each group of rows, run by `manage.py bench`."""
