"""A file as it is uploaded: no larger than the site takes, before it is read into memory."""

from django import forms
from django.conf import settings


class FileForm(forms.Form):
    file = forms.FileField(label="File", help_text="PDF, Word, Excel, PNG or JPEG.")

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > settings.ATTACHMENT_MAX_BYTES:
            megabytes = settings.ATTACHMENT_MAX_BYTES // (1024 * 1024)
            raise forms.ValidationError(f"“{file.name}” is larger than {megabytes} MB. Attach a smaller file.")
        return file


class AttachmentForm(FileForm):
    is_lien_waiver = forms.BooleanField(label="This is a lien waiver", required=False)
