"""Gumbel search by mctx in pgx's connect four, in an environment of its own: `mctx_search.py BATCH SIMULATIONS`.

Compiles, says `ready`, and for every line on standard input searches from the start in BATCH games at once, with a
network of two layers of 128 units, and says how many simulations that was. One core.
"""

import os
import sys

os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import mctx  # noqa: E402
import pgx  # noqa: E402

WIDTH, LAYERS, ACTIONS, OUTCOMES = 128, 2, 7, 3


def weights(key):
    sizes = [84, *[WIDTH] * LAYERS, ACTIONS + OUTCOMES]
    keys = jax.random.split(key, len(sizes))
    scales = [(2 / inputs) ** 0.5 for inputs in sizes[:-2]] + [0.01]
    pairs = zip(keys, sizes[:-1], sizes[1:], scales, strict=False)
    return [(jax.random.normal(one, (a, b)) * scale, jnp.zeros(b)) for one, a, b, scale in pairs]


def infer(network, observation):
    rows = observation.reshape(len(observation), -1).astype(jnp.float32)
    for weight, bias in network[:-1]:
        rows = jax.nn.relu(rows @ weight + bias)
    weight, bias = network[-1]
    out = rows @ weight + bias
    win, _, loss = jax.nn.softmax(out[:, ACTIONS:]).T
    return out[:, :ACTIONS], win - loss


def main(batch: int, simulations: int) -> None:
    env = pgx.make("connect_four")
    step = jax.vmap(env.step)

    def recurrent(network, _, action, state):
        mover = state.current_player
        state = step(state, action)
        logits, value = infer(network, state.observation)
        logits = jnp.where(state.legal_action_mask, logits, jnp.finfo(logits.dtype).min)
        reward = state.rewards[jnp.arange(batch), mover]
        value = jnp.where(state.terminated, 0.0, value)
        discount = jnp.where(state.terminated, 0.0, -1.0)
        return mctx.RecurrentFnOutput(reward=reward, discount=discount, prior_logits=logits, value=value), state

    @jax.jit
    def search(network, state, key):
        logits, value = infer(network, state.observation)
        root = mctx.RootFnOutput(prior_logits=logits, value=value, embedding=state)
        return (
            mctx.gumbel_muzero_policy(
                network,
                key,
                root,
                recurrent,
                simulations,
                invalid_actions=~state.legal_action_mask,
                max_num_considered_actions=16,
            )
            .search_tree.summary()
            .visit_counts.sum()
        )

    network = weights(jax.random.PRNGKey(0))
    state = jax.vmap(env.init)(jax.random.split(jax.random.PRNGKey(1), batch))
    key = jax.random.PRNGKey(2)
    search(network, state, key).block_until_ready()
    print("ready", flush=True)
    for _ in sys.stdin:
        key, one = jax.random.split(key)
        print(int(search(network, state, one)), flush=True)


main(int(sys.argv[1]), int(sys.argv[2]))
