"""What every log line goes through: one line each, whatever was typed, and no secret that an address carries (R123)."""

import re

import structlog

# Addresses whose next part lets its bearer in, or answer: it is worth a password.
SECRET_ADDRESSES = re.compile(r"(/(?:invitations|welcome|email|reset/key)/)[^/\s\"'?]+")
SECRET_NAMES = re.compile(r"password|passwd|secret|token|otp|recovery|authorization|cookie|sessionid", re.IGNORECASE)
BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
LEFT_OUT = "(left out)"


def logging_config(*, is_json: bool) -> dict:
    """What `logging` is set up with: one line for each thing told, by us or by a package; JSON, or plain words."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [
                    structlog.contextvars.merge_contextvars,
                    structlog.stdlib.add_log_level,
                    structlog.processors.TimeStamper(fmt="iso"),
                ],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,  # plain: the values of local names may be secrets
                    on_one_line,
                    structlog.processors.JSONRenderer() if is_json else structlog.dev.ConsoleRenderer(colors=False),
                ],
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["console"], "level": "WARNING"},
    }


def on_one_line(logger, name: str, event: dict) -> dict:
    """A structlog processor: no value can end its line and begin a forged one, and secrets are left out."""
    return {key: LEFT_OUT if SECRET_NAMES.search(key) else _plain(value, key) for key, value in event.items()}


def without_secrets(event: dict, hint: dict) -> dict:  # the signature that an error reporter asks for
    """The same for an error that is told elsewhere."""
    return on_one_line(None, "", event)


def _plain(value, key: str):
    if isinstance(value, dict):
        return on_one_line(None, "", value)
    if isinstance(value, list | tuple):
        return [_plain(each, key) for each in value]
    if not isinstance(value, str):
        return value
    shown = SECRET_ADDRESSES.sub(rf"\1{LEFT_OUT}", value)
    return "\n  | ".join(map(_escaped, shown.split("\n"))) if key == "exception" else _escaped(shown)


def _escaped(text: str) -> str:
    return BREAKS.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
