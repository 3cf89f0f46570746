"""What was mailed about a commitment: its own mails and those of its invites, with what became of each (section 7)."""

from django.shortcuts import render

from directory.decorators import READ
from directory.models import Mail
from directory.permissions import Level
from invoicing.decorators import commitment_view
from invoicing.labels import noun_for

NEWEST = 200


@commitment_view(Level.READ_ONLY, methods=READ)
def mails_of_commitment(request, commitment):
    """Contacts see those that went to themselves. An invoice's mails stand on its own page."""
    found = Mail.objects.about(commitment, *commitment.invitations.only("pk"))
    if request.access.is_external:
        found = found.filter(to=request.user)
    context = {
        "project": commitment.project,
        "commitment": commitment,
        "noun": noun_for(request.access),
        "mails": found.for_list()[:NEWEST],
    }
    return render(request, "invoicing/commitment_mails.html", context)
