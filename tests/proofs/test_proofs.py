"""The long proofs run through, with little work in them; what they find with all of it is in `results.json`."""

import pytest
from search import PROOFS, prove


@pytest.mark.parametrize("name", PROOFS)
def test_a_proof_runs_its_commands_and_makes_its_claims(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = prove(name, tiny=True)
    assert all(command.startswith("redqueen ") for command in found["commands"])
    assert any(claim["holds"] is not None for claim in found["claims"])
    assert all(claim["says"] and claim["found"] for claim in found["claims"])
