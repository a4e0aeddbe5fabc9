"""Many games at once: a policy over tensors, which can also be evaluated exactly."""

import torch

from agents import Policy


class Careful(Policy):
    """Takes the first legal action nine times out of ten, else any."""

    def probabilities(self, observation, legal, seats):
        """Return `[n, A]` for `observation [n, *shape]`, `legal [n, A]` bool and `seats [n]`; rows add up to one."""
        any_ = legal / legal.sum(-1, keepdim=True)
        first = torch.nn.functional.one_hot(legal.int().argmax(-1), legal.shape[1])
        return 0.9 * first + 0.1 * any_
