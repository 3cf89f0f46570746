"""A file as it is uploaded: no larger than the site takes, before it is read into memory."""

from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat

from invoicing.file_limits import why_too_large


class FileForm(forms.Form):
    file = forms.FileField(label="File")

    def __init__(self, *given):
        super().__init__(*given)
        most = filesizeformat(settings.ATTACHMENT_MAX_BYTES)
        self.fields["file"].help_text = f"PDF, Word, Excel, PNG or JPEG, {most} at most."

    def clean_file(self):
        file = self.cleaned_data["file"]
        if problem := why_too_large(file.name, file.size):
            raise forms.ValidationError(problem)
        return file


class AttachmentForm(FileForm):
    is_lien_waiver = forms.BooleanField(label="This is a lien waiver", required=False)
