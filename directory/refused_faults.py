"""What a model finds wrong with its own values, as the refusal that pages show."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from directory.refusals import Refused


@contextmanager
def faults_refused(prefix: str = "") -> Iterator[None]:
    """Around `clean_fields` or `full_clean`: raises Refused with all that is wrong with the first field at fault.

    `prefix` stands before the words: which of many rows it is. A fault of no field in particular names none.
    """
    try:
        yield
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Refused(prefix + " ".join(messages), field="" if field == NON_FIELD_ERRORS else field) from None
