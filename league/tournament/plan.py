"""Where a tournament stands, from its records alone: the same ledger gives the same next encounters."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from arena import formats
from arena.encounter import Encounter, Result
from arena.formats import Lineup, Places, Rounds
from arena.ledger import LedgerError, Record
from arena.standings import Tally

FORMATS = ("round-robin", "gauntlet", "swiss", "knockout", "double-elimination", "adaptive", "league")


class Tournament:
    """A tournament as recorded so far.

    about: what was asked for; note: beside it. agents: everybody's name; present: the numbers of those who take part;
    tally: what they have come to. places: how far they came, where the format has ended and tells. stopped: why it
    ended, or None.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self.about: dict[str, Any] = {}
        self.note: dict[str, Any] = {}
        self.limits: dict[str, Any] = {}
        self.agents: list[dict[str, Any]] = []
        self.present: list[int] = []
        self.tally = Tally(0)
        self.places: Places | None = None
        self.over = False
        self.stopped: str | None = None
        self.played, self.seconds = 0, 0.0
        self._meetings: dict[tuple[str, ...], int] = {}
        self._rounds: Rounds | None = None
        self._begun = False
        self._round: list[Encounter] = []
        self._results: list[Result] = []
        for record in records:
            self.take(record.kind, record.body, record.note)

    def take(self, kind: str, body: Mapping[str, Any], note: Mapping[str, Any], result: Result | None = None) -> None:
        """Go on by one record; `result` is the encounter's, where it is known already."""
        match kind:
            case "tournament":
                self.about, self.note = dict(body), dict(note)
                self._seat(body["agents"])
                self._rounds = self._format()
            case "limits":
                self.limits, self.stopped = dict(body), None
            case "entered":
                self._seat([body["agent"]])
            case "withdrew":
                self.present.remove(body["number"])
            case "encounter":
                self._finish(result or Result.from_json(body))
                self.seconds += note.get("seconds", 0.0)
            case "stopped":
                self.stopped = body["why"]
                if self.stopped == "finished":
                    self.due()

    def due(self) -> tuple[list[Encounter], int]:
        """Return the round at hand and how many of its encounters are done; no encounters when the format has ended.

        Asked when a round is done, it begins the next one, with those who are present now.
        """
        while not self.over and len(self._results) == len(self._round):
            self._advance()
        return self._round, len(self._results)

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
        self.tally.grow(len(self.agents))

    def _advance(self) -> None:
        assert self._rounds is not None
        try:
            lineups: list[Lineup] = self._rounds.send(self._results) if self._begun else next(self._rounds)
        except StopIteration as end:
            self.over, self.places, self._round, self._results = True, end.value, [], []
            return
        self._begun = True
        self._round = [Encounter(self._first_deal(lineup), self.about["deals"], lineup) for lineup in lineups]
        self._results = []

    def _first_deal(self, lineup: Lineup) -> int:
        """Return the number of the first deal of an encounter: the following ones of those who meet.

        They have deals of their own, by their names, so that whoever else takes part changes none of their games.
        """
        names = tuple(sorted(self.agents[agent]["name"] for agent in lineup))
        meetings = self._meetings.get(names, 0)
        self._meetings[names] = meetings + 1
        start = int.from_bytes(hashlib.blake2b(json.dumps(names).encode(), digest_size=8).digest(), "little")
        return (start >> 28 << 26) + meetings * self.about["deals"]

    def _finish(self, result: Result) -> None:
        round_, done = self.due()
        if done >= len(round_) or round_[done] != result.encounter:
            raise LedgerError(
                "the tournament's records are in an order that this version would not play them in: go on with the "
                "version that began it, or begin a new one"
            )
        self._results.append(result)
        self.tally.add([result])
        self.played += result.counts.size
