"""Games of ours handed to other tools: PettingZoo's environments of many agents, Gymnasium's of one."""
