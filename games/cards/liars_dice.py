"""Liar's dice for two: bids on how many of all dice, hidden ones included, show a face.

Rules, actions, chance outcomes, returns, observations and information states are OpenSpiel's, with its default bidding
rule: a bid names more dice, or as many of a higher face.
"""

import torch

from games import svg
from games.about import About
from games.arguments import usual, whole
from games.bits import bit, popcount, rule, where
from games.cards import shapes
from games.entry import Entry
from games.game import GameSpec
from games.native import NativeGame, NativeState, Rules

_CHANCE = 2
_MOST_DICE, _MOST_SIDES = 3, 6
_FACE = 0b111
"""Bits of a die in a hand: its face, from 1; 0 before it is rolled."""


@rule
def _up_to(bids):
    """The highest bid and all below it."""
    bids = bids | bids >> 1
    bids = bids | bids >> 2
    bids = bids | bids >> 4
    bids = bids | bids >> 8
    bids = bids | bids >> 16
    return bids | bids >> 32


@rule
def _rolled(hand, dice):
    return hand >> 3 * (dice - 1) != 0


@rule
def _count(hand, face, dice, sides):
    """How many dice show `face` or the highest one, which is wild."""
    count = 0
    for die in range(dice):
        shown = hand >> 3 * die & _FACE
        count = count + ((shown == face) | (shown == sides)) * 1
    return count


@rule
def _sorted(hand, dice, sides):
    """A hand as it is seen: `sides` bits a die, the lowest face first."""
    seen = hand * 0
    for die in range(dice):
        face, lower = hand >> 3 * die & _FACE, 0
        for other in range(dice):
            shown = hand >> 3 * other & _FACE
            lower = lower + ((shown < face) | (shown == face) & (other < die)) * 1
        seen = seen | bit(lower * sides + face - 1) * (face > 0)
    return seen


def _step(words, seat, action, dice, sides):
    first, second, bids = words[0], words[1], words[2]
    dealing, full = seat == _CHANCE, _rolled(first, dice)
    return (
        where(dealing & (full == 0), first << 3 | action + 1, first),
        where(dealing & full, second << 3 | action + 1, second),
        where(dealing, bids, bids | bit(action)),
    )


def _acting(words, dice, sides):
    bids = words[2]
    called = bids >> 2 * dice * sides != 0
    bidder = where(called, 0, bit(popcount(bids) & 1))
    return where(_rolled(words[1], dice), bidder, bit(_CHANCE))


def _returns(words, dice, sides):
    bids = words[2] & (1 << 2 * dice * sides) - 1
    last = popcount(_up_to(bids)) - 1
    face = last % sides + 1
    count = _count(words[0], face, dice, sides) + _count(words[1], face, dice, sides)
    bidder = where(popcount(bids) & 1 == 1, 1, -1)
    gain = where(count > last // sides, bidder, -bidder)
    return gain, -gain


def _legal(words, seat, dice, sides):
    bids, call = words[2], 2 * dice * sides
    return ((1 << call) - 1 & ~_up_to(bids) | (bids > 0) * bit(call),)


def _observe(words, seat, dice, sides):
    own = where(seat == 0, words[0], words[1])
    return (bit(seat) | _sorted(own, dice, sides) << 2 | words[2] << 2 + dice * sides,)


def _chance(words, dice, sides):
    return bit(sides) - 1


class LiarsDice(NativeGame):
    """Each seat rolls dice that only it sees; they bid in turn until one calls the other's bid a lie.

    Actions: bid b is `b // sides + 1` dice of face `b % sides + 1`; the last action, `2 * dice * sides`, is the call.
    Chance outcome: one die's face, less one, first seat 0's dice, then seat 1's. A seat sees
    `[2 + dice * sides + 2 * dice * sides + 1]`: its seat, each of its dice in order of face, and the actions taken.
    Words: each seat's dice as faces of three bits, the latest lowest, and the actions taken.
    """

    rules = Rules(
        start=(0, 0, 0), step=_step, acting=_acting, returns=_returns, legal=_legal, observe=_observe, chance=_chance
    )

    def __init__(self, *, dice: int = 1, sides: int = 6, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.dice = whole("dice", dice, least=1, most=_MOST_DICE)
        self.sides = whole("sides", sides, least=2, most=_MOST_SIDES)
        self.parameters = (dice, sides)
        self.bids = 2 * dice * sides
        self.spec = GameSpec(
            name=usual("liars_dice", LiarsDice, {"dice": dice, "sides": sides}),
            players=2,
            actions=self.bids + 1,
            observation_shape=(2 + dice * sides + self.bids + 1,),
            utility=(-1.0, 1.0),
            max_moves=2 * dice + self.bids + 1,
            zero_sum=True,
            chance_outcomes=sides,
        )

    def draw(self, state: NativeState, row: int) -> str:
        """Return both hands and the bids, as in `"dice 1 3 / 2 6, bids 1-4 2-2 Liar"`."""
        first, second = (" ".join(str(face or "-") for face in self._hand(state, row, seat)) for seat in (0, 1))
        bids = " ".join(self.action_name(0, action) for action in self._taken(state, row))
        return f"dice {first} / {second}, bids {bids or '-'}"

    def svg(self, state: NativeState, row: int) -> str:
        """Return both hands, and a table of all bids in which a bid made bears the number of its move."""
        taken = self._taken(state, row)
        moves = {action: (str(move + 1), shapes.SEATS[move % 2]) for move, action in enumerate(taken)}
        left, apart = 84, shapes.DIE + 6
        width, drawn, y = left + max(self.sides, self.dice) * apart + 6, [], 10
        for seat, fill in enumerate(shapes.SEATS):
            hand = self._hand(state, row, seat)
            drawn.append(svg.text(f"seat {seat}", x=12, y=y + 24, anchor="start"))
            drawn += [shapes.die(face, x=left + place * apart, y=y, fill=fill) for place, face in enumerate(hand)]
            y += apart
        y += 14
        drawn += [shapes.die(face + 1, x=left + face * apart, y=y) for face in range(self.sides)]
        for bid in range(self.bids):
            quantity, face = divmod(bid, self.sides)
            if face == 0:
                y += apart
                drawn.append(svg.text(f"{quantity + 1} ×", x=left - 12, y=y + 24, anchor="end"))
            label, fill = moves.get(bid, ("", svg.PAPER))
            drawn.append(shapes.tile(label, x=left + face * apart, y=y, fill=fill))
        if self.bids in moves:
            drawn.append(svg.text(f"seat {(len(taken) - 1) % 2} calls liar", x=12, y=y + apart + 14, anchor="start"))
        return svg.picture(drawn, width=width, height=y + apart + 26, title=self.draw(state, row))

    def information_state(self, state: NativeState, row: int, seat: int) -> str:
        """Return the seat's dice and the bids in OpenSpiel's words: `"13 1-4 2-2"`, -1 for a die not rolled yet."""
        dice = "".join(str(face or -1) for face in self._hand(state, row, seat))
        return " ".join((dice, *(self.action_name(seat, action) for action in self._taken(state, row))))

    def action_name(self, seat: int, action: int) -> str:
        """Name a bid, the call or a roll as OpenSpiel does."""
        if seat == _CHANCE:
            return f"Roll {action + 1}"
        return "Liar" if action == self.bids else f"{action // self.sides + 1}-{action % self.sides + 1}"

    def _hand(self, state: NativeState, row: int, seat: int) -> list[int]:
        """Return a hand's faces in the order rolled, then 0 for dice to be rolled; in order of face once all are."""
        hands = state.words[row, :2].tolist()
        faces = [hands[seat] >> 3 * die & _FACE for die in reversed(range(self.dice))]
        return sorted(faces) if _rolled(hands[1], self.dice) else sorted(faces, key=lambda face: face == 0)

    def _taken(self, state: NativeState, row: int) -> list[int]:
        """Return the bids, and the call, in the order made."""
        bids = int(state.words[row, 2])
        return [action for action in range(self.spec.actions) if bids >> action & 1]


GAMES = {
    "liars_dice": Entry(
        factory=LiarsDice,
        example="liars_dice",
        about=About(
            summary="bids on how many of all dice, hidden ones included, show a face",
            rules="Each of two seats rolls dice (1 to 3, of 2 to 6 sides) that only it sees. In turn, seat 0 first, "
            "they bid that at least so many of all dice show a face, the highest face counting as any; each bid names "
            "more dice, or as many of a higher face. Whoever is to bid may call the last bid a lie instead: the bidder "
            "wins 1 if it is true, else the caller does.",
            observation="the seat (2), its dice in order of face (sides each), then which bids have been made and "
            "whether the last was called (2 x dice x sides + 1), all as ones and zeros",
            actions="bid b is b // sides + 1 dice of face b % sides + 1; the last action, 2 x dice x sides, calls the "
            "other's bid a lie; chance rolls one die at a time, its face less one, seat 0's first",
            known="with one die each: value about -0.02713 for seat 0, 24,576 information sets, 294,883 histories, and "
            "NashConv about 1.56149 of uniformly random seats",
            sources=("agrees with OpenSpiel's liars_dice and its default bidding rule, reset-face",),
        ),
    )
}
