"""The arithmetic of a payment application: pure functions and frozen dataclasses, Decimal in and Decimal out."""
