#!/usr/bin/env python3
"""Plays a random legal action, as a program: any Python, any packages, no import of Red Queen."""

import json
import random
import sys

rng = random.Random()
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "hello":
        answer = {"ready": 1}
    elif message["type"] == "start":
        rng.seed(message["seed"])
        continue
    elif message["type"] == "move":
        answer = {"action": rng.choice(message["legal_actions"])}
    else:
        continue
    print(json.dumps({"id": message["id"], **answer}), flush=True)
