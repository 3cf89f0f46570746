"""The words templates are written with: amounts, dates, icons, badges and the small components every page shares.

Registered as one library of template built-ins, so no page loads it.
"""

from django import template

from config.ui import figures, icons, names, parts, pictures, record, sheets, statuses

register = template.Library()
for words in (figures, icons, names, parts, pictures, record, sheets, statuses):
    register.tags.update(words.register.tags)
    register.filters.update(words.register.filters)
