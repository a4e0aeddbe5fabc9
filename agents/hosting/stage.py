"""The first thing that runs behind bubblewrap: reads its plan from descriptor 3 and becomes the program."""

import json
import os
import sys


def main(where: str) -> None:
    """Confine this process and turn it into what the plan says; `where` are the folders of the engine's packages."""
    ours = where.split(os.pathsep)
    is_ours = [path.endswith("-packages") or path in ours for path in sys.path]
    first = is_ours.index(True) if any(is_ours) else len(sys.path)
    others = [path for path, known in zip(sys.path[first:], is_ours[first:], strict=True) if not known]
    sys.path[first:] = ours + others  # what an installed package adds to the path must not hide the engine's
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
