"""Games in normal form, played once or again and again."""
