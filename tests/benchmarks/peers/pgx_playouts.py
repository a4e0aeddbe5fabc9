"""Random play in pgx, in a process and an environment of its own: `pgx_playouts.py GAME BATCH STEPS`.

Compiles, says `ready`, and for every line on standard input takes STEPS steps in each of BATCH games, beginning
finished ones anew, and says how many steps that was. One core. The states, observations and legal actions among them,
are carried from step to step, so all of them are computed.
"""

import os
import sys

os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import pgx  # noqa: E402
from pgx.experimental.wrappers import auto_reset  # noqa: E402


def main(name: str, batch: int, steps: int) -> None:
    env = pgx.make(name)
    step = jax.vmap(auto_reset(env.step, env.init))

    def move(_, carry):
        state, key = carry
        key, choose, reset = jax.random.split(key, 3)
        reached = jnp.cumsum(state.legal_action_mask, axis=1)
        target = jax.random.uniform(choose, (batch, 1)) * reached[:, -1:]
        action = (reached <= target).sum(axis=1)
        return step(state, action, jax.random.split(reset, batch)), key

    play = jax.jit(lambda carry: jax.lax.fori_loop(0, steps, move, carry))
    carry = jax.jit(jax.vmap(env.init))(jax.random.split(jax.random.PRNGKey(0), batch)), jax.random.PRNGKey(1)
    carry = jax.block_until_ready(play(carry))
    print("ready", flush=True)
    for _ in sys.stdin:
        carry = jax.block_until_ready(play(carry))
        print(batch * steps, flush=True)


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
