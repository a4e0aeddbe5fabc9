"""Monte Carlo tree search with a policy-value network, over a batch of positions."""
