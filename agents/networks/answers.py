"""What a network's outputs say: the logits of actions, and a value."""

import numpy as np
import torch
from torch import Tensor

from agents.networks.dense import OUTCOMES
from games.compiling import compiled


def answers(outputs: Tensor, out: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Read `outputs [A + 3, n]` as logits `[n, A]` and values `[n]`, and write them to `out`."""
    logits, value = out
    if outputs.is_cpu:
        _read(*(table.detach().numpy() for table in (outputs.float(), logits, value)))
        return out
    logits.copy_(outputs[:-OUTCOMES].t())
    win, _, loss = outputs[-OUTCOMES:].softmax(0, torch.float32)
    torch.sub(win, loss, out=value)
    return out


@compiled(nogil=True, error_model="numpy")
def _read(outputs, logits, value):
    """Do it on the CPU, in one pass over the rows: torch's softmax is slow over three numbers."""
    actions = logits.shape[1]
    for row in range(len(value)):
        for action in range(actions):
            logits[row, action] = outputs[action, row]
        most = max(outputs[actions, row], outputs[actions + 1, row], outputs[actions + 2, row])
        win, draw = np.exp(outputs[actions, row] - most), np.exp(outputs[actions + 1, row] - most)
        loss = np.exp(outputs[actions + 2, row] - most)
        value[row] = (win - loss) / (win + draw + loss)
