"""The first thing that runs behind bubblewrap: reads its plan from descriptor 3 and becomes the program."""

import json
import os
import sys


def main(where: str) -> None:
    """Confine this process and turn it into what the plan says; `where` are the folders of the engine's packages."""
    sys.path[:] = [path for path in sys.path if not path.endswith("-packages")] + where.split(os.pathsep)
    from agents.hosting.supervisor import become

    with open(3, "rb") as file:
        plan = json.loads(file.read())
    become(plan, None)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except OSError as error:
        os.write(2, f"{error}\n".encode())
        sys.exit(127)
