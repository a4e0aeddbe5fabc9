"""`rate`: ratings of runs and of anyone's results."""
