"""How long a task may take, and what becomes of its message meanwhile.

A broker that hears nothing of a message for two minutes hands it to another worker, and so on every two minutes. What
may take longer says at once that it has the message: then nobody else gets it, and if its worker dies the next one
comes by the clock. The exception are tasks that claim a row under a lease: a second one finds nothing to claim.
"""

# Looks at some rows and sends some messages, or one mail. The last half minute is for what must be put down in order.
QUICK = {"soft_time_limit": 60, "time_limit": 90}
# Comes by the clock every few minutes or every hour: it is over before the next hour's. `seal_events` comes every 20 s
# and is over at once; where it takes longer, several may run, of which one at a time seals.
HOURLY = {"acks_late": False, "soft_time_limit": 50 * 60, "time_limit": 55 * 60}
# Reads every file or every event there is.
NIGHTLY = {"acks_late": False, "soft_time_limit": 6 * 60 * 60, "time_limit": 6 * 60 * 60 + 300}
