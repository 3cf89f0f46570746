"""A Celery queue with no server: kombu's folder transport, made safe for concurrent readers.

kombu writes a message straight into its final file name, so a reader can take it between open and write and lose
it. Here a message is written under a temporary name and renamed. The wall-clock prefix keeps first in, first out
across reboots; kombu's own prefix is a clock that starts again with the machine.
"""

import os
import time
import uuid
from pathlib import Path

from kombu.transport import filesystem
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    def _put(self, queue, payload, **kwargs):  # kombu's signature
        folder = Path(self.data_folder_out)
        part = folder / f".{uuid.uuid4().hex}.part"
        part.write_bytes(str_to_bytes(dumps(payload)))
        os.replace(part, folder / f"{time.time_ns():020d}_{uuid.uuid4().hex}.{queue}.msg")


class Transport(filesystem.Transport):
    Channel = Channel
