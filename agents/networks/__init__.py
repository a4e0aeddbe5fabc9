"""Networks with two heads, for search: a policy and the odds of win, draw and loss."""
