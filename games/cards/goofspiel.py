"""Goofspiel, the game of pure strategy: two equal hands bid, both at once, for one prize card after another.

S. M. Ross, "Goofspiel: the game of pure strategy", Journal of Applied Probability 8, 1971. Actions, chance outcomes,
returns and information states are OpenSpiel's.
"""

from dataclasses import replace
from typing import ClassVar

import torch

from games import svg
from games.about import About
from games.arguments import choice, flag, usual, whole
from games.bits import bit, popcount, rule, where
from games.cards import shapes
from games.entry import Entry
from games.game import GameSpec
from games.native import Layout, NativeGame, NativeState, Rules

_CHANCE = 2
_MOST_CARDS = 13
_ORDERS = ("random", "ascending", "descending")
_RETURNS = ("win_loss", "point_difference", "total_points")
_WIN_LOSS, _POINT_DIFFERENCE, _TOTAL_POINTS = range(3)
_PUBLIC_PLANES, _HIDDEN_PLANES = 6, 4
_NONE = -1
_TIE = -3
"""The winner of a tie in OpenSpiel's words."""


@rule
def _prize(words, cards, first, change):
    """The prize at hand, none where chance moves next; those in a fixed order start at `first`."""
    played = popcount(words[0])
    drawn = (words[5] >> 4 * played & 15) - 1
    listed = where(played < cards, first + change * played, _NONE)
    return drawn * (change == 0) + listed * (change != 0)


@rule
def _award(words, first, second, prize):
    """Play both bids for a prize; nothing where all three are none."""
    place, mark = 4 * popcount(words[0]), bit(prize)
    return (
        words[0] | bit(first),
        words[1] | bit(second),
        words[2] | mark,
        words[3] | mark * (first > second),
        words[4] | mark * (second > first),
        words[5] | prize + 1 << place,
        words[6] | first + 1 << place,
        words[7] | second + 1 << place,
    )


@rule
def _left(played, cards, final):
    """The only card left where `final` holds, else none."""
    return where(final, popcount((1 << cards) - 1 - played - 1), _NONE)


def _step(words, seat, action, cards, first, change, returns):
    dealing = seat == _CHANCE
    prize = where(dealing, _NONE, _prize(words, cards, first, change))
    bid = _award(words, where(dealing, _NONE, action // cards), where(dealing, _NONE, action % cards), prize)
    final = popcount(bid[0]) == cards - 1
    over = _award(bid, _left(bid[0], cards, final), _left(bid[1], cards, final), _left(bid[2], cards, final))
    drawn = (action + 1) * dealing << 4 * popcount(words[0])
    return over[0], over[1], over[2], over[3], over[4], over[5] | drawn, over[6], over[7]


def _acting(words, cards, first, change, returns):
    over = popcount(words[0]) == cards
    return where(over, 0, where(_prize(words, cards, first, change) < 0, bit(_CHANCE), 0b11))


@rule
def _points(won, cards):
    """Card c is worth c + 1 points."""
    points = 0
    for card in range(cards):
        points = points + popcount(won >> card)
    return points


@rule
def _paid(own, other, returns):
    ahead = own - other
    sign = (ahead > 0) * 1 - (ahead < 0) * 1
    half = ahead * (returns == _POINT_DIFFERENCE) / 2
    return sign * (returns == _WIN_LOSS) + half + own * (returns == _TOTAL_POINTS)


def _returns(words, cards, first, change, returns):
    points, others = _points(words[3], cards), _points(words[4], cards)
    return _paid(points, others, returns), _paid(others, points, returns)


def _legal(words, seat, cards, first, change, returns):
    return (~where(seat == 0, words[0], words[1]),)


def _observe(words, seat, cards, first, change, returns):
    own, other = where(seat == 0, words[0], words[1]), where(seat == 0, words[1], words[0])
    won, lost = where(seat == 0, words[3], words[4]), where(seat == 0, words[4], words[3])
    return ~own, ~other, bit(_prize(words, cards, first, change)), won, lost, words[2] & ~(won | lost)


@rule
def _round(words, seat, cards, at, now):
    """What a seat sees of one round where bids are hidden; `now` is the prize at hand, as a bit."""
    own, other = where(seat == 0, words[6], words[7]), where(seat == 0, words[7], words[6])
    mine, theirs = own >> 4 * at & 15, other >> 4 * at & 15
    prize = bit((words[5] >> 4 * at & 15) - 1) | now * (popcount(words[0]) == at)
    won, lost = prize * (mine > theirs), prize * (theirs > mine)
    return prize | bit(mine - 1) << cards | won << 2 * cards | lost << 3 * cards


@rule
def _rounds(words, seat, cards, at, now):
    return (
        _round(words, seat, cards, at, now),
        _round(words, seat, cards, at + 1, now),
        _round(words, seat, cards, at + 2, now),
        _round(words, seat, cards, at + 3, now),
    )


def _observe_hidden(words, seat, cards, first, change, returns):
    now = bit(_prize(words, cards, first, change))
    return (
        _rounds(words, seat, cards, 0, now) + _rounds(words, seat, cards, 4, now) + _rounds(words, seat, cards, 8, now)
    )


def _chance(words, cards, first, change, returns):
    return (1 << cards) - 1 & ~words[2]


class Goofspiel(NativeGame):
    """Two seats hold cards 1 to n and each round play one for a prize card of n; the higher bid takes it.

    Equal bids give the prize to nobody; the last round, which leaves no choice, is played with the one before it.
    Actions and chance outcomes: the card less one. A seat sees planes `[6, n]` over cards: its hand, the other's, the
    prize at hand, the prizes it won, those the other won and those nobody won. Words: each seat's played cards; the
    prizes played for, those that seat 0 won and those that seat 1 won; the sequences of prizes and of each seat's bids
    as cards of four bits, the earliest lowest.
    """

    hidden: ClassVar[bool] = False
    rules = Rules(
        start=(0,) * 8, step=_step, acting=_acting, returns=_returns, legal=_legal, observe=_observe, chance=_chance
    )

    def __init__(
        self,
        *,
        cards: int = 13,
        points_order: str = "random",
        returns: str = "win_loss",
        device: torch.device | str = "cpu",
    ) -> None:
        self.device = torch.device(device)
        self.cards = whole("cards", cards, least=2, most=_MOST_CARDS)
        order = choice("points_order", points_order, _ORDERS)
        paid = choice("returns", returns, _RETURNS)
        self.parameters = (cards, (0, 0, cards - 1)[order], (0, 1, -1)[order], paid)
        if self.hidden:
            planes = [_HIDDEN_PLANES * cards] * (cards - 1) + [0] * (_MOST_CARDS - cards)
            shape = (cards - 1, _HIDDEN_PLANES, cards)
        else:
            planes, shape = [cards] * _PUBLIC_PLANES, (_PUBLIC_PLANES, cards)
        self.observation_layout = Layout.of(*planes)
        total = cards * (cards + 1) // 2
        arguments = {"cards": cards, "hidden": self.hidden, "points_order": points_order, "returns": returns}
        self.spec = GameSpec(
            name=usual("goofspiel", goofspiel, arguments),
            players=2,
            actions=cards,
            observation_shape=shape,
            utility=((-1.0, 1.0), (1 - total / 2, total / 2 - 1), (0.0, total - 1.0))[paid],
            max_moves=(cards - 1) * (1 + (points_order == "random")),
            zero_sum=returns != "total_points",
            symmetric=True,
            perfect_information=not self.hidden,
            chance_outcomes=cards * (points_order == "random"),
        )

    def draw(self, state: NativeState, row: int) -> str:
        """Return the prizes and both seats' bids, round by round, then what each seat holds and has won."""
        names = ("prizes", "seat 0", "seat 1")
        rounds = zip(names, self._sequences(state, row), strict=True)
        lines = [name + "".join(f"{card:3}" for card in cards) for name, cards in rounds]
        for seat, (hand, points) in enumerate(zip(self._hands(state, row), self._scores(state, row), strict=True)):
            lines.append(f"seat {seat} has {points} points and holds {' '.join(map(str, hand)) or 'no cards'}")
        return "\n".join(lines)

    def svg(self, state: NativeState, row: int) -> str:
        """Return the rounds in columns, each prize in its winner's colour, above both hands."""
        count, (prizes, *bids) = self.cards, self._sequences(state, row)
        tints = {0: shapes.SEATS[0], 1: shapes.SEATS[1], _TIE: shapes.NEUTRAL}
        lines = [("prizes", prizes, [tints[winner] for winner in _winners(bids)] + [svg.PAPER] * count)]
        lines += [(f"seat {seat} bids", bids[seat], [shapes.SEATS[seat]] * count) for seat in (0, 1)]
        for seat, (hand, points) in enumerate(zip(self._hands(state, row), self._scores(state, row), strict=True)):
            places = [card * (card in hand) for card in range(1, count + 1)]
            lines.append((f"seat {seat}: {points}", places, [shapes.SEATS[seat]] * count))
        left, apart, down = 120, shapes.CARD_WIDTH + 6, shapes.CARD_HEIGHT + 8
        drawn = []
        for place, (name, cards, fills) in enumerate(lines):
            y = 10 + place * down + 16 * (place >= 3)
            drawn.append(svg.text(name, x=12, y=y + 30, anchor="start"))
            for at, (card, fill) in enumerate(zip(cards + [0] * (count - len(cards)), fills, strict=False)):
                drawn.append(shapes.card(str(card or ""), x=left + at * apart, y=y, fill=fill))
        width, height = left + count * apart + 6, 26 + len(lines) * down
        return svg.picture(drawn, width=width, height=height, title=self.draw(state, row))

    def information_state(self, state: NativeState, row: int, seat: int) -> str:
        """Return what is public in OpenSpiel's words and, where bids are hidden, the seat's own hand and bids."""
        prizes, *bids = self._sequences(state, row)
        hands = [f"P{player} hand: {_listed(hand)}\n" for player, hand in enumerate(self._hands(state, row))]
        dealt = f"Point card sequence: {_listed(prizes)}\n"
        won = f"Win sequence: {_listed(_winners(bids))}\nPoints: {_listed(self._scores(state, row))}\n"
        if not self.hidden:
            return dealt + "".join(hands) + won
        played = f"P{seat} action sequence: {_listed([card - 1 for card in bids[seat]])}\n"
        return hands[seat] + played + dealt + won + f"Terminal?: {int(state.terminated[row])}\n"

    def action_name(self, seat: int, action: int) -> str:
        """Name a bid or a deal as OpenSpiel does."""
        return f"Deal {action + 1}" if seat == _CHANCE else f"[P{seat}]Bid: {action + 1}"

    def _sequences(self, state: NativeState, row: int) -> list[list[int]]:
        """Return the prizes in the order dealt, the one at hand included, then each seat's bids, as cards from 1."""
        words = state.words[row].tolist()
        prizes, *bids = ([word >> 4 * at & 15 for at in range(self.cards) if word >> 4 * at & 15] for word in words[5:])
        now = int(_prize(words, *self.parameters[:3])) + 1
        return [prizes + [now] * (now > 0 and len(prizes) == len(bids[0])), *bids]

    def _hands(self, state: NativeState, row: int) -> list[list[int]]:
        """Return the cards that each seat holds, from 1."""
        return [
            [card + 1 for card in range(self.cards) if not played >> card & 1]
            for played in state.words[row, :2].tolist()
        ]

    def _scores(self, state: NativeState, row: int) -> list[int]:
        """Return the points that each seat has won."""
        return [_points(won, self.cards) for won in state.words[row, 3:5].tolist()]


class HiddenGoofspiel(Goofspiel):
    """Goofspiel in which bids are never shown, only who won each prize.

    A seat sees `[n - 1, 4, n]`, and in each round planes over cards: the prize, the seat's own bid, the prize again
    where the seat won it, and again where the other did.
    """

    hidden = True
    rules = replace(Goofspiel.rules, observe=_observe_hidden)


def goofspiel(
    *,
    cards: int = 13,
    points_order: str = "random",
    returns: str = "win_loss",
    hidden: bool = False,
    device: torch.device | str = "cpu",
) -> Goofspiel:
    """Return goofspiel with open bids or, where `hidden`, with bids that are never shown."""
    kind = HiddenGoofspiel if flag("hidden", hidden) else Goofspiel
    return kind(cards=cards, points_order=points_order, returns=returns, device=device)


def _winners(bids: list[list[int]]) -> list[int]:
    """Return who won each round."""
    return [0 if first > second else 1 if second > first else _TIE for first, second in zip(*bids, strict=True)]


def _listed(numbers: list[int]) -> str:
    return "".join(f"{number} " for number in numbers)


GAMES = {
    "goofspiel": Entry(
        factory=goofspiel,
        example="goofspiel",
        about=About(
            summary="two equal hands bid, both at once, for one prize card after another",
            rules="Each of two seats holds the cards 1 to n (2 to 13). A prize from a third such set is turned up, at "
            "random or in ascending or descending order; both seats play a card at once, and the higher one wins as "
            "many points as the prize shows, while equal ones give it to nobody. The last round leaves no choice and "
            "is played with the one before it. Returns are win_loss: 1, 0 or -1 for more, as many or fewer points; "
            "point_difference: the points less the mean of both seats; or total_points. With hidden=True bids are "
            "not shown, only who won.",
            observation="planes over the n cards [6, n]: the own hand, the other's, the prize at hand, the prizes the "
            "seat has won, those the other has won and those nobody has won; with hidden=True, for each round but the "
            "last [n - 1, 4, n]: the prize, the own bid, and the prize again where the seat won it, and where the "
            "other did",
            actions="the card to bid, less one; chance deals the prize, less one",
            known="value 0 by symmetry for win_loss and point_difference; with four cards in a fixed order 1,077 "
            "histories (joint moves as two) and 322 information sets, 162 where bids are hidden; with four at random "
            "26,773 and 7,304 or 3,608",
            sources=(
                'S. M. Ross, "Goofspiel: the game of pure strategy", Journal of Applied Probability 8, 1971',
                "agrees with OpenSpiel's goofspiel for two, with hidden as its imp_info",
            ),
        ),
    )
}
