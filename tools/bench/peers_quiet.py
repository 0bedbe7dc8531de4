# SPDX-License-Identifier: GPL-2.0-only
"""Of what is measured again and again, only what no other work on the machine disturbed counts.

Work that is always the same is timed before and behind what is measured, on
the same CPU (peers_yardstick.c). It says nothing of what is measured, so to
leave out what it finds disturbed favours nobody.
"""
import time

from peers_lab import Helper

CALM = 1.1  # times as long as in the calmest moments: what it varies by on its own
FEW = 5  # readings that a figure is of at least
LEARNING = 10  # readings until what somebody needs of the memory is known


class Quiet:
    def __init__(self, helper):
        self.helper = helper
        self.memory_ns = {}
        self.counts = {"readings": 0, "calm": 0, "figures": 0, "disturbed": 0}

    @classmethod
    def on(cls, tools, cpu):
        """For what is measured on this CPU."""
        return cls(Helper(["taskset", "-c", str(cpu), f"{tools}/peers_yardstick"]))

    def close(self):
        self.helper.close()

    def reading(self, who, function, *arguments):
        """(noise of the noisier end, what function gives). Who needs much memory is never calm behind that: as it was."""
        seen = self.memory_ns.setdefault(who, [])
        begin = float(self.helper.ask("begin")[0])
        result = function(*arguments)
        end, memory_ns = map(float, self.helper.ask(f"end {min(seen) if len(seen) >= LEARNING else 0}"))
        seen.append(memory_ns)
        return max(begin, end), result

    def take_turns(self, functions, rounds, seconds):
        """{who: the readings that count} of {who: function(round)}, one after the other in each round.

        After so many rounds, those have more turns of whose readings fewer were
        calm, for so long. Where hardly any is, the calmest count. A function that
        gives None has no more turns, and no readings.
        """
        end = time.monotonic() + seconds
        readings = {who: [] for who in functions}
        turns = list(functions)
        number = 0
        while turns and (number < rounds or time.monotonic() < end):
            for who in turns:
                readings[who].append(self.reading(who, functions[who], number))
            number += 1
            turns = [who for who in turns[1:] + turns[:1] if readings[who][-1][1] is not None and
                     (number < rounds or sum(noise <= CALM for noise, _ in readings[who]) < rounds)]
        return {who: self._calm(taken, min(FEW, rounds)) for who, taken in readings.items() if taken[-1][1] is not None}

    def _calm(self, readings, few):
        calm = [figure for noise, figure in readings if noise <= CALM]
        self.counts["readings"] += len(readings)
        self.counts["calm"] += len(calm)
        self.counts["figures"] += 1
        if len(calm) >= few:
            return calm
        self.counts["disturbed"] += 1
        return [figure for _, figure in sorted(readings, key=lambda reading: reading[0])[:few]]


class Hasty(Quiet):
    """In a quick run all count."""

    def __init__(self):
        super().__init__(None)

    def close(self):
        pass

    def reading(self, who, function, *arguments):
        return 0, function(*arguments)

    def _calm(self, readings, few):
        return [figure for _, figure in readings]
