"""The joint actions of many rounds, packed into int64 words and shown one-hot."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from games.compiling import compiled

_WORD = 64


@dataclass(frozen=True)
class Packing:
    """Where the joint actions of `rounds` rounds, numbers below `joints`, stand in the W words of a game.

    Each has the same number of bits, the first round the lowest of the first word; none stands across two words.
    """

    rounds: int
    joints: int

    @property
    def bits(self) -> int:
        """How many bits one joint action takes."""
        return max((self.joints - 1).bit_length(), 1)

    @property
    def in_a_word(self) -> int:
        """How many rounds stand in one word."""
        return _WORD // self.bits

    @property
    def words(self) -> int:
        """W, the words of one game."""
        return -(-self.rounds // self.in_a_word)

    def put(self, words: Tensor, rounds: Tensor, joints: Tensor) -> Tensor:
        """Return `words [B, W]` with `joints [B]` written at the round `rounds [B]`, which is still all zeros."""
        here = torch.arange(self.words, device=words.device) == (rounds // self.in_a_word)[:, None]
        return words | torch.where(here, (joints << rounds % self.in_a_word * self.bits)[:, None], 0)

    def read(self, words: Tensor) -> Tensor:
        """Return the joint action of every round `[n, R]` of `words [n, W]`: 0 where none is written."""
        each = torch.arange(self.rounds, device=words.device)
        shifted = words[:, each // self.in_a_word] >> each % self.in_a_word * self.bits
        return shifted & (1 << self.bits) - 1

    def show(self, out: Tensor, words: Tensor, rounds: Tensor, seats: Tensor, actions: Tensor) -> None:
        """Write into `out [n, R, k, A]`, all zeros, what was played one-hot, later rounds left at zero.

        words `[n, W]`; rounds `[n]`: how many have been played; seats `[n]`: the seat that the first of the k planes
        shows, and the next planes the next seats, around; actions `[J, P]`: each seat's part of a joint action.
        """
        if out.device.type == "cpu":
            history = words.numpy(), rounds.numpy(), self.bits, self.in_a_word
            _show(out.numpy(), seats.numpy(), actions.numpy(), *history)
        else:
            self.show_in_torch(out, words, rounds, seats, actions)

    def show_in_torch(self, out: Tensor, words: Tensor, rounds: Tensor, seats: Tensor, actions: Tensor) -> None:
        """Write what `show` does, in torch."""
        played, players = actions[self.read(words)], actions.shape[1]
        past = (torch.arange(self.rounds, device=words.device) < rounds[:, None])[..., None].float()
        for plane in range(out.shape[2]):
            seat = ((seats + plane) % players)[:, None, None].expand(-1, self.rounds, 1)
            out[:, :, plane].scatter_(2, played.gather(2, seat), past)


def zeros(shape: tuple[int, ...], device: torch.device) -> Tensor:
    """Return float32 zeros; on the CPU by numpy, which may get them from the system without writing them."""
    return torch.from_numpy(np.zeros(shape, np.float32)) if device.type == "cpu" else torch.zeros(shape, device=device)


@compiled(nogil=True)
def _show(out, seats, actions, words, rounds, bits, in_a_word):
    planes, players = out.shape[2], actions.shape[1]
    mask = (np.int64(1) << bits) - 1
    for row in range(len(out)):
        number, played = 0, rounds[row]
        while number < played:
            word = words[row, number // in_a_word]
            for _ in range(min(in_a_word, played - number)):
                joint, word = word & mask, word >> bits
                for plane in range(planes):
                    out[row, number, plane, actions[joint, (seats[row] + plane) % players]] = 1
                number += 1
