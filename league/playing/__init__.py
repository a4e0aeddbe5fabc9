"""A person at the table: any game that can be drawn, played in the terminal against agents."""
