# SPDX-License-Identifier: GPL-2.0-only
"""What other work on the machine disturbs is measured again.

Work that is always the same is timed before and behind what is measured, on
the same CPU (peers_yardstick.c). It says nothing of what is measured, so to
leave out what it finds disturbed favours nobody.
"""
import time

from peers_lab import Helper

CALM = 1.1  # times as long as in the calmest moments: what it varies by on its own
TRIES = 10


class Quiet:
    def __init__(self, helper):
        self.helper = helper
        self.end = 0
        self.memory_ns, self.least_memory_ns = {}, {}
        self.counts = {"kept": 0, "again": 0, "disturbed": 0}

    @classmethod
    def on(cls, tools, cpu):
        """For what is measured on this CPU."""
        return cls(Helper(["taskset", "-c", str(cpu), f"{tools}/peers_yardstick"]))

    def close(self):
        self.helper.close()

    def allow(self, seconds):
        """From now on, things are tried again for so long."""
        self.end = time.monotonic() + seconds

    def _attempt(self, who, function, arguments):
        """(noise of the noisier end, result). Who needs much memory is not calm behind that, ever: as calm as it was."""
        begin = float(self.helper.ask("begin")[0])
        result = function(*arguments)
        end, memory_ns = map(float, self.helper.ask(f"end {self.memory_ns.get(who, 0)}"))
        self.least_memory_ns[who] = min(memory_ns, self.least_memory_ns.get(who, memory_ns))
        return max(begin, end), result

    def calmest(self, who, function, *arguments):
        """Of several calls of the function, which measures something of `who`, what a calm one gives, or the calmest."""
        best = self._attempt(who, function, arguments)
        for _ in range(TRIES - 1):
            if best[0] <= CALM or time.monotonic() >= self.end:
                break
            self.counts["again"] += 1
            best = min(best, self._attempt(who, function, arguments), key=lambda attempt: attempt[0])
        # known after the first tries
        self.memory_ns[who] = self.least_memory_ns[who]
        self.counts["kept"] += 1
        self.counts["disturbed"] += best[0] > CALM
        return best[1]


class Hasty:
    """In a quick run nothing is measured again."""

    counts = {"kept": 0, "again": 0, "disturbed": 0}

    def close(self):
        pass

    def allow(self, seconds):
        pass

    def calmest(self, _, function, *arguments):
        return function(*arguments)
