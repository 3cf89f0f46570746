"""A Celery queue with no server: kombu's folder transport, made safe for concurrent readers.

kombu writes a message straight into its final file name, so a reader can take it between open and write and lose
it. Here a message is written under a temporary name and renamed. The wall-clock prefix keeps first in, first out
across reboots; kombu's own prefix is a clock that starts again with the machine. And the folder is listed once for
all that lie in it, where kombu lists it once for each: a pile of 69,000 would take a quarter of an hour.
"""

import os
import time
import uuid
from collections import defaultdict, deque
from functools import cached_property
from pathlib import Path
from queue import Empty

from kombu.transport import filesystem
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps, loads


class Channel(filesystem.Channel):
    def _put(self, queue, payload, **kwargs):  # kombu's signature
        folder = Path(self.data_folder_out)
        part = folder / f".{uuid.uuid4().hex}.part"
        part.write_bytes(str_to_bytes(dumps(payload)))
        os.replace(part, folder / f"{time.time_ns():020d}_{uuid.uuid4().hex}.{queue}.msg")

    def _get(self, queue):
        names = self.listed[queue]
        if not names:
            names.extend(sorted(name for name in os.listdir(self.data_folder_in) if name.endswith(f".{queue}.msg")))
        while names:
            path = Path(self.data_folder_in, names.popleft())
            try:
                payload = path.read_bytes()
                path.unlink()  # of all who read it, one takes it away
            except FileNotFoundError:
                continue
            return loads(payload.decode())
        raise Empty

    @cached_property
    def listed(self) -> dict[str, deque[str]]:
        """{queue: names of its messages that were there at the last look, oldest first}."""
        return defaultdict(deque)


class Transport(filesystem.Transport):
    Channel = Channel
