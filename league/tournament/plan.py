"""Where a tournament stands, from its records alone: the same ledger gives the same next encounters."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from arena import formats
from arena.encounter import Encounter, Result
from arena.formats import Later, Lineup, Places, Rounds
from arena.ledger import LedgerError, Record
from arena.standings import Tally
from league.tournament.entrants import is_slow

_SLOW = 64
"""Games in a block where an agent takes its time: what is not finished is lost in a power cut."""

_STEADY = 64
"""Encounters an agent in a league, after which those that follow are twice as long: its ledger grows ever slower."""


_LONGEST = 1 << 16
"""Deals to which they grow."""


class Tournament:
    """A tournament as recorded so far.

    about: what was asked for; note: beside it. agents: everybody who entered; present: the numbers of those who take
    part; tally: what they have come to. places: how far they came, where the format has ended and tells; byes: how many
    rounds of a Swiss tournament each has rested. stopped: why it ended, or None. requests: the names of those that were
    granted.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self.about: dict[str, Any] = {}
        self.note: dict[str, Any] = {}
        self.limits: dict[str, Any] = {}
        self.agents: list[dict[str, Any]] = []
        self.present: list[int] = []
        self.tally = Tally(0)
        self.places: Places | None = None
        self.byes: Counter[int] = Counter()
        self.over = False
        self.stopped: str | None = None
        self.requests: set[str] = set()
        self.played, self.encounters, self.seconds = 0, 0, 0.0
        self._dealt: dict[tuple[str, ...], int] = {}
        self._rounds: Rounds | None = None
        self._begun, self._each = False, 0
        self._slow: list[bool] = []
        self._lineups: Sequence[Lineup] = []
        self._laid = 0  # lineups whose encounters are in the round
        self._round: list[Encounter] = []
        self._results: list[Result] = []
        for record in records:
            self.take(record.kind, record.body, record.note)

    def take(self, kind: str, body: Mapping[str, Any], note: Mapping[str, Any], result: Result | None = None) -> None:
        """Go on by one record; `result` is the encounter's, where it is known already."""
        match kind:
            case "tournament":
                self.about, self.note, self.tally = dict(body), dict(note), Tally(0, body["plies"])
                self._seat(body["agents"])
                self._rounds = self._format()
            case "limits":
                self.limits, self.stopped = dict(body), None
            case "entered":
                self._seat([body["agent"]])
            case "withdrew":
                self.present = [agent for agent in self.present if agent != body["number"]]
            case "encounter":
                self._finish(result or Result.from_json(body))
                self.seconds += note.get("seconds", 0.0)
            case "stopped":
                self.stopped = body["why"]
                if self.stopped == "finished":
                    self.next_round()
        if "request" in note:
            self.requests.add(note["request"])

    def at_hand(self) -> tuple[list[Encounter], int]:
        """Return the round at hand and how many of its encounters are done."""
        for lineup in self._lineups[self._laid :]:
            self._lay(lineup)
        return self._round, len(self._results)

    def next_round(self) -> tuple[list[Encounter], int]:
        """Return the round at hand, or if it is done the next, begun with those who are present now.

        No encounters are left when the format has ended.
        """
        self._go_on()
        return self.at_hand()

    @property
    def standing(self) -> Places | None:
        """How far everybody came, or None where the format does not tell yet: a Swiss tournament does all along."""
        if self.about["format"] != "swiss":
            return self.places
        # A match has the same games every time, so the points of all games tell what all matches were worth.
        match = self.about["deals"] * self.about["seatings"]
        return {agent: round(float(self.tally.points[agent]) / match + self.byes[agent], 9) for agent in self.present}

    def _go_on(self) -> None:
        while not self.over and self._laid == len(self._lineups) and len(self._results) == len(self._round):
            self._advance()

    def _format(self) -> Rounds:
        about, everyone, players = self.about, self.present, self.about["players"]
        at_once = about["at_once"]
        match about["format"]:
            case "round-robin":
                return formats.round_robin(everyone, players)
            case "gauntlet":
                return formats.gauntlet(everyone, players, heads=about["heads"])
            case "swiss":
                return formats.swiss(everyone, players, rounds=about["rounds"])
            case "knockout":
                return formats.knockout(everyone, players)
            case "double-elimination":
                return formats.double_elimination(everyone, players)
            case "adaptive":
                budget, sure = about["encounters"], about["confidence"]
                return formats.adaptive(everyone, players, encounters=budget, at_once=at_once, confidence=sure)
            case _:
                return formats.league(lambda: self.present, at_once=at_once)

    def _seat(self, agents: list[dict[str, Any]]) -> None:
        self.present = [*self.present, *range(len(self.agents), len(self.agents) + len(agents))]
        self.agents += agents
        self._slow += [is_slow(agent["plays"]) for agent in agents]
        self.tally.grow(len(self.agents))

    def _advance(self) -> None:
        assert self._rounds is not None
        try:
            lineups = self._rounds.send(self._whole()) if self._begun else next(self._rounds)
        except StopIteration as end:
            self.over, self.places, lineups = True, end.value, []
        if self.about["format"] == "swiss" and lineups:
            self.byes.update(set(self.present) - {agent for lineup in lineups for agent in lineup})
        self._begun, self._lineups, self._laid, self._each = True, lineups, 0, self._deals()
        self._round, self._results = [], []

    def _lay(self, lineup: Lineup) -> None:
        """Put the encounters of the round's next lineup into it."""
        self._round += self._blocks(lineup)
        self._laid += 1

    def _whole(self) -> list[Result]:
        """Return the round's results, a lineup's blocks as one."""
        results, out = iter(self._results), []
        for _ in self._lineups:
            blocks = [next(results)]
            while sum(block.encounter.deals for block in blocks) < self._each:
                blocks.append(next(results))
            out.append(Result.joined(blocks))
        return out

    def _deals(self) -> int:
        """Return the deals of an encounter of the round that begins."""
        if self.about["format"] != "league":
            return self.about["deals"]
        longer = (self.encounters // (_STEADY * len(self.agents))).bit_length()
        return min(self.about["deals"] << min(longer, 20), max(self.about["deals"], _LONGEST))

    def _blocks(self, lineup: Lineup) -> list[Encounter]:
        """Return an encounter in blocks of deals: the following ones of those who meet.

        They have deals of their own, by what plays, so that whoever else takes part changes none of their games.
        """
        # Before agents were recorded with it, their names told.
        names = tuple(sorted(self.agents[agent].get("dealt_as", self.agents[agent]["name"]) for agent in lineup))
        start = int.from_bytes(hashlib.blake2b(json.dumps(names).encode(), digest_size=8).digest(), "little")
        deals, dealt = self._each, self._dealt.get(names, 0)
        self._dealt[names] = dealt + deals
        slow = any(self._slow[agent] for agent in lineup)
        size = max(1, (_SLOW if slow else self.about["batch"]) // self.about["seatings"])
        first = (start >> 28 << 26) + dealt
        return [Encounter(first + k, min(size, deals - k), lineup) for k in range(0, deals, size)]

    def _finish(self, result: Result) -> None:
        self._go_on()
        done, recorded = len(self._results), result.encounter
        if done == len(self._round) and self._laid < len(self._lineups):
            # What was chosen for what it would tell is not chosen again: the ledger tells who met.
            later = isinstance(self._lineups, Later)
            self._lay(recorded.lineup if later else self._lineups[self._laid])
        if done >= len(self._round) or self._round[done] != recorded:
            raise LedgerError(
                "the tournament's records are in an order that this version would not play them in: go on with the "
                "version that began it, or begin a new one"
            )
        self._results.append(result)
        self.encounters += 1
        self.tally.add([result])
        self.played += result.counts.size
